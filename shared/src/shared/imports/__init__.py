"""Imports large packages without what they bring along and no service uses, for starts that cost less.

A module of this package is imported before whatever else imports its package. What is left out stays importable for
whoever asks for it later.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


class _NotFound(MetaPathFinder):
    """Says of one module that it is not installed."""

    def __init__(self, name: str) -> None:
        self.name = name

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == self.name:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
        return None


@contextmanager
def absent(name: str) -> Iterator[None]:
    """Whoever imports that module meanwhile is told that it is not installed.

    By a finder, since Cython's imports take a `None` in `sys.modules` for the module itself.
    """
    finder = _NotFound(name)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
