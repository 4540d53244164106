"""A session inside a pod: one command, its input, its output, its end. Over a WebSocket that a ticket opens.

async with open_terminal(url, ticket) as session:
    await session.send(b"ls\\n")
    async for stream, data in session:
        ...
session.end.exit_code
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from penstock.client.errors import PenstockError, TimedOut, Unreachable, error_of

STDIN, STDOUT, STDERR, STATUS, RESIZE, END = 0, 1, 2, 3, 4, 255
FRAME_BYTES = 32 * 1024
OPEN_WITHIN_S = 40.0
OutputStream = Literal["stdout", "stderr"]
_STREAMS: dict[int, OutputStream] = {STDOUT: "stdout", STDERR: "stderr"}


@dataclass(frozen=True)
class TerminalEnd:
    """How a session ended. Without `exit_code` and `signal` the command did not end by itself: `message` says why.

    `code` is what the connection was closed with: 1000, or 4000 and the HTTP status that says the same.
    """

    exit_code: int | None = None
    signal: str | None = None
    message: str | None = None
    code: int = 1000


class TerminalSession:
    """An open session. One task reads, another may write meanwhile."""

    def __init__(self, socket: ClientConnection, url: str) -> None:
        self._socket, self._url = socket, url
        self.end = TerminalEnd(message="the session is not over")

    async def send(self, data: bytes) -> None:
        """Type; waits while the command does not read. Dropped where the session is over."""
        for begin in range(0, len(data), FRAME_BYTES):
            await self._send(STDIN, data[begin : begin + FRAME_BYTES])

    async def end_input(self) -> None:
        """There is no more input."""
        await self._send(END, b"\0")

    async def resize(self, rows: int, columns: int) -> None:
        """The terminal has another size."""
        await self._send(RESIZE, json.dumps({"rows": rows, "columns": columns}).encode())

    async def __aiter__(self) -> AsyncIterator[tuple[OutputStream, bytes]]:
        """What is printed, until the session is over; then `end` says how it was."""
        end: dict[str, Any] = {}
        try:
            while True:
                frame = await self._socket.recv(decode=False)
                kind, data = frame[:1], frame[1:]
                if kind == bytes([STATUS]):
                    end = json.loads(data)
                elif (stream := _STREAMS.get(frame[0] if frame else -1)) is not None:
                    yield stream, data
        except ConnectionClosed as closed:
            code = closed.rcvd.code if closed.rcvd is not None else 1006
            lost: dict[str, Any] = {"message": "the connection was lost"}
            known = end if end.get("status") == "ended" else lost
            self.end = TerminalEnd(known.get("exit_code"), known.get("signal"), known.get("message"), code)

    async def _send(self, kind: int, data: bytes) -> None:
        try:
            await self._socket.send(bytes([kind]) + data)
        except ConnectionClosed:
            return  # whoever reads is told how it ended

    async def begin(self, ticket: str) -> None:
        """Hand the ticket over, and wait until the session is open. Raises the refusal."""
        await self._socket.send(json.dumps({"ticket": ticket}))
        frame = await self._socket.recv(decode=False)
        told = json.loads(frame[1:])
        if told["status"] == "open":
            return
        await self._socket.wait_closed()
        status = (self._socket.close_code or 1006) - 4000
        raise error_of(status if 400 <= status < 600 else 500, told, {}, self._url)

    async def close(self) -> None:
        """End the session, and its command."""
        await self._socket.close()


@asynccontextmanager
async def open_terminal(url: str, ticket: str) -> AsyncIterator[TerminalSession]:
    """Open the session that a ticket is for; `url` is that of the pod's `…/exec`. Raises what stands in `errors`.

    Leaving the context ends the session, and its command.
    """
    session = await _opened(url, ticket)
    try:
        yield session
    finally:
        await session.close()


async def _opened(url: str, ticket: str) -> TerminalSession:
    where = "ws" + url.removeprefix("http")
    try:
        # An answer to a ping comes late while the command does not read what is typed: that is no reason to give up.
        socket = await connect(where, compression=None, ping_timeout=None, open_timeout=OPEN_WITHIN_S)
        session = TerminalSession(socket, url)
        try:
            async with asyncio.timeout(OPEN_WITHIN_S):
                await session.begin(ticket)
        except BaseException:
            await session.close()
            raise
    except InvalidStatus as refused:
        raise _refusal(refused, url) from None
    except TimeoutError:
        raise TimedOut(f"{url} did not answer in time") from None
    except (OSError, InvalidHandshake, InvalidURI, ConnectionClosed, EOFError, ValueError) as error:
        raise Unreachable(f"{url}: {str(error) or type(error).__name__}") from None
    return session


def _refusal(refused: InvalidStatus, url: str) -> PenstockError:
    try:
        body = json.loads(refused.response.body or b"")
    except ValueError:
        body = None
    return error_of(refused.response.status_code, body, refused.response.headers, url)
