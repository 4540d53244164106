"""The bus: connection, topology, outbox, inbox, consumers, dead letters, request/reply, watchdog.

`Bus` is all that a service needs. A process without a database (a router) pays for nats-py alone: the outbox, the inbox
and FastStream are imported when something is consumed, answered or stored.
"""

from shared.bus.service_bus import Bus
from shared.bus.watchdog import BusLost

__all__ = ["Bus", "BusLost"]
