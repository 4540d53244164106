"""Which models are asked with the array inside a DataFrame."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from penstock_runtime.payloads.blocks import BlockBuilder, read_block_rows
from penstock_runtime.payloads.parsing import ScoringRequest
from penstock_runtime.payloads.schema import Column, ColumnSchema

NAMES = tuple(f"column_{number}" for number in range(11))


@pytest.fixture
def blocks() -> BlockBuilder:
    return BlockBuilder(ColumnSchema(tuple(Column(name, "double") for name in NAMES)))


def test_a_pipeline_fitted_on_a_frame_is_asked_with_arrays(blocks: BlockBuilder) -> None:
    rows = np.random.default_rng(7).normal(size=(50, len(NAMES)))
    model = make_pipeline(StandardScaler(), Ridge()).fit(pd.DataFrame(rows, columns=list(NAMES)), rows.sum(axis=1))
    blocks.probe_arrays(model.predict)
    assert isinstance(blocks.build(rows), np.ndarray)


def of_frames_only(data: Any) -> Any:
    return data["column_0"].to_numpy()


def of_another_type(data: Any) -> Any:
    return data.sum(axis=1)  # a Series, or an array


def of_another_answer(data: Any) -> Any:
    return np.asarray(data)[:, 0] + isinstance(data, pd.DataFrame)


def of_missing_numbers(data: Any) -> Any:
    filled = data.fillna(0) if isinstance(data, pd.DataFrame) else data
    return np.asarray(filled)[:, 0]


def of_no_missing_numbers(data: Any) -> Any:
    if np.isnan(np.asarray(data)).any():
        raise ValueError("NaN")
    return np.asarray(data)[:, 0]


def of_noise(data: Any) -> Any:
    return np.asarray(data)[:, 0] * (1 + 1e-14 * isinstance(data, pd.DataFrame))


@pytest.mark.parametrize(
    ("predict", "takes_arrays"),
    [
        (of_frames_only, False),
        (of_another_type, False),
        (of_another_answer, False),
        (of_missing_numbers, False),
        (of_no_missing_numbers, True),
        (of_noise, True),
    ],
)
def test_only_models_that_answer_the_same_are_asked_with_arrays(
    blocks: BlockBuilder, predict: Any, takes_arrays: bool
) -> None:
    blocks.probe_arrays(predict)
    assert blocks.takes_arrays is takes_arrays


@pytest.mark.parametrize(
    "request_",
    [
        ScoringRequest("dataframe_split", {"columns": list(NAMES), "data": [[None, *range(10)]]}),
        ScoringRequest("dataframe_records", [dict(zip(NAMES, [None, *range(10)], strict=True))]),
    ],
)
def test_null_in_a_block_is_nan(blocks: BlockBuilder, request_: ScoringRequest) -> None:
    rows = read_block_rows(request_, blocks)
    assert rows is not None
    assert rows.join([]).isna().to_numpy().tolist() == [[True, *[False] * 10]]
