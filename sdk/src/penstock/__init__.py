"""Launcher, command line and client of Penstock: `penstock.Client`, `penstock.AsyncClient`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from penstock.client import AsyncClient, Client

__all__ = ["AsyncClient", "Client"]


def __getattr__(name: str) -> Any:
    """Load the client when it is asked for: the launcher's processes have no use for an HTTP library."""
    if name in __all__:
        return getattr(import_module("penstock.client"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
