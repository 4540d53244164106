"""Tables are opened in a thread, which loads Arrow and delta-rs with the first one: 0.4 s, 60 MB."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from monitor.handlers.rules.threads import in_thread
from monitor.store.inference_tables.places import TablePlace

if TYPE_CHECKING:
    from monitor.handlers.rules.rows import OpenedRows


async def open_rows(places: Sequence[TablePlace]) -> OpenedRows:
    """Raises `NotFound`, `Unavailable`, `InvalidInput`."""
    return await in_thread(_open, places)


def _open(places: Sequence[TablePlace]) -> OpenedRows:
    from monitor.handlers.rules.rows import OpenedRows  # noqa: PLC0415

    return OpenedRows.open(places)
