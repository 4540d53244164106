"""The bus: topology, connection, subscriptions, consumers, outbox and inbox, RPC, bulk streams, KV buckets.

`Bus` is all that a service needs. A process without a database (a router) pays for nats-py alone: the outbox, the inbox
and FastStream are imported when something is consumed, answered or stored.
"""

import shared.imports.nats_client  # noqa: F401 - before all that imports NATS' client

# isort: split
from shared.bus.connection.watchdog import BusLost
from shared.bus.service_bus import PATIENCE_S, Bus

__all__ = ["PATIENCE_S", "Bus", "BusLost"]
