"""`penstock pods exec`: a command inside a pod, on this terminal or in a pipe."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import termios
import threading
import tty as terminals
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock.client import AsyncClient
from penstock.client.errors import error_of

if TYPE_CHECKING:
    from penstock.client.streams.terminal import TerminalEnd, TerminalSession

READ_BYTES = 32 * 1024
SIGNAL_BASE = 128
"""What a shell adds to the number of the signal that ended a command."""


@dataclass(frozen=True)
class ExecOptions:
    """What is executed, and how it is connected to this process."""

    service: str
    version: str
    pod: str
    command: Sequence[str]
    is_interactive: bool
    """Whether it gets this process' input."""
    has_terminal: bool


async def run_in_pod(url: str, token: str, options: ExecOptions) -> TerminalEnd:
    """Run a command inside a pod to its end, with this process' input and output."""
    size = _terminal_size()
    async with (
        AsyncClient(url, token) as client,
        client.exec_in_pod(
            options.service,
            options.version,
            options.pod,
            options.command,
            tty=options.has_terminal,
            rows=max(1, min(size.lines, 1000)),
            columns=max(1, min(size.columns, 1000)),
        ) as session,
    ):
        with _raw_terminal(sys.stdin.fileno() if options.has_terminal else None), _sizes_told(session, options):
            await _pass_on(session, is_interactive=options.is_interactive)
    return session.end


async def _pass_on(session: TerminalSession, *, is_interactive: bool) -> None:
    loop = asyncio.get_running_loop()
    if is_interactive:
        # A thread: a file is input too, and no event loop waits for files. It may wait for a key when all is over.
        threading.Thread(target=_type, args=(session, loop), name="input", daemon=True).start()
    else:
        await session.end_input()
    outputs = {"stdout": sys.stdout.buffer, "stderr": sys.stderr.buffer}
    async for stream, data in session:
        outputs[stream].write(data)
        outputs[stream].flush()


def _type(session: TerminalSession, loop: asyncio.AbstractEventLoop) -> None:
    """Send this process' input, no faster than the command reads it."""

    def wait_for(work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, loop).result()

    with suppress(RuntimeError, asyncio.CancelledError):  # the session was over first
        while data := os.read(sys.stdin.fileno(), READ_BYTES):
            wait_for(session.send(data))
        wait_for(session.end_input())


@contextmanager
def _raw_terminal(descriptor: int | None) -> Iterator[None]:
    """Every key goes to the pod, as it is."""
    if descriptor is None:
        yield
        return
    before = termios.tcgetattr(descriptor)
    terminals.setraw(descriptor, termios.TCSANOW)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSANOW, before)


@contextmanager
def _sizes_told(session: TerminalSession, options: ExecOptions) -> Iterator[None]:
    """Tell the pod of every new size of this terminal."""
    if not options.has_terminal:
        yield
        return
    loop, telling = asyncio.get_running_loop(), set[asyncio.Task[None]]()

    def tell() -> None:
        size = _terminal_size()
        task = loop.create_task(session.resize(max(1, min(size.lines, 1000)), max(1, min(size.columns, 1000))))
        telling.add(task)
        task.add_done_callback(telling.discard)

    loop.add_signal_handler(signal.SIGWINCH, tell)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGWINCH)


def _terminal_size() -> os.terminal_size:
    """The terminal's own: `COLUMNS` and `LINES` of the environment are of another one, or of some time ago."""
    for stream in (sys.stdin, sys.stdout):
        with suppress(OSError, ValueError):
            return os.get_terminal_size(stream.fileno())
    return shutil.get_terminal_size()


def exit_status(end: TerminalEnd) -> int:
    """The command's own, as a shell has it. Raises the error that ended the session instead of the command."""
    if end.exit_code is not None:
        return end.exit_code
    if end.signal is not None and end.message is None:
        return SIGNAL_BASE + getattr(signal, end.signal, signal.SIGHUP)
    status = end.code - 4000
    body = {"error_code": "TERMINAL_ENDED", "message": end.message or "the session ended without a status"}
    raise error_of(status if 400 <= status < 600 else 503, body, {}, "")
