"""Environments that a home keeps: `python -m scheduler.backends.environments.kept <home> [DAYS]`.

Prints one JSON object for each. With DAYS, those that no pod uses, and none was started in for so long, are removed;
what a model needs later is built again. Safe while the platform runs.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from scheduler.backends.process.folders.pod_folder import pod_folders

DAY_S = 86_400.0


@dataclass(frozen=True)
class KeptEnvironment:
    """One environment; `used_at` is the Unix time of the last start of a pod in it."""

    key: str
    python: str
    bytes: int
    used_at: float
    pods: tuple[str, ...]
    is_removed: bool = False


def kept_environments(home: Path) -> Iterator[KeptEnvironment]:
    """Every finished environment of a home."""
    folder = (home / "envs").resolve()
    users = _users(home)
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_dir() and not path.name.startswith("."):
            yield KeptEnvironment(
                path.name, _python(path), _bytes(path), _used_at(path), tuple(sorted(users.get(str(path), ())))
            )


def prune(home: Path, unused_s: float, now: float) -> Iterator[KeptEnvironment]:
    """Remove what nobody has used for `unused_s`; every environment, with what became of it."""
    for each in kept_environments(home):
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


def _users(home: Path) -> dict[str, set[str]]:
    """Folder of an environment → pods whose kept runs were started in it."""
    found: dict[str, set[str]] = {}
    for pod in pod_folders(home / "pods"):
        for run in pod.runs():
            command = (run.ordered() or {}).get("command") or [""]
            found.setdefault(str(Path(command[0]).parent.parent.resolve()), set()).add(pod.record.name)
    return found


def _python(path: Path) -> str:
    return next((each.name.removeprefix("python") for each in (path / "lib").glob("python*")), "")


def _used_at(path: Path) -> float:
    lock = path.with_name(f"{path.name}.lock")
    return (lock if lock.exists() else path).stat().st_mtime


def _bytes(path: Path) -> int:
    """On disk; files that are linked into it from uv's cache count too."""
    return sum(Path(place, name).lstat().st_blocks * 512 for place, _, names in os.walk(path) for name in names)


def main(home: str, days: str | None = None) -> None:
    """See the module."""
    root = Path(home).resolve()
    found = kept_environments(root) if days is None else prune(root, float(days) * DAY_S, time.time())
    for each in found:
        print(json.dumps(asdict(each)))


if __name__ == "__main__":
    main(*sys.argv[1:])
