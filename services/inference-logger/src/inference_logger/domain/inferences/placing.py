"""Values of one name → the columns that hold them: by the signature, by what the table has, else as seen. No I/O."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from inference_logger.domain.inferences.kinds import JSON, NONE, SEEN, to_array
from inference_logger.domain.inferences.names import ColumnRegistry

MOST_SEEN_COLUMNS = 1000
"""Columns that a table may have before names without a signature stop making new ones."""


@dataclass
class Placement:
    """Columns of a group of rows, and what found no place: place of the row → name → value."""

    registry: ColumnRegistry
    rows: int
    fields: list[pa.Field] = field(default_factory=list)
    columns: list[pa.Array] = field(default_factory=list)
    left: dict[int, dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))

    def place_signed(self, role: str, name: str, kind: str, values: Sequence[Any], *, whole: bool = False) -> bool:
        """Values of a column that the signature names. `whole`: all of them, or none, and False then."""
        column, misfits = to_array(kind, values)
        if misfits and whole:
            return False
        self._append(self.registry.add(role, name, kind), column)
        self._leave(name, values, misfits)
        return True

    def place_seen(self, role: str, name: str, values: Sequence[Any], *, may_add: bool, is_mixed: bool = False) -> None:
        """Values that no signature describes: typed as they are. `may_add`: columns that the table lacks.

        `is_mixed`: other values of the same request are numbers with a fraction.
        """
        types = set(map(type, values)) - {NONE}
        if is_mixed and int in types:
            types.add(float)
        if types <= {int, float} or len(types) == 1:
            self._place_alike(role, name, types, values, may_add)
            return
        for kinds in ({int, float}, {bool}, {str}, types - SEEN.keys()):
            some = [value if type(value) in kinds else None for value in values]
            self._place_alike(role, name, types & kinds, some, may_add)

    def _place_alike(self, role: str, name: str, types: set[type], values: Sequence[Any], may_add: bool) -> None:
        if not types:
            return
        kind = self._seen_kind(role, name, types)
        is_known = kind is not None and self.registry.find(role, name, kind) is not None
        if kind is None or not (is_known or (may_add and len(self.registry) < MOST_SEEN_COLUMNS)):
            self._leave(name, values, [place for place, value in enumerate(values) if value is not None])
            return
        self.place_signed(role, name, kind, values)

    def _seen_kind(self, role: str, name: str, types: set[type]) -> str | None:
        """None: the values are lists or objects, and the table has no column for them."""
        known = self.registry.kinds(role, name)
        if not types <= SEEN.keys():
            return next((kind for kind in known if kind == JSON or "_array" in kind), None)
        if types <= {int, float}:
            return "double" if float in types or "double" in known else "bigint"
        kind = SEEN[next(iter(types))]
        return "timestamp" if kind == "string" and known[:1] == ["timestamp"] else kind

    def _append(self, column_field: pa.Field, column: pa.Array) -> None:
        self.fields.append(column_field)
        self.columns.append(column)

    def _leave(self, name: str, values: Sequence[Any], places: Sequence[int]) -> None:
        for place in places:
            self.left[place][name] = values[place]
