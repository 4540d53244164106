"""Columns of a JSON body that are masked: every format that a model server takes, and its answers. No I/O.

A name is looked for wherever a body can have one: as the key of an object at any depth, among the `columns` of a table,
as the name of an Open Inference tensor. Where values have no name at all (`instances` as lists of values), nobody can
say which of them are to be masked: `NotMaskable`.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Any
from unicodedata import normalize

from shared.masking.values import DROP, HASH, masked_value

FORMATS = ("dataframe_split", "dataframe_records", "instances", "inputs")
UNNAMED = "prediction"
"""What a rule calls predictions that have no name."""
_UNNAMED_AS = frozenset({"predictions", "output-1"})
_MOST_NAMES = 4096
_CONTAINERS = (dict, list)


class NotMaskable(ValueError):
    """The rules cannot be applied to this body with certainty."""


def folded(name: str) -> str:
    """Names that differ in case, in how they are composed, or in blanks around them are one name to a rule.

    A model takes one spelling only; what a caller spells wrongly is no less private.
    """
    return normalize("NFC", name).strip().casefold()


class Columns:
    """The rules as they are looked up: name → action; and the key of the hashes."""

    def __init__(self, rules: dict[str, str], key: bytes | None) -> None:
        self._rules = {folded(name): action for name, action in rules.items()}
        self._known: dict[str, str | None] = {}
        self.key = key

    def action(self, name: str) -> str | None:
        """What is to be done with a column; None: nothing."""
        try:
            return self._known[name]
        except KeyError:
            if len(self._known) >= _MOST_NAMES:
                self._known.clear()
            action = self._known[name] = self._rules.get(folded(name))
            return action

    def of_answers(self) -> Columns:
        """The rules as they hold in answers: with what is said of predictions that have no name."""
        if UNNAMED not in self._rules:
            return self
        return Columns({**dict.fromkeys(_UNNAMED_AS, self._rules[UNNAMED]), **self._rules}, self.key)

    def masked(self, value: Any, action: str) -> Any:
        """A value of a column with this action."""
        return masked_value(value, action, self.key)


def mask_request(document: Any, columns: Columns, *, is_flat: bool = False) -> Any:
    """A request's body without clear text of masked columns. `document` is changed.

    `is_flat`: no value in its rows is an object, which saves looking at each.
    """
    if type(document) is not dict:
        raise NotMaskable("the body is no object")
    forms = [form for form in FORMATS if form in document]
    if not forms and not any(columns.action(name) for name in document):
        raise NotMaskable("the body has none of the formats whose columns are known")
    rows = {form: _mask_rows(form, document.pop(form), columns, is_flat=is_flat) for form in forms}
    return {**_walk(document, columns), **{form: found for form, found in rows.items() if found is not None}}


def mask_response(document: Any, columns: Columns) -> Any:
    """An answer's body without clear text of masked columns."""
    if type(document) is not dict or not {"predictions", "outputs"} & document.keys():
        raise NotMaskable("the answer holds no predictions")
    return _walk(document, columns)


def _mask_rows(form: str, payload: Any, columns: Columns, *, is_flat: bool) -> Any:
    if columns.action(form):
        return None
    if form == "dataframe_split":
        if type(payload) is not dict or not {"columns", "data"} <= payload.keys():
            raise NotMaskable("dataframe_split does not name its columns")
        return _walk_table(payload, columns, is_flat=is_flat)
    if type(payload) is dict and form != "dataframe_records":
        return _walk(payload, columns)
    if type(payload) is not list or not all(type(row) is dict for row in payload):
        raise NotMaskable(f"{form} has rows without names")
    if payload and _is_tensor(payload[0]):
        is_certain = form == "inputs" or not {"datatype", "shape"}.isdisjoint(payload[0])
        if is_certain and len(payload) == 1 and not columns.action(_name_of(payload[0])):
            raise NotMaskable("the only tensor may hold every column")
        return _walk_list(payload, columns)
    return _mask_records(payload, columns) if is_flat else _walk_list(payload, columns)


def _mask_records(records: list[dict[str, Any]], columns: Columns) -> list[dict[str, Any]]:
    """Only values of masked columns are touched."""
    names = set().union(*records)
    if _is_tensor(names):
        return _walk_list(records, columns)
    for name, action in [(name, action) for name in names if (action := columns.action(name))]:
        for record in records:
            if name not in record:
                continue
            if action == DROP:
                del record[name]
            else:
                record[name] = columns.masked(record[name], action)
    return records


def _walk(node: dict[str, Any], columns: Columns) -> dict[str, Any]:
    if type(node.get("columns")) is list and "data" in node:
        return _walk_table(node, columns)
    found: dict[str, Any] = {}
    for name, value in node.items():
        action = columns.action(name)
        if action is None:
            found[name] = _walk_any(value, columns)
        elif action != DROP:
            found[name] = columns.masked(value, action)
    return found


def _walk_any(value: Any, columns: Columns) -> Any:
    if type(value) is dict:
        return _walk(value, columns)
    return _walk_list(value, columns) if type(value) is list else value


def _walk_list(values: list[Any], columns: Columns) -> list[Any]:
    found = []
    for value in values:
        if type(value) is dict and _is_tensor(value):
            action = columns.action(_name_of(value))
            if action == DROP:
                continue
            if action is not None:
                value = _masked_tensor(value, action, columns)  # noqa: PLW2901
        found.append(_walk_any(value, columns) if type(value) in _CONTAINERS else value)
    return found


def _walk_table(node: dict[str, Any], columns: Columns, *, is_flat: bool = False) -> dict[str, Any]:
    """A table: names of columns, and rows of as many values."""
    names, rows = node["columns"], node["data"]
    if type(names) is not list or not all(type(name) is str for name in names) or type(rows) is not list:
        raise NotMaskable("a table's columns are not named by texts")
    if any(type(row) is not list or len(row) != len(names) for row in rows):
        raise NotMaskable("a table's rows have another length than its columns")
    rest = {name: value for name, value in node.items() if name not in {"columns", "data"}}
    actions = [columns.action(name) for name in names]
    if not is_flat:
        rows = [[_walk_any(value, columns) for value in row] for row in rows]
    for at in reversed([at for at, action in enumerate(actions) if action]):
        action = actions[at]
        assert action is not None
        for row in rows:
            if action == DROP:
                del row[at]
            else:
                row[at] = columns.masked(row[at], action)
    kept = [name for name, action in zip(names, actions, strict=True) if action != DROP]
    return {"columns": kept, **_walk(rest, columns), "data": rows}


def _is_tensor(value: Container[str]) -> bool:
    """Of an Open Inference request or answer, by its names.

    Callers leave `datatype` and `shape` out: a model that takes it so, or one that refuses it, was still told the data.
    """
    return "name" in value and "data" in value


def _name_of(tensor: dict[str, Any]) -> str:
    return str(tensor["name"])


def _masked_tensor(tensor: dict[str, Any], action: str, columns: Columns) -> dict[str, Any]:
    data = tensor["data"]
    masked = {**tensor, "data": columns.masked(data if type(data) is list else [data], action)}
    return {**masked, "datatype": "BYTES"} if action == HASH and "datatype" in tensor else masked
