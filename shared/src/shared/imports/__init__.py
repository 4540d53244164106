"""Imports large packages without what they bring along and no service uses, for starts that cost less.

A module of this package is imported before whatever else imports its package. What is left out stays importable for
whoever asks for it later.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def absent(name: str) -> Iterator[None]:
    """Whoever imports that module meanwhile is told that it is not installed."""
    modules: dict[str, Any] = sys.modules
    if name in modules:
        yield
        return
    modules[name] = None
    try:
        yield
    finally:
        del modules[name]
