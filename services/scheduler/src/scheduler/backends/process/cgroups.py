"""Limits of pods, kept by the kernel: control groups for each run, where this process may make some (cgroups(7)).

Version 2 needs a group that is ours: one that was delegated (systemd's `Delegate=yes`), or the root that a container
sees. Its processes go into a group beside the pods', since a group with limited children holds none itself. Version 1
needs folders of `cpu` and `memory` that can be written to. A pod's process joins its groups before it becomes the pod;
what it is made of (environments, downloads) is nobody's pod and not limited.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from scheduler.machine import CGROUPS, GIB, OWN_GROUPS, own_cgroup_paths
from shared.contracts.deployment import Resources

PERIOD_US = 100_000
SERVICES = "penstock-services"
"""Group of version 2 for the processes that were in ours before."""
CONTROLLERS = ("cpu", "memory")
PROCESSES = "pids"
"""A controller that pods are limited by too, where there is one."""
MOST_PROCESSES = 4_096
"""Processes and threads of one pod."""
MARKS = ("user.delegate", "trusted.delegate")
"""What systemd marks a delegated group with."""
_MOVES = 10
_OPTIONAL = frozenset({"memory.swap.max", "memory.oom.group", "memory.memsw.limit_in_bytes", "pids.max"})
"""Not every kernel has them."""


class ControlGroupsUnavailable(Exception):
    """No groups can be made here; the text says why."""


@dataclass(frozen=True)
class ControlGroups:
    """Makes groups in folders: of version 2 (the name is empty), or one for each controller of version 1."""

    folders: Mapping[str, Path]

    def make(self, run: str, resources: Resources) -> list[str]:
        """Groups that allow `resources`; returns the files that a process joins them by. Raises OSError."""
        files: list[str] = []
        for controller, folder in self.folders.items():
            group = folder / run
            group.mkdir(exist_ok=True)
            for name, value in _values(controller, resources).items():
                if name not in _OPTIONAL or (group / name).exists():
                    _put(group / name, value)
            files.append(str(group / "cgroup.procs"))
        return files

    def remove_stale(self, kept: Collection[str]) -> None:
        """Remove groups of other runs than these, such as those that ended while no scheduler was there."""
        for folder in self.folders.values():
            for group in folder.iterdir():
                if group.is_dir() and group.name not in kept:
                    with suppress(OSError):  # its last process is not gone yet: the next pass removes it
                        group.rmdir()

    def close(self) -> None:
        """Leave nothing behind where no pod is left."""
        for folder in self.folders.values():
            with suppress(OSError):
                folder.rmdir()


def exceeded_memory_limit(joined: Sequence[str]) -> str | None:
    """The limit of memory, such as `2 GiB`, for which the kernel has killed something in these groups; else None."""
    for group in (Path(file).parent for file in joined):
        for events, limit in (("memory.events", "memory.max"), ("memory.oom_control", "memory.limit_in_bytes")):
            with suppress(OSError):
                counts = dict(line.split(" ", 1) for line in (group / events).read_text().splitlines())
                if int(counts.get("oom_kill", "0")):
                    return f"{int((group / limit).read_text()) / GIB:.3g} GiB"
    return None


def remove_groups(joined: Sequence[str], *, is_last: bool = False) -> None:
    """Remove the groups of a run that is over; and those that they are in, where it was the last one."""
    for file in joined:
        with suppress(OSError):
            Path(file).parent.rmdir()
            if is_last:
                Path(file).parent.parent.rmdir()


def find_control_groups(home: Path, cgroups: Path = CGROUPS, own: Path = OWN_GROUPS) -> ControlGroups:
    """Where pods of the platform at `home` get their groups. Raises `ControlGroupsUnavailable`."""
    name = f"penstock-{hashlib.sha256(str(home).encode()).hexdigest()[:8]}"
    paths = own_cgroup_paths(own)
    try:
        if (cgroups / "cgroup.controllers").exists():
            return ControlGroups(
                {"": _version_2(cgroups / paths[""].relative_to("/"), name, is_root=paths[""].name == "")}
            )
        found = [*CONTROLLERS, *([PROCESSES] if PROCESSES in paths and (cgroups / PROCESSES).is_dir() else [])]
        return ControlGroups({each: _version_1(cgroups / each, paths.get(each), name) for each in found})
    except OSError as error:
        raise ControlGroupsUnavailable(f"{error.filename}: {error.strerror}") from error


def _version_1(hierarchy: Path, own: PurePosixPath | None, name: str) -> Path:
    """A container may see its own group as the root, though its path is that of the host."""
    there = hierarchy / own.relative_to("/") if own is not None else hierarchy
    folder = (there if there.is_dir() else hierarchy) / name
    folder.mkdir(exist_ok=True)
    return folder


def _version_2(own: Path, name: str, *, is_root: bool) -> Path:
    if own.name == SERVICES:  # an earlier scheduler has put us there
        own, is_root = own.parent, True
    there = set((own / "cgroup.controllers").read_text().split())
    if missing := set(CONTROLLERS) - there:
        raise ControlGroupsUnavailable(f"{own} has no controller {' and '.join(sorted(missing))}")
    if not (is_root or _is_delegated(own)):
        raise ControlGroupsUnavailable(f"{own} was not delegated: run the platform as a service with Delegate=yes")
    (own / name).mkdir(exist_ok=True)
    wanted = " ".join(f"+{each}" for each in (*CONTROLLERS, *({PROCESSES} & there)))
    _enable(own, wanted)
    _enable(own / name, wanted)
    return own / name


def _enable(group: Path, wanted: str) -> None:
    """Let children be limited; where processes stand in the way, they go into a group of their own."""
    for _ in range(_MOVES):
        try:
            _put(group / "cgroup.subtree_control", wanted)
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            _move_processes(group)
        else:
            return
    raise ControlGroupsUnavailable(f"{group} is never without processes")


def _move_processes(group: Path) -> None:
    aside = group / SERVICES
    aside.mkdir(exist_ok=True)
    for pid in (group / "cgroup.procs").read_text().split():
        with suppress(ProcessLookupError):  # it has ended meanwhile
            _put(aside / "cgroup.procs", pid)


def _is_delegated(group: Path) -> bool:
    for mark in MARKS:
        with suppress(OSError):
            if os.getxattr(group, mark) == b"1":
                return True
    return False


def _values(controller: str, resources: Resources) -> dict[str, str]:
    """What is written, in this order: memory with swap cannot be less than memory."""
    memory, quota = str(int(resources.memory_gb * GIB)), str(max(1000, int(resources.cpu * PERIOD_US)))
    of_version_1 = {
        "memory": {"memory.limit_in_bytes": memory, "memory.memsw.limit_in_bytes": memory},
        "cpu": {"cpu.cfs_period_us": str(PERIOD_US), "cpu.cfs_quota_us": quota},
        PROCESSES: {"pids.max": str(MOST_PROCESSES)},
    }
    of_version_2 = {
        "memory.max": memory,
        "memory.swap.max": "0",
        "memory.oom.group": "1",
        "cpu.max": f"{quota} {PERIOD_US}",
        "pids.max": str(MOST_PROCESSES),
    }
    return of_version_1.get(controller, of_version_2)


def _put(file: Path, value: str) -> None:
    with file.open("w") as opened:
        opened.write(value)
