"""Everything that a model may return, as JSON."""

from __future__ import annotations

import datetime
import decimal
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from penstock_runtime.outputs import NotJson, encode


def predictions(output: Any) -> Any:
    return json.loads(encode(output, strict=True))["predictions"]


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
    ],
)
def test_written(output: Any, wanted: Any) -> None:
    assert predictions(output) == wanted


@pytest.mark.parametrize("output", [np.array([1.0, np.nan, -np.inf]), [1.0, float("nan"), float("-inf")]])
def test_what_is_no_number_becomes_null_and_is_said(output: Any) -> None:
    answer = json.loads(encode(output, strict=True))
    assert answer["predictions"] == [1.0, None, None]
    assert [warning["loc"] for warning in answer["warnings"]] == [["predictions", 1], ["predictions", 2]]
    assert json.loads(encode(output, strict=False)) == {"predictions": [1.0, None, None]}


def test_warnings_are_bounded() -> None:
    assert len(json.loads(encode(np.full(1000, np.nan), strict=True))["warnings"]) == 101


@pytest.mark.parametrize("output", [object(), [1j], [2**70]])
def test_what_json_cannot_say(output: Any) -> None:
    with pytest.raises(NotJson):
        encode(output, strict=True)
