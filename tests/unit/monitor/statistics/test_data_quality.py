"""Checks of data: nulls, range, new categories, types, columns."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from monitor.domain.statistics.baselines.baseline import Baseline
from monitor.domain.statistics.baselines.expectations import ColumnExpectation
from monitor.domain.statistics.profiles.builder import ProfileBuilder
from monitor.domain.statistics.quality.data_quality import data_quality
from monitor.domain.statistics.slices import Slice


def profile(columns: Any, frozen: Any = None) -> Any:
    builder = ProfileBuilder(frozen=frozen)
    builder.add(pa.record_batch(columns))
    return builder.finish()


def checks(found: Any) -> Any:
    return {(one.check, one.column): one for one in found}


@pytest.fixture(scope="module")
def baseline() -> Any:
    rng = np.random.default_rng(40)
    rows = pa.record_batch(
        {
            "x": pa.array([None, *rng.uniform(0, 1, 999)]),
            "s": pa.array(["a", "b"] * 500),
            "flag": pa.array([True, False] * 500),
            "gone": pa.array(range(1_000)),
        }
    )
    return Baseline.from_batches(lambda: [rows])


def test_against_a_baseline(baseline: Any) -> None:
    window = profile(
        {
            "x": pa.array([None, None, 0.5, 7.0, float("nan"), 0.2, 0.2, 0.2]),
            "s": pa.array(["a", "c", None, "b", "b", "b", "d", "d"]),
            "flag": pa.array(["true"] * 8),
            "new": pa.array([1] * 8),
        },
        baseline.frozen(),
    )
    found = checks(data_quality(window, baseline, slice=Slice("region", "eu")))
    assert {one.slice for one in found.values()} == {Slice("region", "eu")}
    assert found["rows", None].value == 8
    assert (found["null_rate", "x"].value, found["null_rate", "x"].expected) == (0.25, 0.001)
    assert found["nan_rate", "x"].value == 0.125
    assert found["out_of_range_rate", "x"].value == pytest.approx(1 / 5)
    new = found["new_value_rate", "s"]
    assert (new.value, new.rows, new.detail) == (pytest.approx(3 / 7), 7, "d, c")
    assert (found["data_type", "x"].value, found["data_type", "s"].value) == (0, 0)
    assert found["data_type", "flag"].value == 1
    assert found["data_type", "flag"].detail == "categorical instead of boolean"
    assert found["missing_column", "gone"].value == 1
    assert (found["extra_column", "new"].value, found["extra_column", "x"].value) == (1, 0)


def test_whole_numbers_are_no_other_type_than_fractions(baseline: Any) -> None:
    window = profile({"gone": pa.array([1.0, 2.0])}, baseline.frozen())
    assert checks(data_quality(window, baseline))["data_type", "gone"].value == 0


def test_shares_come_with_their_margin() -> None:
    few, many = (checks(data_quality(profile({"x": pa.array([None, 1.0] * rows)}))) for rows in (10, 10_000))
    assert few["null_rate", "x"].margin > 0.2
    assert many["null_rate", "x"].margin < 0.01
    assert few["null_rate", "x"].expected is None
    assert ("extra_column", "x") not in few


def test_expectations_stand_before_the_baseline(baseline: Any) -> None:
    wanted = [
        ColumnExpectation("x", data_type="double", completeness=0.9, minimum=0.25, maximum=0.75),
        ColumnExpectation("s", kind="numeric", values=("a",), values_share=0.5),
        ColumnExpectation("absent"),
    ]
    window = profile({"x": pa.array([0.0, 0.5, 0.5, 1.0]), "s": pa.array(["a", "b", "b", "z"])}, baseline.frozen())
    found = checks(data_quality(window, baseline, wanted))
    assert found["out_of_range_rate", "x"].value == 0.5
    assert found["null_rate", "x"].expected == pytest.approx(0.1)
    assert (found["new_value_rate", "s"].value, found["new_value_rate", "s"].expected) == (0.75, 0.5)
    assert found["new_value_rate", "s"].detail == "b, z"
    assert found["data_type", "s"].detail == "categorical instead of numeric"
    assert found["missing_column", "absent"].value == 1


def test_one_value_outside_is_found_among_many() -> None:
    values = np.append(np.random.default_rng(41).uniform(0, 1, 50_000), -3.0)
    found = checks(data_quality(profile({"x": pa.array(values)}), expectations=[ColumnExpectation("x", minimum=0.0)]))
    assert found["out_of_range_rate", "x"].value == pytest.approx(1 / 50_001)


def test_an_empty_window(baseline: Any) -> None:
    found = checks(data_quality(profile({"x": pa.array([], pa.float64())}, baseline.frozen()), baseline))
    assert (found["rows", None].value, found["null_rate", "x"].value) == (0, 0)
    assert ("out_of_range_rate", "x") not in found
