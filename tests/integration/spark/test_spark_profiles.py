"""Profiles and drift on Spark: each window once, of the rows that are there; what it may not do is refused."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from monitor.domain.rules.slicing import MOST_SLICES
from monitor.domain.statistics.baselines.baseline import Baseline
from monitor.domain.statistics.exports.databricks import as_table
from monitor.domain.statistics.exports.schemas import DRIFT_METRICS, PROFILE_METRICS
from monitor.store.inference_tables.places import TablePlace
from monitor.store.inference_tables.writing import replace_window
from quality_tables import HOUR, NOON, wine_rows
from quality_tables import Lake as TablesOfWine
from shared.errors import Conflict
from spark_engine.local_spark import LocalSpark
from spark_engine.profiled import (
    WINDOWS,
    MonitorMetrics,
    Profiled,
    assert_equal,
    assert_metrics,
    comparable,
    metric_rows,
    write_rows,
)

pytestmark = [pytest.mark.spark, pytest.mark.long, pytest.mark.timeout(1200)]


@pytest.fixture
def profiled(tmp_path: Path) -> Profiled:
    return Profiled(tmp_path)


def test_a_second_run_replaces_its_windows_and_no_others(profiled: Profiled, spark: LocalSpark) -> None:
    spark.job(*profiled.job)
    by_day = [*profiled.job, "--granularity", "1 day", "--start", "2026-05-01", "--end", "2026-05-02"]
    spark.job(*by_day)
    write_rows(profiled.table, NOON, 40, seed=5)
    write_rows(profiled.table, NOON + 2 * HOUR, 40, seed=6)
    spark.job(*profiled.job, "--end", WINDOWS[0].end.isoformat())
    rows = metric_rows(profiled.profiles)
    whole = [row for row in rows if row["column_name"] == ":table"]
    counts = [(row["granularity"], row["window"]["start"].hour, row["count"]) for row in whole]
    assert sorted(counts) == [("1 day", 0, 810), ("1 hour", 12, 340), ("1 hour", 13, 0), ("1 hour", 14, 90)]
    spark.job(*profiled.job)
    hourly = [row for row in metric_rows(profiled.profiles) if row["granularity"] == "1 hour"]
    assert len(hourly) == len(MonitorMetrics(profiled.table).profiles(WINDOWS))
    assert polars.scan_delta(str(profiled.profiles)).collect().height == len(metric_rows(profiled.profiles))


def test_columns_and_protocol_are_those_of_the_monitors_tables(profiled: Profiled, spark: LocalSpark) -> None:
    spark.job(*profiled.with_drift)
    rows = MonitorMetrics(profiled.table).profiles(WINDOWS[:1])
    for place, schema in ((profiled.profiles, PROFILE_METRICS), (profiled.drift, DRIFT_METRICS)):
        made = as_table([{name: rows[0].get(name) for name in schema.names}], schema)
        other = profiled.folder / "monitor" / place.name
        replace_window(TablePlace(str(other)), made, WINDOWS[0])
        assert DeltaTable(place).schema().to_json() == DeltaTable(other).schema().to_json()
        assert DeltaTable(place).protocol().min_writer_version == 2
        with pytest.raises(Conflict, match="made by a Spark job"):
            replace_window(TablePlace(str(place)), made, WINDOWS[0])


def test_a_table_of_elsewhere_is_a_baseline_by_the_names_of_the_model(profiled: Profiled, spark: LocalSpark) -> None:
    training = profiled.folder / "training"
    table = as_trained(wine_rows(NOON, 250, seed=3))
    write_deltalake(training, table)
    spark.job(*profiled.job, "--drift-target", str(profiled.drift), "--baseline-table", str(training))
    of_monitor = MonitorMetrics(profiled.table)
    names = ["f_fixed_acidity", "alcohol", "colour"]
    of_monitor.baseline = Baseline.from_batches(lambda: table.rename_columns(names).to_batches())
    assert_metrics(profiled.drift, of_monitor.drift(WINDOWS), DRIFT_METRICS)


def as_trained(rows: dict[str, Any]) -> pa.Table:
    """Training data: features as the model calls them, in types of their own."""
    schema = pa.schema([("fixed acidity", pa.float32()), ("alcohol", pa.decimal128(12, 6)), ("colour", pa.string())])
    alcohol = [Decimal(f"{value:.6f}") for value in rows["alcohol"]]
    given = {"fixed acidity": rows["f_fixed_acidity"], "alcohol": alcohol, "colour": rows["colour"]}
    return pa.table(given).select(schema.names).cast(schema)


def test_labels_are_profiled_by_name_and_a_column_has_so_many_slices(tmp_path: Path, spark: LocalSpark) -> None:
    lake = TablesOfWine(tmp_path)
    lake.label(wine_rows(NOON, 90), [place % 4 for place in range(90)], NOON)
    table, target = tmp_path / "wine/labelled", tmp_path / "spark/labelled_profiles"
    columns = ("label", "fixed acidity")
    job = [
        "profiles",
        "--table",
        str(table),
        "--target",
        str(target),
        "--granularity",
        "1 hour",
        "--slice",
        "prediction",
    ]
    job += ["--start", NOON.isoformat(), "--end", (NOON + HOUR).isoformat()]
    spark.job(*job, *(part for name in columns for part in ("--column", name)))
    rows = metric_rows(target)
    whole = [row for row in rows if row["slice_key"] is None]
    expected = MonitorMetrics(table, columns=columns).profiles(WINDOWS[:1])
    assert_equal(comparable(whole, PROFILE_METRICS), comparable(expected, PROFILE_METRICS))
    assert {row["slice_value"] for row in rows if row["column_name"] == ":table" and row["slice_key"]} == set(
        sorted(str(value) for value in wine_rows(NOON, 90)["prediction"])[:MOST_SLICES]
    )


def test_what_it_may_not_write_or_cannot_read_is_refused(profiled: Profiled, spark: LocalSpark) -> None:
    job, beside = profiled.job, profiled.table.parent
    assert "the platform writes" in spark.refused(*job, "--target", beside / "profile_metrics")
    assert "no Delta table" in spark.refused(*job, "--table", beside / "none")
    shutil.copytree(profiled.table, profiled.folder / "copy")
    assert "not made by Spark" in spark.refused(*job, "--target", profiled.folder / "copy")
    assert "has no column nothing" in spark.refused(*job, "--column", "nothing")
    assert "no column 'nothing'" in spark.refused(*job, "--slice", "nothing > 3")
    assert "tags" in spark.refused(*job, "--slice", "tags")
    drift = ("--drift-target", profiled.drift)
    assert "no rows" in spark.refused(*job, *drift, "--baseline-start", "2020-01-01", "--baseline-end", "2020-01-02")
    write_deltalake(profiled.folder / "other", pa.table({"x": [1.0]}))
    other = ("--baseline-table", profiled.folder / "other")
    assert "none of the columns" in spark.refused(*job, *drift, *other)
    span = ("--baseline-start", "2020-01-01", "--baseline-end", "2020-01-02")
    assert "no column request_time" in spark.refused(*job, *drift, *other, *span)
    assert "no column request_time" in spark.refused(*job, "--table", profiled.folder / "other")
    assert not DeltaTable.is_deltatable(str(profiled.profiles)) or not metric_rows(profiled.profiles)
