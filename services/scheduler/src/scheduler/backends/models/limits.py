"""How large a fetched model may be: bytes as stored (what a compressed answer unpacks to), files, depth of folders."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

GIB = 1024**3


class ModelTooLarge(Exception):
    """The model goes beyond a limit; the text names it, and the setting."""


@dataclass(frozen=True)
class ModelLimits:
    """Limits of one model."""

    max_bytes: int = 50 * GIB
    max_files: int = 20_000
    """Folders count too."""
    max_depth: int = 32

    @classmethod
    def of(cls, described: Mapping[str, Any] | None) -> ModelLimits:
        """From the JSON that the fetching child is given."""
        return cls(**described) if described else cls()


class ModelSizeMeter:
    """Counts one model while it is fetched; raises `ModelTooLarge` with the first step too far."""

    def __init__(self, limits: ModelLimits) -> None:
        self.limits = limits
        self.bytes = 0
        self.files = 0

    def count_file(self, path: str) -> None:
        """A file or folder, by its path from the model's folder."""
        self.files += 1
        if self.files > self.limits.max_files:
            raise ModelTooLarge(f"it has more than {self.limits.max_files} files (SCHEDULER_MAX_MODEL_FILES)")
        if path.count("/") >= self.limits.max_depth:
            raise ModelTooLarge(f"its folders are more than {self.limits.max_depth} deep (SCHEDULER_MAX_MODEL_DEPTH)")

    def count_bytes(self, count: int) -> None:
        """Bytes of a file."""
        self.bytes += count
        if self.bytes > self.limits.max_bytes:
            size = self.limits.max_bytes / GIB
            raise ModelTooLarge(f"its files have more than {size:.3g} GiB (SCHEDULER_MAX_MODEL_GB)")


def copy_model(source: Path, target: Path, meter: ModelSizeMeter) -> Path:
    """Copy a folder of this machine. Raises `ModelTooLarge`; OSError where a link in it leads out of it."""
    root = source.resolve()
    target.mkdir()
    for path, is_folder in _entries(root):
        name = path.relative_to(root)
        meter.count_file(name.as_posix())
        if not path.resolve().is_relative_to(root):
            raise OSError(f"{name} is a link out of the model's folder")
        if is_folder:
            (target / name).mkdir()
        elif path.is_file():
            meter.count_bytes(path.stat().st_size)
            shutil.copyfile(path, target / name)
    return target


def copy_file(source: Path, folder: Path, meter: ModelSizeMeter) -> Path:
    """Copy one file of this machine into a folder, which is the answer. Raises `ModelTooLarge`, OSError."""
    meter.count_file(source.name)
    meter.count_bytes(source.stat().st_size)
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, folder / source.name)
    return folder


def measure_model(folder: Path, meter: ModelSizeMeter) -> None:
    """Hold what was fetched by other means to the limits. Raises `ModelTooLarge`."""
    for path, is_folder in _entries(folder):
        meter.count_file(path.relative_to(folder).as_posix())
        if not is_folder:
            meter.count_bytes(path.lstat().st_size)


def _entries(root: Path) -> Iterator[tuple[Path, bool]]:
    """Everything below `root`, folders before what is in them; without recursion."""
    for place, folders, files in os.walk(root):
        for name in sorted(folders):
            yield Path(place, name), not Path(place, name).is_symlink()
        for name in sorted(files):
            yield Path(place, name), False
