"""Rules for `confine`: what a pod, a build and a download may reach, and how much of it.

The values are paths and numbers; nothing in them is secret.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scheduler.backends.confinement import confine
from scheduler.backends.confinement.paths import (
    DEVICES,
    SHARED_MEMORY,
    TEMPORARY,
    all_paths_excluding,
    excluding,
    gpu_devices,
    python_paths,
    system_paths,
)

GIB = 1024**3
OPEN_FILES = 65_536
PROCESSES_OF_A_USER = 4_096
"""Processes and threads of one pod or build that has a user of its own."""


RESERVED_TIMES, RESERVED_MORE_GB = 4, 4
"""Times the memory that a pod asked for, and GiB beyond it, that each of its processes may reserve."""


@dataclass(frozen=True)
class ConfinementMethod:
    """How this machine confines processes.

    `abi`: Landlock's version, 0 for none. `has_users`: each pod and build is a user of its own. `keeps_search`: such a
    user reads like root, and Landlock alone says what: where the home is closed to others, as it should be.
    """

    abi: int
    has_users: bool = False
    keeps_search: bool = False


@dataclass(frozen=True)
class RuleBook:
    """Makes rules; the same for everything of one scheduler."""

    method: ConfinementMethod
    home: Path
    readable: tuple[str, ...] = ()
    """Further paths that an operator lets be read."""
    largest_file: int = 64 * GIB

    def for_pod(
        self,
        command: Sequence[str],
        work: Path,
        user: int | None,
        memory_gb: float | None = None,
        *,
        gpu_files: Sequence[str] | None = None,
    ) -> dict[str, Any]:
        """A pod reads its environment and what its command names (the model's folder), and writes to `work`.

        `gpu_files`: devices of the GPUs that it has; None: those of every one.
        `memory_gb`: where no control group holds it to that, a bound that keeps a pod from exhausting the machine: data
        of a process count when they are reserved, not when they are used.
        """
        named = [argument for argument in command[1:] if argument.startswith("/")]
        reads = [*python_paths(Path(command[0]), self.home), *named]
        rules = self._rules(reads, [str(work)], user, gpu_files)
        if memory_gb is not None:
            rules["limits"]["DATA"] = int((RESERVED_TIMES * memory_gb + RESERVED_MORE_GB) * GIB)
        return rules

    def for_build(self, python: Path, writes: Sequence[Path], user: int | None, reads: Sequence[str]) -> dict[str, Any]:
        """A step of a build writes to folders of that build; `python`: the one that it installs for."""
        return self._rules([*python_paths(python, self.home), *reads], [str(each) for each in writes], user)

    def for_download(self, models: Path, *, is_ours: bool = False) -> dict[str, Any]:
        """The download of a model: it reads the platform's code, and adds models.

        `is_ours`: from the platform's own registry, whose artifacts may lie in a folder of this machine, and whose
        credentials in files. It reads what a pod can write nowhere: a link in there could lead to anything.
        """
        rules = self.for_server(models)
        rules["write"].remove(SHARED_MEMORY)
        if is_ours:
            rules["read"] += all_paths_excluding(*TEMPORARY, self.home)
        return rules

    def for_server(self, folder: Path) -> dict[str, Any]:
        """A server of unauthenticated requests: it reads code, and keeps all it has in `folder`."""
        reads = [*python_paths(Path(sys.executable), self.home), *_code(self.home)]
        # The platform's own program: as root it goes on opening a home that lies in another user's closed folder.
        return {**self._rules(reads, [str(folder)], None), "opens_files_of_others": True}

    def _rules(
        self, reads: list[str], writes: list[str], user: int | None, gpu_files: Sequence[str] | None = None
    ) -> dict[str, Any]:
        gpus = gpu_devices() if gpu_files is None else list(gpu_files)
        system = system_paths(self.home, has_gpu=bool(gpus))
        return {
            "abi": self.method.abi,
            "read": list(dict.fromkeys([*system, *reads, *self.readable])),
            "write": [*writes, SHARED_MEMORY, *(_written_by_gpus(user) if gpus else [])],
            "devices": [*DEVICES, *gpus],
            "user": user,
            "groups": sorted(_groups_of(gpus)) if user is not None else [],
            "keeps_search": self.method.keeps_search,
            "filters_calls": user is None,
            "refuses_sockets": not gpus,
            "limits": self._limits(user),
        }

    def _limits(self, user: int | None) -> dict[str, int]:
        limits = {"CORE": 0, "NOFILE": OPEN_FILES, "FSIZE": self.largest_file}
        return limits | ({"NPROC": PROCESSES_OF_A_USER} if user is not None else {})


def _code(home: Path) -> list[str]:
    """Folders that this Python imports from, save the one that it was started in, which may have anything in it."""
    found = sys.path[1:] if sys.path[0] in ("", str(Path.cwd())) else sys.path
    return [each for path in found if path.startswith("/") for each in excluding(Path(path), home)]


def confined_command(rules: dict[str, Any], command: Sequence[str]) -> list[str]:
    """The command that executes `command` under the rules."""
    return [sys.executable, "-I", "-S", str(confine.__file__), json.dumps(rules), *command]


def _written_by_gpus(user: int | None) -> list[str]:
    """CUDA names its threads under /proc, worker processes' too; as root that would open the kernel's settings."""
    return ["/proc"] if user is not None or os.geteuid() != 0 else []


def _groups_of(devices: Sequence[str]) -> set[int]:
    """Groups that may use these devices; root's own is nobody's."""
    return {group for each in devices if (group := Path(each).stat().st_gid)}
