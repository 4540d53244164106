"""Slices: rows of one value of a column or of an expression."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Slice:
    """Rows of one value of a column or expression; key and value None: all rows."""

    key: str | None = None
    value: str | None = None


ALL_ROWS = Slice()
