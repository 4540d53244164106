"""How a worker ended: its exit status or signal, and the most memory that it had, as wait4(2) tells its parent.

A template is the parent of the workers that it forks, and tells the server on its socket: one line of JSON for each.
"""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class ProcessExit:
    """One process that is gone: a code (negative: the signal, as `os.waitstatus_to_exitcode` has it)."""

    pid: int
    code: int
    peak_bytes: int | None = None

    def describe(self) -> str:
        """Such as `killed by SIGKILL` or `exit code 3`, and the memory."""
        how = f"killed by {_signal_name(-self.code)}" if self.code < 0 else f"exit code {self.code}"
        return how if self.peak_bytes is None else f"{how}; it had up to {self.peak_bytes / GIB:.2f} GiB of memory"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


class ChildExitSignal:
    """A descriptor that is readable when a child has ended; made by the parent, closed in the children."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        for fd in (self._read, self._write):
            os.set_blocking(fd, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)

    def fileno(self) -> int:
        """To select on."""
        return self._read

    def collect_exits(self) -> Iterator[ProcessExit]:
        """The children that have ended since the last call."""
        with suppress(BlockingIOError):
            while os.read(self._read, 1024):
                pass
        with suppress(ChildProcessError):
            while (found := os.wait4(-1, os.WNOHANG))[0]:
                pid, status, usage = found
                yield ProcessExit(pid, os.waitstatus_to_exitcode(status), usage.ru_maxrss * 1024)

    def close(self) -> None:
        """In a child: it has children of its own, or none."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(self._read)
        os.close(self._write)


def send_exit(control: socket.socket, process_exit: ProcessExit) -> None:
    """Send it to the server; an error is ignored, since the server is gone."""
    line = json.dumps({"pid": process_exit.pid, "code": process_exit.code, "peak_bytes": process_exit.peak_bytes})
    with suppress(OSError):
        control.sendall(line.encode() + b"\n")


class ExitReader:
    """Reads, in the server, what `send_exit` writes."""

    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self._rest = b""

    def read(self) -> list[ProcessExit] | None:
        """The exits sent since the last call; None once the template is gone."""
        try:
            data = self.control.recv(65536)
        except BlockingIOError:
            return []
        except OSError:
            return None
        if not data:
            return None
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [ProcessExit(**json.loads(line)) for line in lines]
