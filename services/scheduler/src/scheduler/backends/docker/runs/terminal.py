"""A session inside a container: `POST /exec/{id}/start` with the connection taken over as a stream of bytes.

The engine ends no command when its connection ends. So every session carries a mark in its environment, which whatever
it starts inherits: at its end what has the mark is hung up, and then killed, by a second command in the container.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from typing import Any

import httpcore
import httpx

from scheduler.backends.docker.engine.client import Engine
from scheduler.backends.docker.engine.errors import CONFLICT, NOT_FOUND, EngineAway, EngineError, EngineRefused
from scheduler.backends.docker.engine.log_frames import HEADER
from scheduler.domain.ports import TerminalOutput
from scheduler.domain.values import signal_name
from shared.contracts.terminals import TerminalExit, TerminalSize
from shared.errors import Conflict, InvalidInput, NotFound, Unavailable
from shared.ids import new_id

log = logging.getLogger("penstock.scheduler.terminals")

MARK = "PENSTOCK_SESSION"
SHELLS = ("/bin/bash", "/bin/sh")
NO_COMMAND = (126, 127)
"""Exit codes of an exec whose command cannot be executed, or is not there."""
MAX_PIECE = 64 * 1024
END_OF_INPUT = b"\x04"
RESIZE_TRIES, RESIZE_PAUSE_S = 20, 0.05
"""An engine refuses a size until the command's process is there."""
EXIT_TRIES, EXIT_PAUSE_S = 40, 0.05
HANG_UP_S = 0.5
END_WITHIN_S = 10.0
# Shell's own means alone: an image may have no grep. Of a foreign user's process the environment cannot be read.
ENDING = """
for s in HUP KILL; do
  for p in /proc/[0-9]*; do
    case "$(tr '\\0' '\\n' < $p/environ 2>/dev/null)" in *"$1"*) kill -$s "${p#/proc/}" 2>/dev/null;; esac
  done
  [ $s = KILL ] || sleep "$2"
done
"""


class ContainerTerminal:
    """Implements `scheduler.domain.ports.Terminal`."""

    def __init__(self, engine: Engine, container: str, session: str, identity: str, *, tty: bool) -> None:
        self._engine = engine
        self._container = container
        self._session = session
        self._id = identity
        self._tty = tty
        self._stack = AsyncExitStack()
        self._stream: Any = None
        self._buffer = b""
        self._is_over = False
        self._is_closed = asyncio.Event()
        self._reading: asyncio.Future[bytes] | None = None
        """A read that is under way: whoever is cancelled while waiting for it loses nothing."""

    async def start(self, size: TerminalSize | None) -> None:
        """Start the command. Raises `EngineError`."""
        body: dict[str, Any] = {"Detach": False, "Tty": self._tty}
        headers = {"Upgrade": "tcp", "Connection": "Upgrade"}
        opened = self._engine.stream("POST", f"/exec/{self._id}/start", body, headers=headers)
        answer: httpx.Response = await self._stack.enter_async_context(opened)
        self._stream = answer.extensions["network_stream"]
        if size is not None:
            await self.resize(size)
        await self._check_start()

    async def _check_start(self) -> None:
        """Raise `InvalidInput` where the engine could not execute the command: it says so in the session's output."""
        for _ in range(EXIT_TRIES):
            found = await self._inspected()
            is_over = not found.get("Running") and found.get("ExitCode") is not None
            if found.get("Pid") or is_over or not found:  # it counts as running also before there is a process
                break
            await asyncio.sleep(EXIT_PAUSE_S)
        if not found.get("Running") and found.get("ExitCode") in NO_COMMAND and not found.get("Pid"):
            said = await self.read()
            why = said.data.decode(errors="replace").strip() if said else f"exit code {found['ExitCode']}"
            await self.close()
            raise InvalidInput(f"the command cannot be executed: {why[:300]}")

    # ── Terminal ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def write(self, data: bytes) -> None:
        """See `Terminal.write`."""
        if self._is_over or self._is_closed.is_set():
            return
        with suppress(httpcore.NetworkError):  # it has ended: what is written is dropped
            await self._unless_closed(self._stream.write(data))

    async def end_input(self) -> None:
        """See `Terminal.end_input`; without a terminal this half of the connection is shut."""
        if self._tty:
            return await self.write(END_OF_INPUT)
        if (raw := self._stream.get_extra_info("socket")) is not None:
            with suppress(OSError):
                raw.shutdown(1)

    async def read(self) -> TerminalOutput | None:
        """See `Terminal.read`."""
        if self._tty:
            data = await self._received()
            return TerminalOutput("stdout", data) if data else None
        while (frame := self._frame()) is None:
            data = await self._received()
            if not data:
                return None
            self._buffer += data
        return frame

    def _frame(self) -> TerminalOutput | None:
        """The next piece of one stream; a long frame is handed on in pieces, its header made anew."""
        if len(self._buffer) < HEADER.size:
            return None
        stream, length = HEADER.unpack_from(self._buffer)
        end = HEADER.size + min(length, MAX_PIECE)
        if len(self._buffer) < end:
            return None
        data, rest = self._buffer[HEADER.size : end], length - (end - HEADER.size)
        self._buffer = (HEADER.pack(stream, rest) if rest else b"") + self._buffer[end:]
        return TerminalOutput("stderr" if stream == 2 else "stdout", data)

    async def _received(self) -> bytes:
        if self._is_over or self._is_closed.is_set():
            return b""
        self._reading = self._reading or asyncio.ensure_future(self._stream.read(MAX_PIECE))
        closed = asyncio.create_task(self._is_closed.wait())
        try:
            await asyncio.wait({self._reading, closed}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            closed.cancel()
        if not self._reading.done():
            return b""
        reading, self._reading = self._reading, None
        try:
            data = reading.result()
        except httpcore.NetworkError:
            data = b""  # the connection is gone, and the session with it
        self._is_over = not data
        return data

    async def resize(self, size: TerminalSize) -> None:
        """See `Terminal.resize`."""
        if not self._tty:
            return
        for _ in range(RESIZE_TRIES):
            try:
                await self._engine.post(f"/exec/{self._id}/resize", h=size.rows, w=size.columns)
            except EngineRefused:
                if not (await self._inspected()).get("Running"):
                    return
                await asyncio.sleep(RESIZE_PAUSE_S)
            except EngineError:
                return
            else:
                return

    async def wait(self) -> TerminalExit:
        """See `Terminal.wait`."""
        while not self._is_closed.is_set():
            found = await self._inspected()
            if not found.get("Running") and found.get("ExitCode") is not None:
                return exit_of(int(found["ExitCode"]))
            if not found:
                return TerminalExit()
            await asyncio.sleep(EXIT_PAUSE_S)
        return TerminalExit()

    async def close(self) -> None:
        """See `Terminal.close`."""
        if self._is_closed.is_set():
            return
        try:
            if (await self._inspected()).get("Running"):
                await asyncio.shield(self._end_command())
        finally:
            self._is_closed.set()
            if self._reading is not None:
                self._reading.cancel()
                await asyncio.wait({self._reading})
            await self._stack.aclose()

    # ── parts ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _unless_closed(self, work: Any) -> Any:
        """The result of `work`; None where the session was closed meanwhile."""
        task, closed = asyncio.ensure_future(work), asyncio.create_task(self._is_closed.wait())
        try:
            await asyncio.wait({task, closed}, return_when=asyncio.FIRST_COMPLETED)
            return task.result() if task.done() else None
        finally:
            for each in (task, closed):
                each.cancel()
            await asyncio.gather(task, closed, return_exceptions=True)

    async def _inspected(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = await self._engine.get(f"/exec/{self._id}/json")
        except EngineError:
            return {}
        return found

    async def _end_command(self) -> None:
        """Hang up and kill all that carries the session's mark."""
        command = ["/bin/sh", "-c", ENDING, "sh", f"{MARK}={self._session}", str(HANG_UP_S)]
        try:
            async with asyncio.timeout(END_WITHIN_S):
                identity = await create_exec(self._engine, self._container, command, {})
                await self._engine.post(f"/exec/{identity}/start", {"Detach": True, "Tty": False})
                while (await self._engine.get(f"/exec/{identity}/json")).get("Running"):  # noqa: ASYNC110 - not ours
                    await asyncio.sleep(EXIT_PAUSE_S)
        except (EngineError, TimeoutError) as error:
            log.warning("a session in container %s could not be ended: %s", self._container[:12], error)


def exit_of(code: int) -> TerminalExit:
    """As an engine says it: 128 and more stand for signals."""
    if 128 < code <= 128 + 64:
        return TerminalExit(code=None, signal=signal_name(code - 128))
    return TerminalExit(code=code)


async def create_exec(
    engine: Engine, container: str, command: Sequence[str], environment: dict[str, str], *, tty: bool | None = None
) -> str:
    """A command that is not started yet; `tty` None: nobody speaks with it. Raises `EngineError`."""
    is_attached = tty is not None
    body = {
        "Cmd": list(command),
        "Env": [f"{name}={value}" for name, value in environment.items()],
        "AttachStdin": is_attached,
        "AttachStdout": is_attached,
        "AttachStderr": is_attached,
        "Tty": bool(tty),
        "Privileged": False,
    }
    return str((await engine.post(f"/containers/{container}/exec", body))["Id"])


async def open_terminal(
    engine: Engine, container: str, command: Sequence[str], size: TerminalSize | None
) -> ContainerTerminal:
    """A running session; an empty command is a shell. Raises as `Backend.exec`."""
    try:
        if command:
            return await _opened(engine, container, list(command), size)
        for shell in SHELLS:
            if await _is_there(engine, container, shell):
                return await _opened(engine, container, [shell], size)
    except EngineAway as away:
        raise Unavailable(away.message) from away
    except EngineRefused as refused:
        raise _refusal(refused, command) from refused
    raise InvalidInput("the pod's image has no shell: name the command to run")


async def _opened(engine: Engine, container: str, command: list[str], size: TerminalSize | None) -> ContainerTerminal:
    session, tty = str(new_id()), size is not None
    environment = {MARK: session, **({"TERM": "xterm-256color"} if tty else {})}
    identity = await create_exec(engine, container, command, environment, tty=tty)
    terminal = ContainerTerminal(engine, container, session, identity, tty=tty)
    await terminal.start(size)
    return terminal


async def _is_there(engine: Engine, container: str, program: str) -> bool:
    """Whether a file of the container can be asked for: `HEAD`'s answer without its content."""
    try:
        async with engine.stream("HEAD", f"/containers/{container}/archive", path=program):
            return True
    except EngineRefused as refused:
        if refused.status == NOT_FOUND:
            return False
        raise


def _refusal(refused: EngineRefused, command: Sequence[str]) -> Exception:
    if refused.status == NOT_FOUND:
        return NotFound(refused.message)
    if refused.status == CONFLICT:
        return Conflict(f"the pod does not run: {refused.message}")
    what = command[0] if command else "a shell"
    return InvalidInput(f"{what} cannot be executed: {refused.message}")
