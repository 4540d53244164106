"""What columns are called, and which the table has. No I/O.

A feature's column has its name, unless Delta cannot hold it, readers would need to quote it (`a.b`, a number), it is a
system column's, or another column's but for case: then it is `f_<sanitised>`, `f_<sanitised>_2` … The original name
and the kind are in the field's metadata. A name whose kind changes gets a second column, `<column>__<kind>`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import pyarrow as pa

from inference_logger.domain.inferences.kinds import arrow_type, kind_of
from inference_logger.domain.schema import INFERENCES_SCHEMA

FEATURE, PREDICTION = "feature", "prediction"
ROLE, NAME, KIND = b"penstock.role", b"penstock.name", b"penstock.kind"
LONGEST = 120
RESERVED = frozenset(
    (*(name.casefold() for name in INFERENCES_SCHEMA.names), "prediction", "label", "labelled_at", "received_at")
)
RESERVED_STARTS = ("prediction_", "label_", "_")
_REFUSED = re.compile(r"""[\s,;{}()=.`"'/\\%#:<>?*|\[\]&$!@~^+]""")


class ColumnRegistry:
    """The columns of an inferences table, by what they hold: (role, name, kind). Grows by `add`."""

    def __init__(self, known: Iterable[pa.Field] = ()) -> None:
        self._fields: dict[tuple[str, str, str], pa.Field] = {}
        self._kinds: dict[tuple[str, str], list[str]] = {}
        self._taken = {name.casefold() for name in INFERENCES_SCHEMA.names}
        for field in known:
            if field.name not in INFERENCES_SCHEMA.names:
                self._learn(field)

    def _learn(self, field: pa.Field) -> None:
        self._taken.add(field.name.casefold())
        said = field.metadata or {}
        kind = said[KIND].decode() if KIND in said else kind_of(field.type)
        if kind is None or arrow_type(kind) != _plain(field.type):
            return  # another writer's own
        if NAME in said:
            self._keep(said[ROLE].decode(), said[NAME].decode(), kind, field)
        elif field.name == PREDICTION:
            self._keep(PREDICTION, "", kind, field)
        elif field.name.startswith("prediction_"):
            self._keep(PREDICTION, field.name.removeprefix("prediction_"), kind, field)
        else:
            self._keep(FEATURE, field.name, kind, field)

    def _keep(self, role: str, name: str, kind: str, field: pa.Field) -> None:
        self._fields.setdefault((role, name, kind), field)
        self._kinds.setdefault((role, name), []).append(kind)

    def __len__(self) -> int:
        """Columns of features and predictions."""
        return len(self._fields)

    def kinds(self, role: str, name: str) -> list[str]:
        """The kinds of columns that a name has, the first one first."""
        return self._kinds.get((role, name), [])

    def find(self, role: str, name: str, kind: str) -> pa.Field | None:
        """The column, where there is one."""
        return self._fields.get((role, name, kind))

    def add(self, role: str, name: str, kind: str) -> pa.Field:
        """The column; made where there is none."""
        found = self.find(role, name, kind)
        if found is not None:
            return found
        kinds = self.kinds(role, name)
        stored = f"{self._fields[role, name, kinds[0]].name}__{kind}" if kinds else self._base(role, name)
        stored = self._free(stored)
        metadata = {ROLE: role.encode(), NAME: name.encode(errors="replace"), KIND: kind.encode()}
        field = pa.field(stored, arrow_type(kind), metadata=metadata)
        self._taken.add(stored.casefold())
        self._keep(role, name, kind, field)
        return field

    def _base(self, role: str, name: str) -> str:
        if role == PREDICTION:
            return f"prediction_{sanitised(name)}" if name else PREDICTION
        return name if is_storable(name) and name.casefold() not in self._taken else f"f_{sanitised(name)}"

    def _free(self, stored: str) -> str:
        candidate, number = stored, 1
        while candidate.casefold() in self._taken:
            number += 1
            candidate = f"{stored}_{number}"
        return candidate


def is_storable(name: str) -> bool:
    """Whether a feature's column may have this very name."""
    if not name or len(name.encode(errors="replace")) > LONGEST or not name.isprintable():
        return False
    folded = name.casefold()
    is_reserved = folded in RESERVED or folded.startswith(RESERVED_STARTS)
    return not is_reserved and not name.isdigit() and _REFUSED.search(name) is None


def sanitised(name: str) -> str:
    """Letters, digits and `_` of any script; all else is `_`."""
    text = re.sub(r"\W", "_", name)
    while len(text.encode(errors="replace")) > LONGEST:
        text = text[: len(text) * 3 // 4]
    return text or "unnamed"


def _plain(found: pa.DataType) -> pa.DataType:
    """The type with the names that we give to what is inside of lists."""
    if pa.types.is_list(found) or pa.types.is_large_list(found):
        return pa.list_(_plain(found.value_type))
    return pa.string() if pa.types.is_large_string(found) else found
