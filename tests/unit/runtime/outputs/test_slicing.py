"""Which answers are rows, and how they are cut."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.sharing_models import ROWS, WHOLE
from penstock_runtime.outputs.encoding import encode_output
from penstock_runtime.outputs.equality import are_equal
from penstock_runtime.outputs.slicing import split_plain, split_typed, structure_of
from penstock_runtime.outputs.structures import OutputStructure, StructureReferences


def predictions(output: Any) -> Any:
    return json.loads(encode_output(output, strict=True))["predictions"]


@pytest.mark.parametrize("output", [np.arange(3), list(range(3)), pd.Series(range(3))])
def test_rows_are_split_by_caller(output: Any) -> None:
    assert structure_of(output, 3) is not None
    assert [predictions(part) for part in split_plain(output, [1, 2])] == [[0], [1, 2]]


def test_frames_and_named_arrays_are_split_by_row() -> None:
    assert split_plain(pd.DataFrame({"a": [1, 2]}), [1, 1]) == [[{"a": 1}], [{"a": 2}]]
    parts = split_plain({"x": np.arange(2), "y": [[1], [2]]}, [1, 1])
    assert [predictions(part) for part in parts] == [{"x": [0], "y": [[1]]}, {"x": [1], "y": [[2]]}]


@pytest.mark.parametrize("output", [np.arange(4), [1], "abc", 7, {"x": [1, 2, 3], "y": [1]}, {}, None, np.float64(1)])
def test_other_row_counts_have_no_structure(output: Any) -> None:
    assert structure_of(output, 3) is None


@pytest.mark.parametrize("name", sorted(ROWS))
def test_each_caller_gets_what_it_gets_alone(name: str) -> None:
    values = np.array([0.5, -1.25, 3.0, 0.125, -2.0])
    for whole, alone in zip(split_typed(ROWS[name](values), [2, 3]), (values[:2], values[2:]), strict=True):
        assert are_equal(whole, ROWS[name](alone))
    for whole, alone in zip(split_plain(ROWS[name](values), [2, 3]), (values[:2], values[2:]), strict=True):
        assert predictions(whole) == predictions(ROWS[name](alone))


@pytest.mark.parametrize("rows", [1, 2, 3])
@pytest.mark.parametrize(
    "name",
    ["list of two arrays", "list of three arrays", "list of frames", "tuple", "named tuple", "tuple of values", "set",
     "scalar beside rows", "tuples by name", "text", "nothing", "scalar", "object array of arrays"],
)  # fmt: skip
def test_what_is_no_row_has_no_structure_whatever_its_length(name: str, rows: int) -> None:
    assert structure_of(WHOLE[name](np.linspace(0.5, 1.5, rows)), rows) is None


def test_a_length_shows_rows_only_where_others_had_another() -> None:
    references = StructureReferences()
    references.add(OutputStructure("list", frozenset({"str"})), 2)
    assert not references.allows(OutputStructure("list", frozenset({"str"})), 2)
    assert references.allows(OutputStructure("list", frozenset({"str"})), 3)
    references.add(OutputStructure("list", frozenset({"str"})), 5)
    assert references.allows(OutputStructure("list", frozenset({"str"})), 2)
    assert not references.allows(OutputStructure("list", frozenset({"int"})), 3)
    assert StructureReferences.from_dict(references.to_dict()) == references


@pytest.mark.parametrize(
    ("one", "other", "wanted"),
    [
        (1.0, 1.0 + 1e-7, True),
        (1.0, 1.0 + 1e-5, False),
        (np.float32(1), np.float32(1 + 1e-5), True),
        (np.array([1e6, 1.0]), np.array([1e6, 1.001]), False),
        (np.array([np.nan]), np.array([np.nan]), True),
        (1, 1.0, False),
        (1, True, False),
        ([1, 2], (1, 2), False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, False),
        (np.array(["a", "bc"]), np.array(["a", "bc"], dtype="U9"), True),
        (np.array([1]), np.array([1], dtype=np.int32), False),
        (pd.Series([1.0]), pd.Series([1]), False),
        (pd.DataFrame({"a": [1], "b": [2]}), pd.DataFrame({"b": [2], "a": [1]}), False),
        (pd.Series([1, None], dtype="Int64"), pd.Series([1, None], dtype="Int64"), True),
        (pd.Series(pd.Categorical(["a"], ["a"])), pd.Series(pd.Categorical(["a"], ["a", "b"])), True),
        (pd.NaT, pd.NaT, True),
        (None, None, True),
        (None, float("nan"), False),
        (object(), object(), False),
    ],
)
def test_equal(one: Any, other: Any, wanted: bool) -> None:
    assert are_equal(one, other) is wanted
