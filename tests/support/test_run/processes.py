"""What /proc says of the processes below one process: their CPU time, and what those that are left are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
LISTEN = "0A"
"""State of a listening socket in /proc/net/tcp."""


@dataclass(frozen=True)
class Process:
    """One line of /proc/PID/stat."""

    pid: int
    parent: int
    state: str
    cpu_s: float
    """User and system time of itself and of the children that it has waited for."""


@dataclass(frozen=True)
class Survivor:
    """A process that outlived what started it."""

    pid: int
    command: str
    folder: str
    test: str
    """The test that ran when it was started, empty where its environment does not say."""
    ports: list[int]

    def as_record(self) -> dict[str, object]:
        return asdict(self)


def all_processes() -> Iterator[Process]:
    """Every process that this one may see; one that ends meanwhile is left out."""
    for name in os.listdir("/proc"):
        if name.isdigit() and (found := read_process(int(name))):
            yield found


def read_process(pid: int) -> Process | None:
    """The process of this pid; None where there is none."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            stat = file.read()
    except OSError:
        return None
    fields = stat[stat.rindex(")") + 2 :].split()
    return Process(pid, int(fields[1]), fields[0], sum(map(int, fields[11:15])) / TICKS_PER_S)


def descendants(root: int) -> list[Process]:
    """All below `root`, parents before their children; zombies too."""
    children: dict[int, list[Process]] = {}
    for process in all_processes():
        children.setdefault(process.parent, []).append(process)
    found = list(children.get(root, ()))
    for process in found:
        found.extend(children.get(process.pid, ()))
    return found


def tree_cpu_s(root: int) -> float:
    """CPU seconds of `root` and of everything below it, living or waited for; in steps of 10 ms a process."""
    itself = read_process(root)
    return (itself.cpu_s if itself else 0.0) + sum(process.cpu_s for process in descendants(root))


def survivor(pid: int) -> Survivor | None:
    """What can still be said of a living process."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        folder = os.readlink(f"/proc/{pid}/cwd")
        environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return None
    named = (part.partition(b"=")[2] for part in environment if part.startswith(b"PYTEST_CURRENT_TEST="))
    test = next(named, b"").decode(errors="replace").rpartition(" (")[0]
    return Survivor(pid, command[:200], folder, test, listening_ports(pid))


def listening_ports(pid: int) -> list[int]:
    """TCP ports that a process listens on."""
    sockets = set(_sockets(pid))
    return sorted({port for inode, port in _listening(pid) if inode in sockets})


def _sockets(pid: int) -> Iterator[str]:
    try:
        for name in os.listdir(f"/proc/{pid}/fd"):
            target = os.readlink(f"/proc/{pid}/fd/{name}")
            if target.startswith("socket:["):
                yield target[8:-1]
    except OSError:
        return


def _listening(pid: int) -> Iterator[tuple[str, int]]:
    for table in ("tcp", "tcp6"):
        try:
            lines = Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
        except OSError:
            continue
        for fields in map(str.split, lines):
            if fields[3] == LISTEN:
                yield fields[9], int(fields[1].rpartition(":")[2], 16)
