"""The bus: connection, topology, outbox, inbox, consumers, dead letters, request/reply, watchdog."""

from shared.bus.service_bus import Bus
from shared.bus.watchdog import BusLost

__all__ = ["Bus", "BusLost"]
