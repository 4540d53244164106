"""The environments that a home keeps: which there are, who uses them, and the removal of those that nobody uses.

What a model needs later is built again. Safe while the platform runs.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

EnvironmentUsers = Mapping[str, Collection[str]]
"""Folder of an environment → names of the pods that use it."""


@dataclass(frozen=True)
class KeptEnvironment:
    """One environment; `used_at` is the Unix time of the last start of a pod in it."""

    key: str
    python: str
    bytes: int
    used_at: float
    pods: tuple[str, ...]
    is_removed: bool = False


def kept_environments(home: Path, users: EnvironmentUsers) -> Iterator[KeptEnvironment]:
    """Every finished environment of a home."""
    folder = (home / "envs").resolve()
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_dir() and not path.name.startswith("."):
            yield KeptEnvironment(
                path.name, _python(path), _bytes(path), _used_at(path), tuple(sorted(users.get(str(path), ())))
            )


def prune_environments(home: Path, users: EnvironmentUsers, unused_s: float, now: float) -> Iterator[KeptEnvironment]:
    """Remove what nobody has used for `unused_s`; every environment, with what became of it."""
    for each in kept_environments(home, users):
        is_idle = not each.pods and now - each.used_at >= unused_s
        yield KeptEnvironment(**asdict(each) | {"is_removed": is_idle and _remove(home / "envs", each.key)})


def _remove(folder: Path, key: str) -> bool:
    """Whether it is gone; one that somebody builds or waits for stays."""
    descriptor = os.open(folder / f"{key}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        (folder / key).rename(folder / f".building-{key}-removed")
        shutil.rmtree(folder / f".building-{key}-removed", ignore_errors=True)
        (folder / f"{key}.lock").unlink(missing_ok=True)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _python(path: Path) -> str:
    return next((each.name.removeprefix("python") for each in (path / "lib").glob("python*")), "")


def _used_at(path: Path) -> float:
    lock = path.with_name(f"{path.name}.lock")
    return (lock if lock.exists() else path).stat().st_mtime


def _bytes(path: Path) -> int:
    """On disk; files that are linked into it from uv's cache count too."""
    return sum(Path(place, name).lstat().st_blocks * 512 for place, _, names in os.walk(path) for name in names)
