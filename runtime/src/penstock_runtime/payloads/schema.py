"""What a model takes, read once from its MLflow signature.

Columns and tensors are checked here, strictly. Everything else (no signature, signatures from type hints) is MLflow's
to enforce, and `read_schema` gives `None`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from penstock_runtime.payloads.nested import is_supported_type

NESTED = "nested"
Label = Hashable
"""A column's name: text, or a number, as in a DataFrame that was made of an array."""
KINDS = frozenset(("boolean", "integer", "long", "float", "double", "string", "binary", "datetime"))


@dataclass(frozen=True)
class Column:
    """One column: `kind` is the name of an MLflow data type, or `nested`."""

    name: Label
    kind: str
    is_required: bool = True
    nested: Any = None
    """MLflow's type of an array, an object or a map."""


@dataclass(frozen=True)
class ColumnSchema:
    """A table. Where the signature has no names, columns are matched by position, and named 0, 1, 2 as pandas does."""

    columns: tuple[Column, ...]
    is_named: bool = True

    @cached_property
    def names(self) -> tuple[Label, ...]:
        """The columns' names, in the model's order."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """The columns' kinds, in the model's order."""
        return tuple(column.kind for column in self.columns)

    @cached_property
    def is_all_double(self) -> bool:
        """Whether every column is of doubles."""
        return set(self.kinds) == {"double"}

    @cached_property
    def has_nested(self) -> bool:
        """Whether a column is of arrays, objects or maps."""
        return NESTED in self.kinds

    @cached_property
    def has_text_names(self) -> bool:
        """Whether there are names, and all are text."""
        return self.is_named and all(type(name) is str for name in self.names)

    @cached_property
    def by_name(self) -> dict[Label, Column]:
        """Columns by their name."""
        return {column.name: column for column in self.columns}

    @cached_property
    def _by_text(self) -> dict[Label, Label]:
        texts = Counter(map(str, self.names))
        return {str(name): name for name in self.names if type(name) is not str and texts[str(name)] == 1}

    def name_of(self, said: Label) -> Label:
        """The model's name for what a caller says: keys of JSON, and CSV's headers, are texts, where names are not."""
        return said if self.has_text_names or not self.is_named else self._by_text.get(said, said)


@dataclass(frozen=True)
class Tensor:
    """One tensor; -1 in `shape` is any length."""

    name: str | None
    dtype: np.dtype[Any]
    shape: tuple[int, ...]


@dataclass(frozen=True)
class TensorSchema:
    """One tensor without a name, or several with names."""

    tensors: tuple[Tensor, ...]

    @property
    def is_named(self) -> bool:
        """Whether a payload is an object of tensors, rather than one tensor."""
        return self.tensors[0].name is not None


Schema = ColumnSchema | TensorSchema


def read_schema(metadata: Any) -> Schema | None:
    """The schema of a model's inputs; `None` leaves the checks to MLflow.

    `metadata` is MLflow's `Model`, of any version since 2.0.
    """
    inputs = metadata.get_input_schema()
    if inputs is None or not len(inputs.inputs) or _is_from_type_hint(metadata):
        return None
    if inputs.is_tensor_spec():
        return _tensors(inputs)
    columns = tuple(_column(spec, position) for position, spec in enumerate(inputs.inputs))
    if any(column.kind not in KINDS and column.nested is None for column in columns):
        return None
    return ColumnSchema(columns, is_named=bool(inputs.has_input_names()))


def _column(spec: Any, position: int) -> Column:
    name = position if spec.name is None else spec.name if isinstance(spec.name, (str, int, float)) else str(spec.name)
    is_required = bool(getattr(spec, "required", True))
    kind = str(getattr(spec.type, "name", ""))
    if kind not in KINDS and is_supported_type(spec.type):
        return Column(name, NESTED, is_required, spec.type)
    return Column(name, kind, is_required)


def misread_column(metadata: Any) -> str | None:
    """What is wrong with a signature whose own names MLflow takes for positions, so that no request can fit it."""
    inputs = metadata.get_input_schema()
    if inputs is None or inputs.is_tensor_spec():
        return None
    for position, (spec, name) in enumerate(zip(inputs.inputs, inputs.input_names(), strict=True)):
        if spec.name is not None and spec.name != name:
            return (
                f"no request fits this model's signature: its column {position} is named {spec.name!r}, which MLflow "
                f"reads as the position {position}; log the model again with another name for it"
            )
    return None


def _tensors(inputs: Any) -> TensorSchema | None:
    tensors = tuple(Tensor(spec.name, np.dtype(spec.type), tuple(spec.shape)) for spec in inputs.inputs)
    return TensorSchema(tensors) if all(tensor.dtype.kind in "biufU" for tensor in tensors) else None


def _is_from_type_hint(metadata: Any) -> bool:
    for name in ("_is_signature_from_type_hint", "_is_type_hint_from_example"):
        if getattr(metadata, name, lambda: False)():
            return True
    return False
