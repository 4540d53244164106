"""The connection to NATS: tries for ever, detects a dead peer within 15 s, survives a message with malformed headers.

Measured with nats-py 2.16: by default it gives up after 60 tries and stays closed for good; a malformed header block
(`HPUB s 2 4\\r\\nXYhi\\r\\n`) ends its read loop while `is_connected` stays true; a stored message with a header
named `Status` is taken for a note of the server and never handed out; a task that is cancelled
while it flushes or waits for a reply may lose the cancellation.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from nats.aio.client import Client
from nats.aio.msg import Msg

from shared.bus.envelope import MALFORMED
from shared.cancellation import propagate_cancellation, run_cancellable
from shared.clock import Clock
from shared.errors import describe_error

log = logging.getLogger("penstock.bus")

_NO_STATUS_LINE = b"NATS/1.0\r\n"
_WARNING_INTERVAL_S = 60.0


def inbox_prefix(service: str) -> str:
    """Inbox prefix of `service`; users with read-only rights may not subscribe below `_INBOX.svc.`."""
    return f"_INBOX.svc.{service}"


class GuardedClient(Client):
    """nats-py's client, hardened: no message ends its read loop, and no cancellation is lost."""

    async def _process_headers(self, headers: bytes) -> dict[str, str] | None:
        try:
            found = await super()._process_headers(headers)
        except Exception:
            log.exception("a message with malformed headers came in")
            return {MALFORMED: "1"}
        if found and "Status" in found and headers.startswith(_NO_STATUS_LINE):
            found["X-Status"] = found.pop("Status")  # a sender's own header, not the server's word
        return found

    async def request(
        self,
        subject: str,
        payload: bytes = b"",
        timeout: float = 0.5,
        old_style: bool = False,
        headers: dict[str, Any] | None = None,
    ) -> Msg:
        """Request/reply; see nats-py."""
        with propagate_cancellation():
            return await super().request(subject, payload, timeout, old_style, headers)

    async def flush(self, timeout: int = 10) -> None:
        """Wait until the server has everything; see nats-py."""
        with propagate_cancellation():
            await super()._flush_pending(force_flush=True)  # nats-py's PING overtakes what was not yet sent
            # Shielded: a pong that nobody waits for any more would end the read loop.
            await asyncio.shield(super().flush(timeout))

    async def _flush_pending(self, force_flush: bool = False) -> Any:
        with propagate_cancellation():
            return await super()._flush_pending(force_flush)

    @property
    def is_reading(self) -> bool:
        """Whether the read loop lives; false on a client that only looks connected."""
        return self._reading_task is not None and not self._reading_task.done()


class BusConnection:
    """The one client of a process, and whether it was opened or closed."""

    def __init__(self, service: str, url: str, clock: Clock) -> None:
        self.service = service
        self.client = GuardedClient()
        self.closed = asyncio.Event()
        self.was_open = False
        self.on_reconnect: list[Callable[[], None]] = []
        self._url = url
        self._clock = clock
        self._warned_at: float | None = None

    @property
    def address(self) -> str:
        """`host:port`, without the password."""
        return urlsplit(self._url).netloc.rpartition("@")[2]

    async def open(self) -> None:
        """Connect, however long it takes."""
        connecting = self.client.connect(
            self._url,
            name=f"penstock-{self.service}",
            inbox_prefix=inbox_prefix(self.service),
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.5,  # type: ignore[arg-type]  # seconds; a fraction works
            connect_timeout=3,
            ping_interval=5,
            max_outstanding_pings=2,
            error_cb=self._failed,
            disconnected_cb=self._disconnected,
            reconnected_cb=self._reconnected,
            closed_cb=self._was_closed,
        )
        await run_cancellable(connecting)
        self._warned_at = None
        self.was_open = True
        log.info("connected to the bus at %s", self.address)

    async def close(self) -> None:
        """Close within two seconds, whether the server is there or not; never raises."""
        with contextlib.suppress(Exception):
            if self.client.is_connected:
                await asyncio.wait_for(self.client.flush(1), 1)
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self.client.close(), 1)

    async def _failed(self, error: Exception) -> None:
        now = self._clock.monotonic()
        if self._warned_at is None or now - self._warned_at > _WARNING_INTERVAL_S:
            self._warned_at = now
            log.warning("bus at %s: %s; trying on", self.address, describe_error(error))

    async def _disconnected(self) -> None:
        log.warning("the bus at %s is away", self.address)

    async def _reconnected(self) -> None:
        self._warned_at = None
        log.info("the bus at %s is back", self.address)
        for callback in self.on_reconnect:
            callback()

    async def _was_closed(self) -> None:
        self.closed.set()
