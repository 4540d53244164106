"""The bus: topology, connection, subscriptions, consumers, outbox and inbox, RPC, bulk streams, KV buckets.

`Bus` is all that a service needs. A process without a database (a router) pays for nats-py alone: the outbox, the inbox
and FastStream are imported when something is consumed, answered or stored.
"""

from shared.bus import lean_nats  # noqa: F401 - before anything else imports nats-py
from shared.bus.connection.watchdog import BusLost
from shared.bus.service_bus import Bus

__all__ = ["Bus", "BusLost"]
