"""Noise floors are exceeded as often as they say, without any drift."""

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from monitor.domain.statistics.baselines.baseline import Baseline
from monitor.domain.statistics.drift import distances, floors
from monitor.domain.statistics.drift.compare import drift, drift_of_table, is_comparable
from monitor.domain.statistics.drift.hypothesis_tests import homogeneity
from monitor.domain.statistics.judging.drift import DriftRule, judge_drift, worst
from monitor.domain.statistics.profiles.builder import ProfileBuilder
from monitor.domain.statistics.profiles.table import TableProfile
from monitor.domain.statistics.slices import Slice

BINNED = ("psi", "js_distance", "chi_squared", "tv_distance", "l_infinity")


def exceeded(windows: int, rows: int, window_rows: int, seed: int) -> dict[str, float]:
    """The share of windows whose figure is above its floor; every window has a baseline of its own."""
    rng = np.random.default_rng(seed)
    times = dict.fromkeys((*BINNED, "ks", "wasserstein", "p_value"), 0)
    for _ in range(windows):
        before, now = np.sort(rng.normal(size=rows)), np.sort(rng.normal(size=window_rows))
        edges = [-np.inf, *np.quantile(before, np.arange(1, 10) / 10), np.inf]
        reference, current = (np.histogram(sample, edges)[0].astype(float) for sample in (before, now))
        test = homogeneity(reference, current)
        found = floors.binned_floors(reference, current)
        values = {name: getattr(distances, name)(reference, current) for name in BINNED if name != "chi_squared"}
        values["chi_squared"] = math.sqrt(test.statistic / (rows + window_rows))
        weighted = (before, np.ones(rows)), (now, np.ones(window_rows))
        found["ks"] = floors.ks_floor(rows, window_rows)
        values["ks"] = distances.ks_statistic(*weighted)
        found["wasserstein"] = floors.wasserstein_floor(*weighted[0], before.std(), 1 / rows + 1 / window_rows)
        values["wasserstein"] = distances.wasserstein(*weighted) / before.std()
        for name, value in values.items():
            times[name] += value > found[name]
        times["p_value"] += test.p_value < floors.LEVEL
    return {name: count / windows for name, count in times.items()}


def test_floors_hold_in_a_few_windows() -> None:
    for name, share in exceeded(150, 2_000, 600, seed=7).items():
        assert share <= 0.04, name


@pytest.mark.long
def test_floors_hold_in_a_thousand_windows() -> None:
    """The binomial spread of 1 % over 1,000 windows is 0.3 %."""
    found = exceeded(1_000, 3_000, 1_000, seed=8)
    for name, share in found.items():
        assert share <= 0.02, name
    for name in ("psi", "js_distance", "ks", "p_value"):
        assert found[name] >= 0.002, name


def test_a_range_and_categories_have_a_floor_for_new_values() -> None:
    rng = np.random.default_rng(9)
    times = 0
    for _ in range(300):
        before, now = rng.normal(size=1_000), rng.normal(size=1_000)
        rate = ((now < before.min()) | (now > before.max())).mean()
        times += int(rate > floors.new_value_floor(2, 1_000, 1_000))
    assert times / 300 <= 0.02
    assert floors.new_value_floor(0, 0, 10) == 0
    assert floors.new_value_floor(50, 60, 10) == 1


def table(rng: np.random.Generator, rows: int, shift: float = 0.0, extra: str = "c") -> pa.RecordBatch:
    return pa.record_batch(
        {
            "x": rng.normal(shift, 1, rows),
            "y": rng.exponential(size=rows),
            "s": rng.choice(["a", "b", extra], rows, p=[0.5, 0.3, 0.2]),
            "free": [f"{number}" * 70 for number in range(1000, 1000 + rows)],
        }
    )


def window(rows: pa.RecordBatch, baseline: Baseline) -> TableProfile:
    builder = ProfileBuilder(frozen=baseline.frozen())
    builder.add(rows)
    return builder.finish()


@pytest.fixture(scope="module")
def baseline() -> Any:
    rows = table(np.random.default_rng(10), 5_000)
    return Baseline.from_batches(lambda: [rows])


def test_a_window_like_its_baseline(baseline: Any) -> None:
    found = drift_of_table(window(table(np.random.default_rng(11), 2_000), baseline), baseline, Slice("region", "eu"))
    by_name: dict[str, Any] = {one.column: one for one in found}
    assert set(by_name) == {"x", "y", "s"}
    assert by_name["x"].slice == Slice("region", "eu")
    assert (by_name["x"].rows, by_name["x"].baseline_rows) == (2_000, 5_000)
    assert (by_name["x"].bins, by_name["s"].bins) == (10, 3)
    for one in found:
        for metric, floor in one.floors.items():
            value = one.value(metric)
            assert value is not None
            assert value <= floor, (one.column, metric)
    assert by_name["s"].ks is None
    assert worst(judge_drift(found, DriftRule())) == "ok"


def test_a_window_that_has_moved(baseline: Any) -> None:
    found = drift_of_table(window(table(np.random.default_rng(12), 2_000, shift=0.4, extra="d"), baseline), baseline)
    by_name: dict[str, Any] = {one.column: one for one in found}
    assert by_name["x"].wasserstein == pytest.approx(0.4, abs=0.07)
    # Of two normal distributions 0.4 deviations apart: 2 Φ(0.2) - 1.
    assert by_name["x"].ks.statistic == pytest.approx(0.159, abs=0.04)
    assert by_name["s"].new_value_rate == pytest.approx(0.2, abs=0.03)
    assert by_name["s"].psi > 1
    verdicts = {one.column: one.state for one in judge_drift(found, DriftRule())}
    assert verdicts == {"x": "warning", "y": "ok", "s": "critical"}
    rule = DriftRule(metric="new_value_rate", warning=0.01, critical=0.1)
    assert {one.column: one.state for one in judge_drift(found, rule)} == {"x": "ok", "y": "ok", "s": "critical"}


def test_what_cannot_be_compared_is_refused(baseline: Any) -> None:
    builder = ProfileBuilder()
    builder.add(pa.record_batch({"x": ["a", "b"], "s": [1, 2], "free": ["a", "b"]}))
    for name, column in builder.finish().columns.items():
        assert not is_comparable(column, baseline.column(name))
        with pytest.raises(ValueError, match=f"column '{name}'"):
            drift(column, baseline.column(name))


def test_columns_without_values_have_no_figures(baseline: Any) -> None:
    rows = pa.record_batch({"x": pa.nulls(5, pa.float64()), "s": pa.nulls(5, pa.string())})
    found = drift_of_table(window(rows, baseline), baseline)
    assert [(one.column, one.rows, one.psi) for one in found] == [("x", 0, None), ("s", 0, None)]
    assert worst(judge_drift(found, DriftRule())) == "insufficient_data"
    assert {one.state for one in judge_drift(found, DriftRule(min_sample=0))} == {"error"}


@pytest.mark.parametrize(
    ("drawn", "with_new"),
    [
        (lambda rng, rows: rng.integers(0, 10**9, rows).astype(str), "ok"),  # each value once
        (lambda rng, rows: (rng.zipf(1.3, rows) % 10_000).astype(str), "warning"),  # hundreds, a few of them frequent
        (lambda rng, rows: rng.choice(["red", "white"], rows), "critical"),
    ],
)
def test_texts_of_one_distribution_do_not_drift_however_many_they_are(drawn: Any, with_new: Any) -> None:
    rng = np.random.default_rng(3)
    before = pa.record_batch({"text": drawn(rng, 900)})
    frozen = Baseline.from_batches(lambda: [before])
    alarms = 0
    for _ in range(20):
        found = drift_of_table(window(pa.record_batch({"text": drawn(rng, 1_000)}), frozen), frozen)
        alarms += worst(judge_drift(found, DriftRule("psi", 0.1, 0.25))) != "ok"
    assert alarms == 0
    new = window(pa.record_batch({"text": [*drawn(rng, 700), *["blue"] * 300]}), frozen)
    assert worst(judge_drift(drift_of_table(new, frozen), DriftRule("psi", 0.1, 0.25))) == with_new
