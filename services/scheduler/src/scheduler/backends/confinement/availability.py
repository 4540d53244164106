"""Finds out how processes can be confined on this machine, by trying, and says it in a sentence."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from scheduler.backends.confinement import landlock, syscall_filter
from scheduler.backends.confinement.paths import gpu_devices
from scheduler.backends.confinement.rules import ConfinementMethod, RuleBook, confined_command
from scheduler.backends.confinement.users import UserRange

TRIAL_LIMIT_S = 20.0
TRIAL = "import encodings.idna, os; open(os.path.join(os.getcwd(), 'tried'), 'w').close()"
READ_BY_PODS = frozenset({"pods", "jobs", "models", "envs", "zygotes"})

ConfinementMode = Literal["require", "auto", "off"]


class NotConfined(Exception):
    """Pods have to be confined and cannot be; the text says why."""


@dataclass(frozen=True)
class KernelSupport:
    """What matters of the kernel and of this process; a test's may say otherwise."""

    abi: Callable[[], int] = landlock.abi
    is_root: Callable[[], bool] = lambda: os.geteuid() == 0


@dataclass(frozen=True)
class Confinement:
    """How pods, builds and downloads are confined here; `rules` None: not at all. `description` is for people."""

    mode: ConfinementMode
    description: str
    rules: RuleBook | None = None
    users: UserRange | None = None

    def report(self) -> dict[str, Any]:
        """As the admin port shows it."""
        return {"confined": self.rules is not None, "message": self.description}

    def check(self) -> None:
        """Raise `NotConfined` where it was required, and is not to be had."""
        if self.mode == "require" and self.rules is None:
            raise NotConfined(f"{self.description}; SCHEDULER_CONFINEMENT=require lets nothing start without it")


UNCONFINED = Confinement("off", "not confined: it is switched off")


def find_confinement(
    mode: ConfinementMode,
    home: Path,
    users: range,
    readable: tuple[str, ...],
    machine: KernelSupport = KernelSupport(),
) -> Confinement:
    """The strictest way that a trial shows to work; how it is done and what it lacks are in `description`."""
    if mode == "off":
        return UNCONFINED
    why = "the kernel has no Landlock, or a container's seccomp profile refuses it, and the platform is not root"
    for method in _methods(machine, has_users=bool(users)):
        rules = RuleBook(method, home.resolve(), readable)
        found = UserRange(users) if method.has_users else None
        failure = _try(rules, found)
        if failure is None:
            if found is not None:
                found.adopt(home / "pods")
                found.adopt(home / "jobs")
            return Confinement(mode, describe(method, users), rules, found)
        why = failure
    return Confinement(mode, f"not confined: {why}")


def describe(method: ConfinementMethod, users: range) -> str:
    """What pods and builds are kept from, and what this way lacks."""
    by = [f"Landlock (ABI {method.abi})"] if method.abi else []
    by += [f"a user of their own ({users[0]}-{users[-1]})"] if method.has_users else []
    lacks = landlock.missing_protections(method.abi) if method.abi else ["files that every user may read"]
    if method.has_users:
        lacks = [each for each in lacks if not each.startswith("signals")]
    else:
        lacks += ["modes and times of files of the platform's user"]
        is_closed = syscall_filter.is_known() and not gpu_devices()
        lacks += [] if is_closed else ["socket files of the platform's user"]
    return f"confined by {' and '.join(by)}; not covered: {', '.join([*lacks, 'the network'])}"


def _methods(machine: KernelSupport, *, has_users: bool) -> Iterator[ConfinementMethod]:
    """The strictest first."""
    abi = machine.abi()
    if machine.is_root() and has_users:
        yield ConfinementMethod(abi, has_users=True, keeps_search=bool(abi))
    if abi:
        yield ConfinementMethod(abi)


def _try(rules: RuleBook, users: UserRange | None) -> str | None:
    """Start a Python as a pod would be started; why it failed, in a line, or None."""
    pods = rules.home / "pods"
    pods.mkdir(parents=True, exist_ok=True, mode=0o700)
    trial = Path(tempfile.mkdtemp(prefix=".trial-", dir=pods))
    try:
        failure = _try_in(trial, rules, users)
    except OSError as error:
        failure = f"{error.strerror}: {error.filename}" if error.filename else str(error)
    finally:
        shutil.rmtree(trial, ignore_errors=True)
    if failure is not None and users is not None:
        rules.home.chmod(0o700)
    return failure


def _try_in(trial: Path, rules: RuleBook, users: UserRange | None) -> str | None:
    work = trial / "work"
    work.mkdir()
    user = users.assign(trial, work) if users else None
    if user is not None:
        open_parent_folders(rules, work)
    command = [sys.executable, "-c", TRIAL]
    return _outcome(confined_command(rules.for_pod(command, work, user), command), work)


def _outcome(command: list[str], work: Path) -> str | None:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(work), "LANG": "C.UTF-8"}
    try:
        ended = subprocess.run(  # noqa: S603 - our own command
            command, cwd=work, env=environment, capture_output=True, timeout=TRIAL_LIMIT_S, text=True, check=False
        )
    except subprocess.TimeoutExpired:
        return f"a trial took longer than {TRIAL_LIMIT_S:g} s"
    if ended.returncode == 0 and (work / "tried").exists():
        return None
    said = (ended.stderr or ended.stdout).strip().splitlines()
    return f"a trial failed: {said[-1] if said else f'exit code {ended.returncode}'}"


def open_parent_folders(rules: RuleBook, work: Path) -> None:
    """Let a user of its own come to its folder, where nothing else lets it; and close all else in the home to it."""
    if rules.method.keeps_search:
        return
    for folder in work.parents[: len(work.relative_to(rules.home).parts)]:
        folder.chmod(0o711)
    for each in rules.home.iterdir():
        if each.name not in READ_BY_PODS and not each.is_symlink():
            each.chmod(each.stat().st_mode & 0o700)
