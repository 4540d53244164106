"""Nested lists → arrays of a tensor signature's type and shape: without loss, or not at all.

null is NaN in tensors of floats, as NumPy and MLflow have it, and refused in all others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from penstock_runtime.errors import Loc, invalid, quote_value
from penstock_runtime.payloads.scalars import NAN, LossyValue, to_boolean, to_double, to_float, to_string
from penstock_runtime.payloads.schema import Tensor

Array = np.ndarray[Any, np.dtype[Any]]
_DOUBLES = {float, type(None)}


def to_tensor(value: Any, tensor: Tensor, at: Loc) -> Array:
    """The nested list as an array of the tensor's type.

    Raises:
        RequestRefused: 400, with the place of the first element that cannot be taken, or both shapes.
    """
    shape = _shape(value)
    if not _fits(shape, tensor.shape):
        message = f"the shape must be {_written(tensor.shape)}; what was sent has {_written(shape)}"
        raise invalid(message, at)
    flat = list(_leaves(value, shape, at))
    convert = _converter(tensor.dtype)
    try:
        converted = flat if _is_natural(flat, tensor.dtype) else [convert(leaf) for leaf in flat]
    except LossyValue:
        raise _bad_leaf(flat, shape, convert, at) from None
    return np.array(converted, dtype=tensor.dtype).reshape(shape)


def _shape(value: Any) -> tuple[int, ...]:
    """The shape that the first elements promise; raggedness shows when the leaves are read."""
    shape: list[int] = []
    while isinstance(value, list):
        shape.append(len(value))
        if not value:
            break
        value = value[0]
    return tuple(shape)


def _fits(shape: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    if shape and shape[-1] == 0 and len(shape) < len(wanted):
        return len(shape) == 1  # no rows at all
    return len(shape) == len(wanted) and all(want in (-1, have) for have, want in zip(shape, wanted, strict=True))


def _written(shape: tuple[int, ...]) -> str:
    return "(" + ", ".join("any" if length == -1 else str(length) for length in shape) + ")"


def _leaves(value: Any, shape: tuple[int, ...], at: Loc) -> Iterator[Any]:
    if not shape:
        if isinstance(value, (list, dict)):
            raise invalid("the nesting differs between rows", at)
        yield value
        return
    if not isinstance(value, list) or len(value) != shape[0]:
        raise invalid(f"a list of {shape[0]} elements is needed here, as in the first row", at)
    if len(shape) == 1 and not any(isinstance(leaf, (list, dict)) for leaf in value):
        yield from value
        return
    for i, each in enumerate(value):
        yield from _leaves(each, shape[1:], (*at, i))


def _is_natural(flat: list[Any], dtype: np.dtype[Any]) -> bool:
    """Whether the types alone say that nothing is lost."""
    types = set(map(type, flat))
    return (dtype == np.float64 and types <= _DOUBLES) or (dtype.kind == "U" and types == {str})


def _converter(dtype: np.dtype[Any]) -> Callable[[Any], Any]:
    if dtype.kind in "iu":
        return _integers(dtype)
    if dtype.kind == "b":
        return to_boolean
    if dtype.kind == "U":
        return to_string
    return _doubles if dtype.itemsize >= 8 else _floats(dtype)


def _doubles(value: Any) -> float:
    return NAN if value is None else to_double(value)


def _integers(dtype: np.dtype[Any]) -> Callable[[Any], int]:
    limits = np.iinfo(dtype)

    def convert(value: Any) -> int:
        number = int(value) if type(value) is float and value.is_integer() else value
        if type(number) is not int:
            raise LossyValue("is not an integer")
        if not limits.min <= number <= limits.max:
            raise LossyValue(f"does not fit into {dtype.name}")
        return number

    return convert


def _floats(dtype: np.dtype[Any]) -> Callable[[Any], float]:
    largest = float(np.finfo(dtype).max)

    def convert(value: Any) -> float:
        if value is None:
            return NAN
        number = to_float(value)
        if abs(number) > largest:
            raise LossyValue(f"does not fit into {dtype.name}")
        return number

    return convert


def _bad_leaf(flat: list[Any], shape: tuple[int, ...], convert: Callable[[Any], Any], at: Loc) -> Exception:
    for position, leaf in enumerate(flat):
        try:
            convert(leaf)
        except LossyValue as reason:
            place = [int(i) for i in np.unravel_index(position, shape)] if shape else []
            message = f"element {place}: {quote_value(leaf)} {reason}"
            return invalid(message, (*at, *place), f"{quote_value(leaf)} {reason}")
    raise AssertionError("all elements can be converted")
