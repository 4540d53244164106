"""Files of a service that cannot be used: set aside under another name, never deleted, so that the rest starts."""

from __future__ import annotations

import logging
from pathlib import Path

from shared.clock import Clock, SystemClock

log = logging.getLogger("penstock.files")

DAMAGED = ".damaged-"
"""What the name of a file that was set aside goes on with; the time follows."""


def set_aside(path: Path, reason: str, *, clock: Clock | None = None) -> Path:
    """Rename `path` (a file or a folder) to `<name>.damaged-<time>`, and say so; returns the new name.

    Raises `OSError` where it cannot be renamed.
    """
    kept = damaged_name(path, clock or SystemClock())
    path.rename(kept)
    log.warning("%s cannot be used (%s); it is kept as %s", path, reason, kept)
    return kept


def usable_folder(path: Path) -> Path:
    """Make the folder `path`, private; what stands in its place and is none is set aside."""
    if path.exists() and not path.is_dir():
        set_aside(path, "it is no folder")
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def damaged_name(path: Path, clock: Clock) -> Path:
    """A name that is free for what is set aside now."""
    stem = f"{path.name}{DAMAGED}{clock.now():%Y%m%dT%H%M%SZ}"
    names = (path.with_name(stem if not number else f"{stem}-{number}") for number in range(10_000))
    return next(name for name in names if not name.exists())
