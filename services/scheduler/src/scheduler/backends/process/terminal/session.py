"""One session inside a pod that is a process: a terminal or three pipes, and the attendant that starts the command.

The command gets what the order of the pod's run says: user, confinement, control groups, folder and variables. Values
of secrets stand in no order, and the pod's token is left out: who may open a terminal may not read either.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import pty
import socket
import struct
import sys
import termios
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scheduler.backends.pod_api.tokens import TOKEN_VARIABLE
from scheduler.backends.process.terminal import attendant
from scheduler.domain.ports import TerminalOutput
from scheduler.domain.values import signal_name
from shared.contracts.terminals import OutputStream, TerminalExit, TerminalSize
from shared.errors import InvalidInput, Unavailable

TERMINALS_OFF = (
    "terminals are switched off: pods are processes of the platform's own machine; "
    "its owner switches them on with SCHEDULER_TERMINALS=on"
)
READ_BYTES = 64 * 1024
START_WITHIN_S = 15.0
END_WITHIN_S = 15.0
TERM = "xterm-256color"
END_OF_INPUT = b"\x04"
NOT_BEGUN = '{"error": "the session ended before it began"}'


@dataclass(frozen=True)
class PodOrder:
    """What is known of the pod's process: the order that it was started by, and who it is."""

    order: Mapping[str, Any]
    pid: int
    ticks: int | None

    def environment(self, *, tty: bool) -> dict[str, str]:
        """The variables that a command inside the pod gets."""
        known = {name: value for name, value in self.order["environment"].items() if name != TOKEN_VARIABLE}
        return {**known, "TERM": TERM} if tty else known

    def as_order(self, command: Sequence[str], stdio: Sequence[int], *, tty: bool) -> attendant.Order:
        """What the attendant is told."""
        return {
            "command": list(command),
            "environment": self.environment(tty=tty),
            "folder": self.order["folder"],
            "groups": list(self.order.get("groups", ())),
            "confinement": self.order.get("confinement"),
            "stdio": list(stdio),
            "tty": tty,
            "pod": {"pid": self.pid, "ticks": self.ticks},
        }


@dataclass
class _Stdio:
    """This side's ends, and the command's."""

    input: int | None
    outputs: dict[int, OutputStream]
    theirs: tuple[int, int, int]

    @property
    def ours(self) -> set[int]:
        return {*self.outputs, *(() if self.input is None else (self.input,))}


def _open_terminal(size: TerminalSize) -> _Stdio:
    ours, theirs = pty.openpty()
    _set_size(ours, size)
    os.set_blocking(ours, False)
    return _Stdio(ours, {ours: "stdout"}, (theirs, theirs, theirs))


def _open_pipes() -> _Stdio:
    (read_in, write_in), (read_out, write_out), (read_err, write_err) = os.pipe(), os.pipe(), os.pipe()
    for descriptor in (write_in, read_out, read_err):
        os.set_blocking(descriptor, False)
    return _Stdio(write_in, {read_out: "stdout", read_err: "stderr"}, (read_in, write_out, write_err))


def _set_size(terminal: int, size: TerminalSize) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", size.rows, size.columns, 0, 0))


@dataclass
class ProcessTerminal:
    """Implements `scheduler.domain.ports.Terminal`."""

    stdio: _Stdio
    attending: asyncio.subprocess.Process
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    """The lifeline: that it is open keeps the session alive."""
    is_tty: bool
    exit: asyncio.Future[TerminalExit] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    is_closed: bool = False
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    waits: set[asyncio.Future[None]] = field(default_factory=set)
    task: asyncio.Task[None] | None = None

    async def write(self, data: bytes) -> None:
        """See `Terminal.write`."""
        left = memoryview(data)
        while left and self.stdio.input is not None and not self.is_closed:
            try:
                left = left[os.write(self.stdio.input, left) :]
            except BlockingIOError:
                await self._until(self.stdio.input, is_write=True)
            except OSError:  # it reads no more
                return

    async def end_input(self) -> None:
        """See `Terminal.end_input`."""
        if self.is_tty:
            return await self.write(END_OF_INPUT)
        if self.stdio.input is not None:
            os.close(self.stdio.input)
            self.stdio.input = None

    async def read(self) -> TerminalOutput | None:
        """See `Terminal.read`."""
        while self.stdio.outputs and not self.is_closed:
            for descriptor, stream in list(self.stdio.outputs.items()):
                try:
                    data = os.read(descriptor, READ_BYTES)
                except BlockingIOError:
                    continue
                except OSError:  # a terminal that nobody has open any more
                    data = b""
                if data:
                    return TerminalOutput(stream, data)
                self._drop(descriptor)
            if self.stdio.outputs and not self.is_closed:
                await self._until(*self.stdio.outputs)
        return None

    async def resize(self, size: TerminalSize) -> None:
        """See `Terminal.resize`."""
        if self.is_tty and self.stdio.input is not None and not self.is_closed:
            with suppress(OSError):
                _set_size(self.stdio.input, size)

    async def wait(self) -> TerminalExit:
        """See `Terminal.wait`."""
        return await asyncio.shield(self.exit)

    async def close(self) -> None:
        """See `Terminal.close`."""
        self.is_closed = True
        self.closing.set()
        with suppress(OSError):
            self.writer.write_eof()
        try:
            async with asyncio.timeout(END_WITHIN_S):
                await asyncio.shield(self.exit)
                await self.attending.wait()
        except TimeoutError:  # what it attends to goes with it
            with suppress(ProcessLookupError):
                self.attending.kill()
            await self.attending.wait()
        await asyncio.gather(*self.waits)  # nobody waits for the descriptors that are closed now
        for descriptor in self.stdio.ours:
            os.close(descriptor)
        self.stdio.outputs, self.stdio.input = {}, None
        self.writer.close()

    def _drop(self, descriptor: int) -> None:
        """Nothing more is to be read from it."""
        del self.stdio.outputs[descriptor]
        if descriptor == self.stdio.input:
            self.stdio.input = None
        os.close(descriptor)

    async def _until(self, *descriptors: int, is_write: bool = False) -> None:
        """Wait until one of them is ready, or the session is closed."""
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        done: asyncio.Future[None] = loop.create_future()
        self.waits.add(done)
        add: Callable[..., None] = loop.add_writer if is_write else loop.add_reader
        remove = loop.remove_writer if is_write else loop.remove_reader
        for descriptor in descriptors:
            add(descriptor, ready.set)
        waiting = [asyncio.ensure_future(each.wait()) for each in (ready, self.closing)]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for descriptor in descriptors:
                remove(descriptor)
            for each in waiting:
                each.cancel()
            done.set_result(None)
            self.waits.discard(done)

    async def attend(self) -> None:
        """Hear from the attendant how the command ended."""
        found: dict[str, Any] = {}
        with suppress(OSError, ValueError):
            found = json.loads(await self.reader.readline() or b"{}")
        number = found.get("signal")
        self.exit.set_result(
            TerminalExit(
                code=found.get("code"),
                signal=None if number is None else signal_name(number),
                message=found.get("message"),
            )
        )


async def open_session(pod: PodOrder, command: Sequence[str], *, tty: bool, size: TerminalSize) -> ProcessTerminal:
    """Start a command inside a pod.

    Raises:
        InvalidInput: it cannot be executed.
        Unavailable: it was not started in time.
    """
    stdio = _open_terminal(size) if tty else _open_pipes()
    ours, theirs = socket.socketpair()
    try:
        attending = await _start_attendant(theirs, stdio)
    except BaseException:
        for descriptor in stdio.ours:
            os.close(descriptor)
        ours.close()
        raise
    finally:
        theirs.close()
        for descriptor in set(stdio.theirs):
            os.close(descriptor)
    reader, writer = await asyncio.open_unix_connection(sock=ours)
    terminal = ProcessTerminal(stdio, attending, reader, writer, tty)
    writer.write(json.dumps(pod.as_order(command, stdio.theirs, tty=tty)).encode() + b"\n")
    try:
        async with asyncio.timeout(START_WITHIN_S):
            _check_begun(json.loads(await reader.readline() or NOT_BEGUN), command)
    except BaseException as error:
        terminal.exit.set_result(TerminalExit())
        await asyncio.shield(terminal.close())
        if isinstance(error, TimeoutError):
            raise Unavailable("the command was not started in time", retry_after_s=1) from error
        raise
    terminal.task = asyncio.create_task(terminal.attend(), name="attend a session")
    return terminal


def _check_begun(told: Mapping[str, Any], command: Sequence[str]) -> None:
    if "error" in told:
        what = command[0] if command else "a shell"
        raise InvalidInput(f"{what} cannot be executed in the pod: {told['error']}")


async def _start_attendant(lifeline: socket.socket, stdio: _Stdio) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-S", str(Path(attendant.__file__)), str(lifeline.fileno()),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env={},
        pass_fds=[lifeline.fileno(), *set(stdio.theirs)],
        start_new_session=True,
    )  # fmt: skip
