"""Columns of an inference table: what each holds, by which names it is asked for, which are profiled. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from monitor.domain.statistics.kinds import ColumnKind, kind_of

EVERY = "*"
ROLE, NAME = b"penstock.role", b"penstock.name"
Role = Literal["feature", "prediction", "label", "system"]
SYSTEM_COLUMNS = frozenset(
    {
        *("request_date", "request_id", "row_index", "client_request_id", "request_time", "status_code", "version"),
        *("version_id", "generation", "served_entity_id", "pod", "sampling_fraction", "execution_duration_ms", "error"),
        *("features_json", "prediction_json", "record_id", "labelled_at", "label_received_at", "label_revision"),
    }
)
"""Columns that say something of a request; all others hold features, predictions and labels."""


@dataclass(frozen=True)
class TableColumn:
    """One column: what it is called in the table and by the model, and what it holds."""

    name: str
    role: Role
    original: str
    data_type: str

    @property
    def is_of_model(self) -> bool:
        """Whether the model read or made it."""
        return self.role in {"feature", "prediction"}


def column_of(found: pa.Field) -> TableColumn:
    """What a column holds: as its metadata say, else by its name."""
    said = found.metadata or {}
    role: Role
    match said.get(ROLE, b"").decode():
        case "feature" | "prediction" | "label" as known:
            role = known
        case _ if found.name in SYSTEM_COLUMNS:
            role = "system"
        case _:
            role = _role_by_name(found.name)
    original = said.get(NAME, b"").decode(errors="replace") or found.name
    return TableColumn(found.name, role, original, str(found.type))


def _role_by_name(name: str) -> Role:
    for prefix in ("prediction", "label"):
        if name == prefix or name.startswith(f"{prefix}_"):
            return "prediction" if prefix == "prediction" else "label"
    return "feature"


def named_columns(known: Mapping[str, TableColumn], asked: Sequence[str]) -> tuple[list[str], list[str]]:
    """Columns that are meant, by the table's or the model's names, and the names of those that are not there.

    `*` alone: features and predictions, without lists and structs.
    """
    if list(asked) == [EVERY]:
        return [name for name, column in known.items() if _is_profiled(column)], []
    by_original = {column.original: name for name, column in known.items() if column.role != "system"}
    found = {name: name if name in known else by_original.get(name) for name in asked}
    return [name for name in found.values() if name is not None], [
        name for name, stored in found.items() if stored is None
    ]


def _is_profiled(column: TableColumn) -> bool:
    return column.is_of_model and kind_of(column.data_type) is not ColumnKind.OTHER


def stored_names(columns: Mapping[str, TableColumn]) -> Mapping[str, str]:
    """Features and predictions: as the model calls them → as the table does."""
    return {column.original: name for name, column in columns.items() if column.is_of_model}
