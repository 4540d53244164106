"""What is expected of columns, said by a person or taken from a baseline."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

_MARK = b"expectations 1\n"


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


def to_bytes(expectations: Sequence[ColumnExpectation]) -> bytes:
    """`from_bytes` reads it."""
    return _MARK + json.dumps([asdict(each) for each in expectations]).encode()


def from_bytes(data: bytes) -> tuple[ColumnExpectation, ...] | None:
    """None: these are no expectations."""
    if not data.startswith(_MARK):
        return None
    found = json.loads(data.removeprefix(_MARK))
    return tuple(
        ColumnExpectation(**{**each, "values": None if each["values"] is None else tuple(each["values"])})
        for each in found
    )
