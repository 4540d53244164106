"""The sending half of a client's connection: writes, deadlines, back-pressure, graceful close."""

from __future__ import annotations

import asyncio
from time import monotonic

from router.dataplane.client.phase import Phase
from router.dataplane.exchange.context import DataPlaneContext


class ClientTransport(asyncio.Protocol):
    """The transport of one connection, its phase, and the phase's deadline."""

    __slots__ = ("context", "deadline", "is_read_paused", "is_write_paused", "phase", "transport", "unsent_bytes")

    def __init__(self, context: DataPlaneContext) -> None:
        self.context = context
        self.transport: asyncio.Transport | None = None
        self.phase = Phase.IDLE
        self.deadline = monotonic() + context.limits.header_timeout_s
        self.unsent_bytes = 0
        self.is_read_paused = False
        self.is_write_paused = False

    def write(self, data: bytes) -> None:
        """Send to the client."""
        if self.transport is not None and data:
            self.transport.write(data)

    def abort(self) -> None:
        """Close at once; bytes that were not sent are dropped."""
        self.phase = Phase.CLOSING
        if self.transport is not None:
            self.transport.abort()

    @property
    def is_closing(self) -> bool:
        """Bytes that arrive from now on are ignored."""
        return self.phase is Phase.CLOSING

    @property
    def is_idle(self) -> bool:
        """No request is being read, held or answered."""
        return self.phase is Phase.IDLE

    def _enter_phase(self, phase: Phase, seconds: float) -> None:
        self.phase = phase
        self.deadline = monotonic() + seconds

    def _set_unsent_bytes(self, size: int) -> None:
        """Bytes that wait in the transport for a slow client count in `buffered`, like a body."""
        self.context.buffered += size - self.unsent_bytes
        self.unsent_bytes = size

    def _resume_reading(self) -> None:
        self.is_read_paused = False
        if self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()

    def _close_gracefully(self) -> None:
        """Half-close, then wait up to `linger_s` for the client: a reset could overtake the response."""
        self._enter_phase(Phase.CLOSING, self.context.limits.linger_s)
        transport = self.transport
        if transport is None or transport.is_closing():
            return
        transport.resume_reading()
        if transport.can_write_eof():
            transport.write_eof()
        else:
            transport.close()
