"""Views of a payload table under other platforms' column names, as SQL.

Those platforms have renamed their columns more than once; queries that were written for either name go on.
Sources: Databricks' documentation of inference tables (AI Gateway), and of its earlier auto capture.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum


class Shape(StrEnum):
    """Whose columns."""

    DATABRICKS = "databricks"
    DATABRICKS_LEGACY = "databricks-legacy"


class Dialect(StrEnum):
    """Whose SQL."""

    DUCKDB = "duckdb"
    SPARK = "spark"


_MODEL = {"model_name": "split_part(served_entity_id, '/', 1)", "model_version": "split_part(served_entity_id, '/', 2)"}
_METADATA = {"endpoint_name": "service", **_MODEL}
_MILLISECONDS = {Dialect.DUCKDB: "epoch_ms(request_time)", Dialect.SPARK: "unix_millis(request_time)"}
_SOURCE = {Dialect.DUCKDB: "delta_scan('{}')", Dialect.SPARK: "delta.`{}`"}
_UNQUOTED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*){0,2}")


def view_sql(location: str, shape: Shape, dialect: Dialect, view: str) -> str:
    """`CREATE OR REPLACE VIEW` over the payload table at `location` (a path or URL); `view`: its name, at most a.b.c.

    Raises `ValueError` for a name that would have to be quoted, and a place that cannot be.
    """
    if not _UNQUOTED.fullmatch(view):
        raise ValueError(f"{view!r} is no name of a view: letters, digits and _, at most with a catalogue and a schema")
    if dialect is Dialect.SPARK and "`" in location:
        raise ValueError("Spark opens no table whose place has a ` in it")
    quoted = location.replace("'", "''") if dialect is Dialect.DUCKDB else location
    columns = ",\n".join(f"  {value} AS {name}" for name, value in _columns(shape, dialect).items())
    return f"CREATE OR REPLACE VIEW {view} AS SELECT\n{columns}\nFROM {_SOURCE[dialect].format(quoted)};\n"


def _columns(shape: Shape, dialect: Dialect) -> Mapping[str, str]:
    if shape is Shape.DATABRICKS:
        renamed = {"databricks_request_id": "request_id"}
        names = (
            *("request_date", "databricks_request_id", "client_request_id", "request_time", "status_code"),
            *("sampling_fraction", "execution_duration_ms", "request", "response", "served_entity_id"),
            *("logging_error_codes", "requester"),
        )
        return {name: renamed.get(name, name) for name in names}
    return {
        "databricks_request_id": "request_id",
        "client_request_id": "client_request_id",
        "date": "request_date",
        "timestamp_ms": _MILLISECONDS[dialect],
        "status_code": "status_code",
        "sampling_fraction": "sampling_fraction",
        "execution_time_ms": "execution_duration_ms",
        "request": "request",
        "response": "response",
        "request_metadata": _metadata(dialect),
    }


def _metadata(dialect: Dialect) -> str:
    if dialect is Dialect.SPARK:
        return "map(" + ", ".join(f"'{name}', {value}" for name, value in _METADATA.items()) + ")"
    return "MAP {" + ", ".join(f"'{name}': {value}" for name, value in _METADATA.items()) + "}"
