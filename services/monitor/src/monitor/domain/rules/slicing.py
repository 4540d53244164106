"""Rows of a window summed up, all of them and slice by slice, batch by batch. Pure; loads Arrow and NumPy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from monitor.domain import sentences
from monitor.domain.statistics.slices import ALL_ROWS, Slice
from shared.errors import InvalidInput
from shared.filters.conditions import bind, mask_of
from shared.filters.parsing import columns_of, parse_filter
from shared.filters.syntax import Node
from shared.filters.types import is_simple, kind_of
from shared.text import without_nul

MOST_SLICES = 50
"""Values of a slice's column; rows of further ones count for all rows alone."""

Builder = TypeVar("Builder")


class RowsSink(Protocol):
    """Takes rows."""

    def add(self, batch: pa.RecordBatch) -> None:
        """Count them."""
        ...


@dataclass(frozen=True)
class SliceBy:
    """A column, or a condition bound to the table's columns; neither: all rows alone."""

    column: str | None = None
    condition: Node | None = None
    text: str = ""

    @classmethod
    def of(cls, text: str | None, schema: pa.Schema) -> SliceBy:
        """Raises `InvalidInput` for a column that is not there, or of lists, and a condition that does not fit."""
        if text is None:
            return cls()
        if text in schema.names:
            if not is_simple(kind := schema.field(text).type):
                raise InvalidInput(sentences.NO_SLICES(column=text, kind=kind_of(kind)))
            return cls(column=text, text=text)
        return cls(condition=bind(parse_filter(text), schema), text=text)

    @property
    def columns(self) -> frozenset[str]:
        """Those that it reads."""
        if self.column is not None:
            return frozenset({self.column})
        return columns_of(self.condition) if self.condition is not None else frozenset()

    def split(
        self, batch: pa.RecordBatch, is_wanted: Callable[[Slice], bool]
    ) -> Iterator[tuple[Slice, pa.RecordBatch]]:
        """Rows by the slice that they are in; of a column those that are wanted alone, each asked for before it is cut
        out: a column of numbers has as many values as rows.
        """
        if self.condition is not None:
            mask = pc.fill_null(mask_of(self.condition, batch), False)
            yield Slice(self.text, "true"), batch.filter(mask)
            yield Slice(self.text, "false"), batch.filter(pc.invert(mask))
        elif self.column is not None and self.column in batch.schema.names:
            values = batch.column(self.column)
            for value in pc.unique(values):
                if value.is_valid and is_wanted(part := Slice(self.column, value_text(value.as_py()))):
                    yield part, batch.filter(pc.equal(values, value))


@dataclass
class Sliced(Generic[Builder]):
    """One builder for all rows, and one for each slice."""

    make: Any
    by: SliceBy
    parts: dict[Slice, Builder] = field(default_factory=dict)
    rows: dict[Slice, int] = field(default_factory=dict)

    def add(self, batch: pa.RecordBatch) -> None:
        """Count rows for all, and for their slices."""
        self._add(ALL_ROWS, batch)
        for part, rows in self.by.split(batch, self._is_wanted):
            if rows.num_rows:
                self._add(part, rows)

    def _is_wanted(self, part: Slice) -> bool:
        return part in self.parts or len(self.parts) <= MOST_SLICES

    def _add(self, part: Slice, rows: pa.RecordBatch) -> None:
        if part not in self.parts:
            self.parts[part] = self.make()
        builder: Any = self.parts[part]
        builder.add(rows)
        self.rows[part] = self.rows.get(part, 0) + rows.num_rows

    def finish(self) -> Mapping[Slice, Any]:
        """What each of them made, that of all rows first; of no rows at all, too."""
        if ALL_ROWS not in self.parts:
            self.parts[ALL_ROWS] = self.make()
        found: Any = self.parts
        return {part: builder.finish() for part, builder in found.items()}


def value_text(value: Any) -> str:
    """A slice's value, as databases can hold it."""
    return str(value).lower() if isinstance(value, bool) else without_nul(str(value)[:256])
