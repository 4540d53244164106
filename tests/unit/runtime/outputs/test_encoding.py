"""Everything that a model may return, as JSON."""

from __future__ import annotations

import datetime
import decimal
import enum
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlflow.utils.proto_json_utils import NumpyEncoder

from penstock_runtime.outputs.encoding import UnencodableOutput, encode_output


class Word(str, enum.Enum):  # noqa: UP042 — whose `str()` is its name, unlike a StrEnum's
    A = "a"


class Number(enum.IntEnum):
    ONE = 1


def predictions(output: Any) -> Any:
    return json.loads(encode_output(output, strict=True))["predictions"]


@pytest.mark.parametrize(
    ("output", "wanted"),
    [
        (np.array([1.5, 2.5]), [1.5, 2.5]),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        (np.array(["a", "b"]), ["a", "b"]),
        (np.array([True]), [True]),
        (np.array(["2024-01-02", "NaT"], dtype="datetime64[D]"), ["2024-01-02", None]),
        (np.array([np.int64(1), "x", None], dtype=object), [1, "x", None]),
        (np.float32(0.5), 0.5),
        (pd.Series([1, 2]), [1, 2]),
        (pd.Series(["a", None], dtype=object), ["a", None]),
        (pd.Series(pd.Categorical(["u", "v"])), ["u", "v"]),
        (pd.Series([pd.Timestamp("2024-01-02"), pd.NaT]), ["2024-01-02T00:00:00", None]),
        (pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}), [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]),
        ([1, "two", None, 3.0], [1, "two", None, 3.0]),
        ({"label": np.array(["x"]), "score": [np.float64(0.5)]}, {"label": ["x"], "score": [0.5]}),
        ("text", "text"),
        ([decimal.Decimal("1.10")], ["1.10"]),
        ([b"\x00\x01"], ["AAE="]),
        ([datetime.datetime(2024, 1, 2, tzinfo=datetime.UTC)], ["2024-01-02T00:00:00+00:00"]),
        ({1: (1, 2)}, {"1": [1, 2]}),
        ([pd.NA], [None]),
        (None, None),
        ([2**70, {"n": -(2**64)}], [2**70, {"n": -(2**64)}]),
        (pd.DataFrame({"n": [2**100]}), [{"n": 2**100}]),
        (np.array([2**65, 1], dtype=object), [2**65, 1]),
        ([Word.A, {Word.A: Number.ONE}], ["a", {"a": 1}]),
        (pd.Series([2**53 + 1, None], dtype="Int64"), [2**53 + 1, None]),
        ({"n": pd.Series([2**64 - 1, None], dtype="UInt64")}, {"n": [2**64 - 1, None]}),
        (pd.DataFrame({"n": pd.Series([2**53 + 1, None], dtype="Int64")}), [{"n": 2**53 + 1}, {"n": None}]),
    ],
)
def test_written(output: Any, wanted: Any) -> None:
    assert predictions(output) == wanted


@pytest.mark.parametrize("output", [np.array([1.0, np.nan, -np.inf]), [1.0, float("nan"), float("-inf")]])
def test_what_is_no_number_becomes_null_and_is_said(output: Any) -> None:
    answer = json.loads(encode_output(output, strict=True))
    assert answer["predictions"] == [1.0, None, None]
    assert [warning["loc"] for warning in answer["warnings"]] == [["predictions", 1], ["predictions", 2]]
    assert json.loads(encode_output(output, strict=False)) == {"predictions": [1.0, None, None]}


def test_warnings_are_bounded() -> None:
    assert len(json.loads(encode_output(np.full(1000, np.nan), strict=True))["warnings"]) == 101


@pytest.mark.parametrize("output", [object(), [1j], ["\ud800"], [10**5000]])
def test_what_json_cannot_say(output: Any) -> None:
    with pytest.raises(UnencodableOutput):
        encode_output(output, strict=True)


@pytest.mark.parametrize(
    "keys",
    [(True, False, None), (1, 2.5, -0.0), ("a", Word.A.value), (Word.A,), (Number.ONE,), (float("nan"),), (10**30,)],
)
def test_keys_are_spelt_as_mlflow_spells_them(keys: tuple[Any, ...]) -> None:
    output = dict.fromkeys(keys, 0)
    assert list(predictions(output)) == list(json.loads(json.dumps(output, cls=NumpyEncoder)))


@pytest.mark.parametrize(
    "output",
    [
        {1: "one", "1": "text"},
        {None: 0, "null": 1},
        {True: 0, "true": 1},
        [{1.0: 0, "1.0": 1}],
        {np.int64(1): 0, "1": 1},
        {("a", 1): 0, "('a', 1)": 1},
        pd.DataFrame([[1.5, 2.5]], columns=["p", "p"]),
        pd.DataFrame([[1.5, 2.5]], columns=[1, "1"]),
        pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("p", "q"), ("p", "q")])),
    ],
)
def test_no_value_is_lost_where_two_keys_are_the_same_text(output: Any) -> None:
    with pytest.raises(UnencodableOutput, match="has two keys that are both"):
        encode_output(output, strict=True)
