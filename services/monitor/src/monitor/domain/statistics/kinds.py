"""Kinds of columns: what can be computed of one follows from it."""

from __future__ import annotations

from enum import StrEnum


class ColumnKind(StrEnum):
    """How a column's values are summed up."""

    NUMERIC = "numeric"
    """Integers, floating point, decimals: moments, quantiles, bins between edges."""
    CATEGORICAL = "categorical"
    """Text, booleans, dictionaries: categories and lengths."""
    TEMPORAL = "temporal"
    """Dates and times: compared as seconds since 1970."""
    OTHER = "other"
    """Lists, structs, binary: counted, nothing more."""


_NUMERIC = ("int", "uint", "float", "double", "halffloat", "decimal")
_CATEGORICAL = ("string", "large_string", "string_view", "bool", "dictionary", "utf8", "large_utf8")


def kind_of(data_type: str) -> ColumnKind:
    """The kind of an Arrow type, given as its text (`str(field.type)`)."""
    name = data_type.partition("[")[0].partition("(")[0].partition("<")[0]
    if name in _CATEGORICAL:
        return ColumnKind.CATEGORICAL
    if name.rstrip("0123456789") in _NUMERIC:
        return ColumnKind.NUMERIC
    if name.rstrip("0123456789") in ("timestamp", "date", "time"):
        return ColumnKind.TEMPORAL
    return ColumnKind.OTHER
