"""What code can reach: tries what it is asked to, and says what came of each try. Standard library only.

Asked: `{"read": [paths], "write": [paths], "list": [folders], "signal": [pids], "connect": [sockets]}`; a socket's name
that begins with `@` is abstract. The answer: `{"read /path": "ok" | the error's name, …}`, and `own …` for what any
model needs.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from typing import Any

PTRACE_ATTACH, PTRACE_DETACH = 16, 17


def reach(asked: dict[str, list[Any]]) -> dict[str, str]:
    """Try all of it."""
    tries: dict[str, Callable[[Any], object]] = {
        "read": lambda path: _opened(path, "rb"),
        "write": lambda path: _opened(path, "ab"),
        "create": lambda folder: _opened(os.path.join(folder, "made"), "wb"),
        "list": os.listdir,
        "signal": lambda pid: os.kill(pid, 0),
        "trace": _trace,
        "limit": lambda pid: resource.prlimit(pid, resource.RLIMIT_NOFILE),
        "connect": _connect,
    }
    answer = {f"{what} {each}": _outcome(tries[what], each) for what, found in asked.items() for each in found}
    return answer | {f"own {what}": _outcome(each, None) for what, each in OWN.items()}


def _outcome(attempt: Callable[[Any], object], what: Any) -> str:
    try:
        attempt(what)
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, repr(error))
    return "ok"


def _trace(pid: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(PTRACE_ATTACH, pid, None, None) < 0:
        raise OSError(ctypes.get_errno(), "ptrace")
    os.waitpid(pid, 0x40000000)
    libc.ptrace(PTRACE_DETACH, pid, None, None)


def _connect(name: str) -> None:
    with socket.socket(socket.AF_UNIX) as ours:
        ours.connect(name.replace("@", "\0"))


def _own_child(_: object) -> None:
    child = subprocess.Popen(["sleep", "60"])
    child.send_signal(signal.SIGKILL)
    child.wait()


def _opened(path: str, mode: str) -> None:
    with open(path, mode) as file:
        if mode == "rb":
            file.read(1)


def _write(folder: str | None) -> None:
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        file.write(b"x")


def _own_sockets() -> None:
    for each in socket.socketpair():
        each.close()


OWN: dict[str, Callable[[Any], object]] = {
    "folder": lambda _: _write(os.getcwd()),
    "home": lambda _: _write(os.environ["HOME"]),
    "temporary": lambda _: _write(None),
    "shared memory": lambda _: _write("/dev/shm"),
    "children": _own_child,
    "sockets": lambda _: _own_sockets(),
    "names": lambda _: socket.getaddrinfo("localhost", 80),
    "processors": lambda _: _opened("/proc/cpuinfo", "rb"),
    "null": lambda _: _opened("/dev/null", "wb"),
}
"""What a model may count on."""

if __name__ == "__main__":
    print("REACHED " + json.dumps(reach(json.loads(sys.argv[1]))))
