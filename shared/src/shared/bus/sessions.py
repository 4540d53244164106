"""A session between two services over the bus: bytes both ways, in order, no faster than each side takes them.

Each side hears on a subject of its own that only the two know (core NATS, nothing is stored). A message is a kind, a
number that counts up, and data. Streams are bounded by credit: of what was sent at most `WINDOW_BYTES` may be untaken,
whoever is slow. Both sides say every second that they are there. A session is over when the other side is silent for
`SILENT_S`, when a message is missing, and when the connection to the bus is lost: a stretch of output that might be
incomplete is never passed on as if it were whole.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from types import TracebackType
from typing import Self

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from shared.bus.nats_errors import NATS_ERRORS
from shared.contracts.terminals import TerminalFrame
from shared.errors import Unavailable

WINDOW_BYTES = 256 * 1024
FRAME_BYTES = 32 * 1024
"""Data of one message at most."""
HEARTBEAT_S = 1.0
SILENT_S = 8.0
FLUSH_S = 5
_HEAD = struct.Struct(">BQ")
_TAKEN = struct.Struct(">Q")
_STREAMS = frozenset({TerminalFrame.STDIN, TerminalFrame.STDOUT, TerminalFrame.STDERR})
_CONTROLS = frozenset({TerminalFrame.RESIZE, TerminalFrame.CLOSE})

Message = tuple[TerminalFrame, bytes]


class BusSession:
    """One side of a session. `hears`, `tells`: subjects; `other`: what the other side is called, for people."""

    def __init__(self, nc: Client, *, hears: str, tells: str, other: str) -> None:
        self._nc = nc
        self._hears, self._tells, self._other = hears, tells, other
        self._ordered: asyncio.Queue[Message | None] = asyncio.Queue()
        self._controls: asyncio.Queue[Message | None] = asyncio.Queue()
        self._subscription: Subscription | None = None
        self._beating: asyncio.Task[None] | None = None
        self._sending = asyncio.Lock()
        self._room = asyncio.Event()
        self._sent_number = self._heard_number = 0
        self._sent = self._credited = self._arrived = self._taken = self._told = 0
        self._heard_at = 0.0
        self.failure: Unavailable | None = None

    async def __aenter__(self) -> Self:
        """Hear from now on; nothing is said before `begin`. Raises `Unavailable` while the bus is away."""
        try:
            self._subscription = await self._nc.subscribe(self._hears, cb=self._hear)
            await self._nc.flush(FLUSH_S)
        except NATS_ERRORS as error:
            raise Unavailable("the bus is away", retry_after_s=1) from error
        return self

    def begin(self) -> None:
        """The other side hears: what is said from now on arrives, and its silence means that it is gone."""
        self._heard_at = _now()
        self._beating = asyncio.create_task(self._beat(), name=f"heartbeats {self._hears}")

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        """Hear no more."""
        self._fail("the session is over")
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.gather(self._beating, return_exceptions=True)
        if self._subscription is not None:
            with contextlib.suppress(*NATS_ERRORS):
                await self._subscription.unsubscribe()

    async def send(self, kind: TerminalFrame, data: bytes = b"") -> None:
        """Send data of a stream as far as there is credit for it, waiting for more; anything else at once.

        Raises `Unavailable` once the session is over.
        """
        if kind not in _STREAMS:
            return await self._publish(kind, data)
        for begin in range(0, len(data), FRAME_BYTES):
            part = data[begin : begin + FRAME_BYTES]
            while self._sent + len(part) - self._credited > WINDOW_BYTES and self.failure is None:
                self._room.clear()
                await self._room.wait()
            self._sent += len(part)
            await self._publish(kind, part)

    async def receive(self) -> Message:
        """The next message of a stream, its end, or the status, in the order in which they were sent.

        Whoever has dealt with data says so: `taken`. Raises `Unavailable` once the session is over.
        """
        return await self._next(self._ordered)

    async def receive_control(self) -> Message:
        """The next RESIZE or CLOSE, which overtake streams. Raises `Unavailable` once the session is over."""
        return await self._next(self._controls)

    async def taken(self, count: int) -> None:
        """So many bytes are dealt with: as many more may come."""
        self._taken += count
        if self._taken - self._told >= WINDOW_BYTES // 4:
            self._told = self._taken
            await self._publish(TerminalFrame.CREDIT, _TAKEN.pack(self._taken))

    async def say_close(self, why: str) -> None:
        """Tell the other side that the session ends, and why; never raises."""
        with contextlib.suppress(Unavailable, *NATS_ERRORS):
            await self._publish(TerminalFrame.CLOSE, why.encode())
            await self._nc.flush(FLUSH_S)

    async def _next(self, queue: asyncio.Queue[Message | None]) -> Message:
        message = None if self.failure is not None and queue.empty() else await queue.get()
        if message is None:
            raise self.failure or Unavailable("the session is over")
        return message

    async def _publish(self, kind: TerminalFrame, data: bytes) -> None:
        if self.failure is not None:
            raise self.failure
        async with self._sending:
            self._sent_number += 1
            try:
                await self._nc.publish(self._tells, _HEAD.pack(kind, self._sent_number) + data)
            except NATS_ERRORS as error:
                self._fail("the bus went away")
                raise Unavailable("the bus went away", retry_after_s=1) from error

    async def _beat(self) -> None:
        while self.failure is None:
            if not self._nc.is_connected:
                self._fail("the bus went away")
            elif _now() - self._heard_at > SILENT_S:
                self._fail(f"{self._other} is gone")
            else:
                with contextlib.suppress(Unavailable):
                    await self._publish(TerminalFrame.HEARTBEAT, b"")
                await asyncio.sleep(HEARTBEAT_S)

    async def _hear(self, message: Msg) -> None:
        """One message; what asks for a reply is none of the other side's (see `shared.bus.rpc.is_from_service`)."""
        if message.reply or len(message.data) < _HEAD.size or self.failure is not None:
            return
        number, data = _HEAD.unpack_from(message.data)[1], message.data[_HEAD.size :]
        try:
            kind = TerminalFrame(message.data[0])
        except ValueError:
            return self._fail("the other side speaks another language")
        self._heard_number += 1
        if number != self._heard_number:
            return self._fail("a part of the session was lost on the bus")
        self._heard_at = _now()
        self._take(kind, data)

    def _take(self, kind: TerminalFrame, data: bytes) -> None:
        if kind is TerminalFrame.CREDIT:
            self._credited = max(self._credited, min(_TAKEN.unpack(data)[0], self._sent))
            self._room.set()
        elif kind in _CONTROLS:
            self._controls.put_nowait((kind, data))
        elif kind is not TerminalFrame.HEARTBEAT:
            self._arrived += len(data) if kind in _STREAMS else 0
            if self._arrived - self._taken > 2 * WINDOW_BYTES:
                return self._fail(f"{self._other} sends more than it may")
            self._ordered.put_nowait((kind, data))

    def _fail(self, why: str) -> None:
        if self.failure is None:
            self.failure = Unavailable(why)
            self._room.set()
            for queue in (self._ordered, self._controls):
                queue.put_nowait(None)


def _now() -> float:
    return asyncio.get_running_loop().time()
