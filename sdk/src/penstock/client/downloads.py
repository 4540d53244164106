"""Answers that become files: written piece by piece beside their place, and put there when they are whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

READ_TIMEOUT_S = 120.0
"""A filter that few rows meet may be silent for so long."""


@contextmanager
def whole_file(target: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A file to write to that becomes `target` at the end of the block; nothing is left of one that fails."""
    place = Path(target)
    part = place.with_name(f"{place.name}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)
