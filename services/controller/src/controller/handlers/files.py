"""Small files that only their owner reads: made once, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from shared.errors import Unavailable

Content = TypeVar("Content")


def kept_in(file: Path, make: Callable[[], str], read: Callable[[str], Content]) -> Content:
    """What `file` holds, as `read` reads it; written by `make` (mode 0600, on disk when this returns) where missing."""
    if file.exists() and (kept := file.read_text().strip()):
        try:
            return read(kept)
        except ValueError as wrong:
            raise Unavailable(f"{file} cannot be read: restore it from a backup") from wrong
    file.parent.mkdir(parents=True, exist_ok=True)
    made, fresh = make(), file.with_name(f"{file.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(made + "\n")
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(file)
    return read(made)
