"""Sessions inside pods, over `pods/exec`: WebSocket with the sub-protocol `v5.channel.k8s.io`, or `v4`.

The first byte of a frame is its channel. What is left of a session when it ends is found by a mark in its environment:
a connection that closes ends the command at best, and never what the command has started.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from typing import Any

import aiohttp

from scheduler.backends.kubernetes.api.client import KubernetesApi
from scheduler.backends.kubernetes.api.errors import FORBIDDEN, NOT_FOUND, ApiAway, ApiError, ApiRefused
from scheduler.backends.kubernetes.manifests.names import MAIN, pods_path
from scheduler.domain.ports import TerminalOutput
from scheduler.domain.values import signal_name
from shared.contracts.terminals import OutputStream, TerminalExit, TerminalSize
from shared.errors import Conflict, Forbidden, InvalidInput, NotFound, PenstockError, Unavailable

STDIN, STDOUT, STDERR, STATUS, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255
STREAMS: Mapping[int, OutputStream] = {STDOUT: "stdout", STDERR: "stderr"}
PIECE_BYTES = 32 * 1024
MOST_BUFFERED = 16
"""Frames that nobody has read; beyond them the connection is not read."""
STARTS_WITHIN_S = 1.0
"""A command that cannot be executed has said so by then."""
ENDS_WITHIN_S = 5.0
ENDS_AT_ONCE_S = 0.2
POLL_S = 0.02
CANNOT_START = frozenset({126, 127})
END_OF_TRANSMISSION = b"\x04"
MARK = "PENSTOCK_SESSION"
SHELL = ("/bin/sh", "-c", "if [ -x /bin/bash ]; then exec /bin/bash; else exec /bin/sh; fi")
NEEDS = "not permitted: needs `get` and `create` on pods/exec"
MARKED = 'export {name}="$1"; shift; exec "$@"'
SWEEP = """
for signal in HUP KILL; do
  for each in /proc/[0-9]*; do
    tr '\\0' '\\n' <"$each/environ" 2>/dev/null | grep -qx "{name}=$1" && kill -$signal "${{each#/proc/}}" 2>/dev/null
  done
  [ $signal = KILL ] || sleep 0.3
done
exit 0
"""


class PodTerminal:
    """`scheduler.domain.ports.Terminal` on a pod."""

    def __init__(self, api: KubernetesApi, path: str, *, tty: bool) -> None:
        self._api = api
        self._path = path
        self._tty = tty
        self._mark = secrets.token_hex(16)
        self._stack = AsyncExitStack()
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._output: asyncio.Queue[TerminalOutput | None] = asyncio.Queue(MOST_BUFFERED)
        self._ended: asyncio.Future[TerminalExit] = asyncio.get_running_loop().create_future()
        self._refusal = ""
        self._reading: asyncio.Task[None] | None = None
        self._is_over = False

    async def open(self, command: Sequence[str], size: TerminalSize) -> None:
        """Start the command. Raises as `Backend.exec`."""
        marked = ["/bin/sh", "-c", MARKED.format(name=MARK), "sh", self._mark, *(command or SHELL)]
        self._socket = await self._connect(marked, stdin=True, tty=self._tty)
        self._reading = asyncio.create_task(self._read_frames(self._socket), name="terminal")
        if self._tty:
            await self.resize(size)
        await self._begun()
        if self._ended.done() and (self._refusal or self._ended.result().code in CANNOT_START):
            said = self._refusal or self._said()
            await self.close()
            raise InvalidInput(refusal_of(said, has_command=bool(command)))

    async def _begun(self) -> None:
        """Wait until the command has said something or has ended; what it says first may be that it cannot run."""
        with suppress(TimeoutError):
            async with asyncio.timeout(STARTS_WITHIN_S):
                while not self._ended.done() and self._output.empty():  # noqa: ASYNC110 - two things end the wait
                    await asyncio.sleep(POLL_S)
        await asyncio.wait({self._ended}, timeout=ENDS_AT_ONCE_S)

    async def _connect(self, command: Sequence[str], *, stdin: bool, tty: bool) -> aiohttp.ClientWebSocketResponse:
        flags = {"stdin": stdin, "stdout": True, "stderr": not tty, "tty": tty}
        query = [("container", MAIN), *((name, str(is_on).lower()) for name, is_on in flags.items())]
        query += [("command", part) for part in command]
        try:
            return await self._stack.enter_async_context(self._api.websocket(self._path, query))
        except ApiError as error:
            raise _mapped(error) from error

    def _said(self) -> str:
        """What the command has written before it ended at once."""
        said = b""
        while not self._output.empty():
            if (output := self._output.get_nowait()) is not None:
                said += output.data
        return said.decode(errors="replace").strip()

    # ── in ───────────────────────────────────────────────────────────────────────────────────────────────────────

    async def write(self, data: bytes) -> None:
        """See `Terminal.write`."""
        for at in range(0, len(data), PIECE_BYTES):
            await self._send(bytes([STDIN]) + data[at : at + PIECE_BYTES])

    async def end_input(self) -> None:
        """See `Terminal.end_input`; a server that knows `v4` alone cannot be told without a terminal."""
        if self._tty:
            await self._send(bytes([STDIN]) + END_OF_TRANSMISSION)
        elif self._socket is not None and self._socket.protocol != "v4.channel.k8s.io":
            await self._send(bytes([CLOSE, STDIN]))

    async def resize(self, size: TerminalSize) -> None:
        """See `Terminal.resize`."""
        if self._tty:
            await self._send(bytes([RESIZE]) + json.dumps({"Width": size.columns, "Height": size.rows}).encode())

    async def _send(self, frame: bytes) -> None:
        if self._socket is None or self._socket.closed or self._ended.done():
            return
        with suppress(aiohttp.ClientError, OSError):  # it ends: its exit says so
            await self._socket.send_bytes(frame)

    # ── out ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _read_frames(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        try:
            async for message in socket:
                if message.type is not aiohttp.WSMsgType.BINARY or not message.data:
                    continue
                channel, data = message.data[0], message.data[1:]
                if channel == STATUS:
                    self._settle(data)
                elif channel in STREAMS and data:
                    await self._output.put(TerminalOutput(STREAMS[channel], data))
        finally:
            if not self._ended.done():
                self._ended.set_result(TerminalExit(message="the connection to the pod was lost"))
            self._is_over = True
            with suppress(asyncio.QueueFull):  # a full queue is read to its end, and then `_is_over` is seen
                self._output.put_nowait(None)

    def _settle(self, data: bytes) -> None:
        exit_of, self._refusal = read_status(data)
        if not self._ended.done():
            self._ended.set_result(exit_of)

    async def read(self) -> TerminalOutput | None:
        """See `Terminal.read`."""
        if self._is_over and self._output.empty():
            return None
        return await self._output.get()

    async def wait(self) -> TerminalExit:
        """See `Terminal.wait`."""
        return await asyncio.shield(self._ended)

    async def close(self) -> None:
        """See `Terminal.close`."""
        if self._socket is None:
            return
        self._socket = None
        try:
            if not self._ended.done() or not self._refusal:
                await self._sweep()
        finally:
            if self._reading is not None:
                self._reading.cancel()
                await asyncio.wait({self._reading})
            await self._stack.aclose()

    async def _sweep(self) -> None:
        """End what carries the session's mark: first a hang-up, then the kill."""
        command = ["/bin/sh", "-c", SWEEP.format(name=MARK), "sh", self._mark]
        query = [("container", MAIN), ("stdout", "true"), ("stderr", "true"), *(("command", part) for part in command)]
        with suppress(ApiError, TimeoutError, aiohttp.ClientError):  # the pod is gone, and all of it
            async with asyncio.timeout(ENDS_WITHIN_S), self._api.websocket(self._path, query) as socket:
                async for _ in socket:
                    pass


async def open_terminal(
    api: KubernetesApi, namespace: str, pod: str, command: Sequence[str], *, tty: bool, size: TerminalSize
) -> PodTerminal:
    """A session inside a running pod. Raises as `Backend.exec`."""
    terminal = PodTerminal(api, f"{pods_path(namespace, pod)}/exec", tty=tty)
    await terminal.open(command, size)
    return terminal


def read_status(data: bytes) -> tuple[TerminalExit, str]:
    """How a command ended, as the last frame says; and why it was never executed, where it was not."""
    try:
        status: Mapping[str, Any] = json.loads(data)
    except ValueError:
        return TerminalExit(), ""
    if status.get("status") == "Success":
        return TerminalExit(code=0), ""
    if status.get("reason") != "NonZeroExitCode":
        return TerminalExit(message=str(status.get("message") or "")[:300]), str(status.get("message") or "")
    causes = (status.get("details") or {}).get("causes") or ()
    code = next((int(each["message"]) for each in causes if each.get("reason") == "ExitCode"), None)
    if code is not None and 128 < code <= 128 + 64:
        return TerminalExit(code=code, signal=signal_name(code - 128)), ""
    return TerminalExit(code=code), ""


def refusal_of(said: str, *, has_command: bool) -> str:
    """Why a session could not be opened, for whoever asked for it."""
    words = " ".join(said.split())[:300]
    if "/bin/sh" in words and ("no such file" in words or "not found" in words):
        return f"the image has no shell, which a terminal needs ({words})"
    if not has_command:
        return f"the pod has no shell that can be started ({words})"
    return f"the command is not there, or cannot be executed ({words})"


def _mapped(error: ApiError) -> PenstockError:
    if isinstance(error, ApiAway):
        return Unavailable(error.message)
    status = error.status if isinstance(error, ApiRefused) else 0
    if status == NOT_FOUND:
        return NotFound("there is no such pod")
    if status == FORBIDDEN:
        return Forbidden(NEEDS)
    return Conflict(f"the pod takes no session: {error.message}")
