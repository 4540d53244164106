"""SageMaker's files in, Databricks' tables out."""

import datetime as dt
import json
import subprocess
import sys
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from monitor.domain.statistics.baselines.baseline import Baseline
from monitor.domain.statistics.baselines.sagemaker import baseline_from_statistics, expectations_from_constraints
from monitor.domain.statistics.drift.compare import drift_of_table
from monitor.domain.statistics.exports.databricks import RowContext, as_table, drift_rows, profile_rows
from monitor.domain.statistics.exports.schemas import DRIFT_METRICS, PROFILE_METRICS
from monitor.domain.statistics.profiles import reading
from monitor.domain.statistics.profiles.builder import ProfileBuilder
from monitor.domain.statistics.quality.model import model_quality
from monitor.domain.statistics.slices import Slice


def statistics(values: np.ndarray) -> dict[str, Any]:
    counts, limits = np.histogram(values, bins=10)
    buckets = [
        {"lower_bound": low, "upper_bound": high, "count": int(count)}
        for low, high, count in zip(limits[:-1].tolist(), limits[1:].tolist(), counts, strict=True)
    ]
    return {
        "version": 0.0,
        "dataset": {"item_count": 1_000},
        "features": [
            {
                "name": "age",
                "inferred_type": "Fractional",
                "numerical_statistics": {
                    "common": {"num_present": 990, "num_missing": 10},
                    "mean": values.mean(),
                    "sum": values.sum(),
                    "std_dev": values.std(),
                    "min": values.min(),
                    "max": values.max(),
                    "distribution": {"kll": {"buckets": buckets, "sketch": {"parameters": {"c": 0.64, "k": 2048}}}},
                },
            },
            {
                "name": "state",
                "inferred_type": "String",
                "string_statistics": {
                    "common": {"num_present": 1_000, "num_missing": 0},
                    "distinct_count": 2.0,
                    "distribution": {
                        "categorical": {"buckets": [{"value": "CA", "count": 600}, {"value": "NY", "count": 400}]}
                    },
                },
            },
            {"name": "empty", "inferred_type": "Unknown"},
        ],
    }


@pytest.fixture(scope="module")
def ages() -> Any:
    return np.random.default_rng(50).normal(40, 10, 990)


def test_sagemakers_statistics_are_a_baseline(ages: Any) -> None:
    baseline = baseline_from_statistics(json.loads(json.dumps(statistics(ages))))
    age: Any = baseline.column("age")
    assert (age.count, age.nulls, age.moments.mean) == (1_000, 10, ages.mean())
    assert reading.standard_deviation(age, ddof=0) == pytest.approx(ages.std())
    assert age.bin_counts.counts == tuple(np.histogram(ages, bins=10)[0].tolist())
    assert reading.quantiles(age, [0.5])[0] == pytest.approx(np.median(ages), abs=2)
    builder = ProfileBuilder(frozen=baseline.frozen())
    rng = np.random.default_rng(51)
    builder.add(pa.record_batch({"age": rng.normal(60, 10, 800), "state": ["CA"] * 300 + ["NY"] * 200 + ["TX"] * 300}))
    found = {one.column: one for one in drift_of_table(builder.finish(), baseline)}
    assert set(found) == {"age", "state"}
    assert found["age"].wasserstein == pytest.approx(2, abs=0.15)
    assert found["state"].new_value_rate == pytest.approx(3 / 8)


def test_sagemakers_constraints_are_expectations() -> None:
    found = expectations_from_constraints(
        {
            "version": 0.0,
            "features": [
                {
                    "name": "age",
                    "inferred_type": "Integral",
                    "completeness": 0.99,
                    "num_constraints": {"is_non_negative": True},
                },
                {
                    "name": "state",
                    "inferred_type": "String",
                    "completeness": 1.0,
                    "string_constraints": {"domains": ["CA", "NY"]},
                },
                {"name": "empty", "inferred_type": "Unknown"},
            ],
            "monitoring_config": {"domain_content_threshold": 0.9},
        }
    )
    assert (found[0].kind, found[0].completeness, found[0].minimum) == ("numeric", 0.99, 0)
    assert (found[1].kind, found[1].values, found[1].values_share) == ("categorical", ("CA", "NY"), 0.9)
    assert (found[2].kind, found[2].completeness) == (None, None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda document: document.pop("dataset"), "dataset is missing"),
        (lambda document: document.update(features={}), "features is not a list"),
        (lambda document: document["features"][0].pop("name"), r"features\[0\].name is missing"),
        (lambda document: document["features"][0]["numerical_statistics"].pop("mean"), "mean is missing"),
        (lambda document: document["features"][0]["numerical_statistics"].update(min="low"), "min is not a number"),
        (
            lambda document: document["features"][0]["numerical_statistics"].update(max=float("inf")),
            "max is not finite",
        ),
        (lambda document: document["features"][0]["numerical_statistics"].update(distribution=[1]), "is no object"),
        (lambda document: document["dataset"].update(item_count=float("nan")), "not finite"),
        (
            lambda document: document["features"][0]["numerical_statistics"].update(
                distribution={"kll": {"buckets": 3}}
            ),
            "no list",
        ),
    ],
)
def test_other_documents_are_refused(ages: Any, change: Any, message: Any) -> None:
    document = statistics(ages)
    change(document)
    with pytest.raises(ValueError, match=message):
        baseline_from_statistics(document)


@pytest.mark.parametrize(
    "change", [{"monitoring_config": [1]}, {"features": [{"name": "a", "string_constraints": {"domains": "CA"}}]}]
)
def test_other_constraints_are_refused(change: Any) -> None:
    with pytest.raises(ValueError, match=r"is no object|are no list"):
        expectations_from_constraints({"features": [], **change})


@pytest.fixture(scope="module")
def window() -> Any:
    rng = np.random.default_rng(52)
    rows = [
        pa.record_batch({"x": pa.array([None, *rng.normal(size=999)]), "s": rng.choice(["a", "b"], 1_000)})
        for _ in range(2)
    ]
    baseline = Baseline.from_batches(lambda: rows[:1])
    builder = ProfileBuilder(frozen=baseline.frozen())
    builder.add(rows[1])
    return builder.finish(), baseline


CONTEXT = RowContext(
    dt.datetime(2026, 11, 1, tzinfo=dt.UTC),
    dt.datetime(2026, 11, 1, 1, tzinfo=dt.UTC),
    "1 hour",
    model_version="v1",
    slice=Slice("region", "eu"),
)


def test_profile_metrics(window: Any) -> None:
    profile, _ = window
    quality = model_quality(["a", "b"], ["a", "a"], "classification", {"a": [0.9, 0.6]})
    table = as_table(profile_rows(profile, CONTEXT, quality=quality), PROFILE_METRICS)
    whole, x, s = table.to_pylist()
    assert [row["column_name"] for row in (whole, x, s)] == [":table", "x", "s"]
    assert (whole["count"], whole["non_null_columns"], whole["accuracy_score"]) == (1_000, ["x", "s"], 0.5)
    assert dict(whole["precision"]["one_vs_all"]) == {"a": 0.5, "b": 0.0}
    assert whole["confusion_matrix"][1] == {"prediction": "a", "label": "b", "count": 1}
    assert (x["log_type"], x["slice_key"], x["slice_value"], x["model_version"]) == ("INPUT", "region", "eu", "v1")
    assert (x["count"], x["num_nulls"], x["percent_null"], x["data_type"]) == (1_000, 1, 0.1, "double")
    assert len(x["quantiles"]) == 1_000
    assert (x["quantiles"][0], x["quantiles"][-1]) == (x["min"], x["max"])
    assert (s["avg"], s["max_length"], s["distinct_count"], s["percent_distinct"]) == (None, 1, 2, 0.2)
    assert sum(item["count"] for item in s["frequent_items"]) == 1_000
    assert table.schema.names[:5] == [
        "window",
        "log_type",
        "logging_table_commit_version",
        "monitor_version",
        "granularity",
    ]


def test_drift_metrics(window: Any) -> None:
    profile, baseline = window
    rows = drift_rows(drift_of_table(profile, baseline), profile, baseline.profile, CONTEXT)
    whole, x, s = as_table(rows, DRIFT_METRICS).to_pylist()
    assert (whole["count_delta"], whole["non_null_columns_delta"]) == (0, {"added": 0, "missing": 0})
    assert (x["drift_type"], x["window_cmp"], x["js_distance"]) == ("BASELINE", None, None)
    assert 0 < x["ks_test"]["statistic"] < 0.1
    assert 0 < x["wasserstein_distance"] < 0.2
    assert (s["ks_test"], s["percent_distinct_delta"]) == (None, 0)
    assert 0 <= s["js_distance"] < 0.1
    before = (dt.datetime(2026, 10, 31, 23, tzinfo=dt.UTC), CONTEXT.start)
    rows = drift_rows([], profile, baseline.profile, CONTEXT, drift_type="CONSECUTIVE", compared=before)
    assert as_table(rows, DRIFT_METRICS).to_pylist()[1]["window_cmp"] == {"start": before[0], "end": before[1]}


def test_regression_has_its_own_columns(window: Any) -> None:
    quality = model_quality([1.0, 2.0], [1.0, 3.0], "regression")
    whole = as_table(profile_rows(window[0], CONTEXT, quality=quality), PROFILE_METRICS).to_pylist()[0]
    assert (whole["mean_squared_error"], whole["mean_average_error"], whole["accuracy_score"]) == (0.5, 0.5, None)


def test_definitions_and_verdicts_load_no_numbers() -> None:
    """What a process imports at its start stays small; and nothing at all imports SciPy or scikit-learn by itself."""
    light = [
        "kinds",
        "slices",
        "judging.states",
        "judging.drift",
        "judging.quality",
        "judging.correction",
        "drift.figures",
    ]
    heavy = [*light, "drift.compare", "drift.samples", "quality.data_quality", "quality.model", "estimates.cbpe"]
    program = """
import importlib, json, sys
def loaded(names):
    for name in names:
        importlib.import_module("monitor.domain.statistics." + name)
    return [name for name in ("numpy", "pyarrow", "datasketches", "scipy", "sklearn", "pandas") if name in sys.modules]
light, heavy = json.loads(sys.argv[1])
print(json.dumps([loaded(light), loaded(heavy)]))
"""
    answer = subprocess.run(
        [sys.executable, "-c", program, json.dumps([light, heavy])], check=True, capture_output=True, timeout=60
    )
    assert json.loads(answer.stdout) == [[], ["numpy", "pyarrow", "datasketches"]]
