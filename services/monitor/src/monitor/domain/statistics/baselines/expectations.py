"""What is expected of columns, said by a person or taken from a baseline."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ColumnExpectation:
    """Fields that are None are not checked."""

    name: str
    data_type: str | None = None
    kind: str | None = None
    """`ColumnKind`, checked where no exact type is given."""
    completeness: float | None = None
    """Least share of rows that are not null."""
    minimum: float | None = None
    maximum: float | None = None
    values: tuple[str, ...] | None = None
    """All categories that are allowed."""
    values_share: float = 1.0
    """Least share of values that are among `values`."""
