"""A model's folder as its requirement lines see it: files that are named are found inside it, or not at all."""

from __future__ import annotations

import hashlib
from pathlib import Path

from scheduler.domain.requirements.encoding import decode_text
from scheduler.domain.requirements.lines import UnreadableRequirements

MAX_TEXT = 1024 * 1024
"""Bytes of a file of requirements; MLflow's own have some hundred."""
PROJECTS = ("pyproject.toml", "setup.py", "setup.cfg")


class ModelFolder:
    """Reads what lies in one folder; never a file elsewhere, by whatever name or link."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def find(self, name: str, base: Path | None = None) -> Path | None:
        """A file or folder by its name, seen from `base` (the model's folder); None where it is not inside."""
        if "\0" in name:
            return None
        try:
            path = ((base or self.root) / name).resolve()
            return path if path.is_relative_to(self.root) and path.exists() else None
        except (OSError, RuntimeError, ValueError):
            return None

    def text(self, path: Path) -> str:
        """The text of a file that `find` found. Raises `UnreadableRequirements`, naming it."""
        name = path.relative_to(self.root).as_posix()
        if not path.is_file():
            raise UnreadableRequirements(f"{name} is no file")
        try:
            with path.open("rb") as file:
                content = file.read(MAX_TEXT + 1)
        except OSError as error:
            raise UnreadableRequirements(f"{name} cannot be read: {error.strerror}") from None
        if len(content) > MAX_TEXT:
            raise UnreadableRequirements(f"{name} has more than {MAX_TEXT} bytes")
        return decode_text(content, name)

    def optional_text(self, name: str) -> str | None:
        """The text of a file by its name; None where there is none. Raises `UnreadableRequirements`."""
        path = self.find(name)
        return None if path is None else self.text(path)


def is_project(path: Path) -> bool:
    """Whether it is a folder that can be installed."""
    return path.is_dir() and any((path / name).is_file() for name in PROJECTS)


def digest_of(path: Path) -> str:
    """SHA-256 of a file, or of the names and contents of a folder's files."""
    whole = hashlib.sha256()
    for each in [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.is_file()):
        with each.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        whole.update(f"{each.relative_to(path).as_posix()}\0{content}\n".encode())
    return whole.hexdigest()
