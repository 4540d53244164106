"""What a model takes, read once from its MLflow signature.

Columns of scalar types and tensors are checked here, strictly. Everything else (no signature, arrays, objects and maps
in columns, signatures from type hints) is MLflow's to enforce, and `read_schema` gives `None`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

KINDS = frozenset(("boolean", "integer", "long", "float", "double", "string", "binary", "datetime"))


@dataclass(frozen=True)
class Column:
    """One column: `kind` is the name of an MLflow data type."""

    name: str
    kind: str
    is_required: bool = True


@dataclass(frozen=True)
class ColumnSchema:
    """A table. Where the signature has no names, columns are matched by position."""

    columns: tuple[Column, ...]
    is_named: bool = True

    @cached_property
    def names(self) -> tuple[str, ...]:
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
    def by_name(self) -> dict[str, Column]:
        """Columns by their name."""
        return {column.name: column for column in self.columns}


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
    kinds = [getattr(spec.type, "name", None) for spec in inputs.inputs]
    if any(kind not in KINDS for kind in kinds):
        return None
    columns = tuple(
        Column(
            str(spec.name) if spec.name is not None else str(index), str(kind), bool(getattr(spec, "required", True))
        )
        for index, (spec, kind) in enumerate(zip(inputs.inputs, kinds, strict=True))
    )
    return ColumnSchema(columns, is_named=inputs.has_input_names())


def _tensors(inputs: Any) -> TensorSchema | None:
    tensors = tuple(Tensor(spec.name, np.dtype(spec.type), tuple(spec.shape)) for spec in inputs.inputs)
    return TensorSchema(tensors) if all(tensor.dtype.kind in "biufU" for tensor in tensors) else None


def _is_from_type_hint(metadata: Any) -> bool:
    for name in ("_is_signature_from_type_hint", "_is_type_hint_from_example"):
        if getattr(metadata, name, lambda: False)():
            return True
    return False
