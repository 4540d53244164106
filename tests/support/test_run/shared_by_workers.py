"""What is made once in a run and used by every process of it (pytest-xdist starts several)."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def folder_of_run(factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this run have in common, and no other run."""
    base = factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"
    shared.mkdir(exist_ok=True)
    return shared


@contextmanager
def locked(path: Path, how: int = fcntl.LOCK_EX) -> Iterator[None]:
    """Hold the lock of that file; the kernel gives it back when the process dies."""
    with path.open("a") as file:
        fcntl.flock(file, how)
        yield


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that the first who asks fills by `make`; the others wait for it, and change nothing in it."""
    folder = folder_of_run(factory) / name
    is_complete = folder.with_suffix(".complete")
    with locked(folder.with_suffix(".lock")):
        if not is_complete.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of a process that was killed over it
            folder.mkdir()
            make(folder)
            is_complete.touch()
    return folder
