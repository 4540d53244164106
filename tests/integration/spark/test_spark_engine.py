"""The step to inferences on Spark: the same rows as the embedded engine's, each once, whatever is killed."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import polars
import pytest
from deltalake import DeltaTable

from inference_rows import columns
from monitor.domain.statistics.exports.schemas import DRIFT_METRICS, PROFILE_METRICS
from running_services.logged_requests import record
from spark_engine.lake import Lake, asked, described, rows_of
from spark_engine.local_spark import LocalSpark
from spark_engine.profiled import BASELINE, WINDOWS, MonitorMetrics, Profiled, assert_metrics
from waiting.eventually import eventually

pytestmark = [pytest.mark.spark, pytest.mark.timeout(1200)]
FIRST = [*columns(alcohol="double", colour="string"), {"type": "float", "name": "fixed acidity"}]
SECOND = [*columns(alcohol="string", sweet="boolean", scores="double"), {"type": "double", "name": "Fixed Acidity"}]
NESTED = {"type": "array", "items": {"type": "double"}}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def first(lake: Lake) -> None:
    """Requests of a model, one without a signature, and those that are answered with errors or cannot be read."""
    lake.sign(1, FIRST, [{"type": "long"}])
    rows: list[Mapping[str, Any]] = [
        {"alcohol": 9.5, "colour": "red", "fixed acidity": 7},
        {"alcohol": 10, "colour": None, "fixed acidity": 6},
    ]
    lake.log(
        asked("a", 1, rows, [5, 6]),
        asked("b", 1, rows, [5, 6, 7]),
        record("c", generation=1, request="{", response='{"error_code": "BAD", "message": "no"}', status_code=400),
        record("d", generation=1, request=None, logging_error_codes=["MAX_REQUEST_SIZE_EXCEEDED"]),
    )
    lake.log(asked("e", 0, [{"seen": 1, "list": [1, 2]}], [{"p": 0.5, "说": "x"}]))


def second(lake: Lake) -> None:
    """Another signature: a kind that changes, columns that are new, one that differs in case, one that is nested."""
    lake.sign(2, [*SECOND, {**NESTED, "name": "nested"}], [{"type": "double", "name": "p"}])
    row: dict[str, Any] = {
        "alcohol": "9 %",
        "sweet": True,
        "scores": 1,
        "Fixed Acidity": 7.25,
        "nested": [1.5, None],
        "more": "seen",
    }
    lake.log(asked("f", 2, [row], [{"p": 1}]), asked("g", 1, [{"alcohol": 9, "colour": "x", "fixed acidity": 1}], [7]))


def test_both_engines_make_equal_tables_and_a_restart_doubles_nothing(lake: Lake, spark: LocalSpark) -> None:
    first(lake)
    spark.job(*lake.job)
    assert rows_of(lake.of_spark) == rows_of(lake.inferences)
    lake.compact()  # rewrites what was read
    second(lake)
    spark.job(*lake.job)
    version = DeltaTable(lake.of_spark).version()
    spark.job(*lake.job)
    assert DeltaTable(lake.of_spark).version() == version
    assert rows_of(lake.of_spark) == rows_of(lake.inferences)
    assert described(lake.of_spark) == described(lake.inferences)
    protocol = DeltaTable(lake.of_spark).protocol()
    assert (protocol.min_reader_version, protocol.min_writer_version) == (1, 2)
    for place in (lake.payload, lake.inferences, lake.of_spark):
        assert polars.scan_delta(str(place)).collect().height == DeltaTable(place).to_pyarrow_table().num_rows
    found = DeltaTable(lake.of_spark).to_pyarrow_dataset()
    assert duckdb.from_arrow(found).filter("error is not null").count("*").fetchall() == [(3,)]
    assert spark.read(lake.payload)["rows"] == 7
    assert spark.read(lake.inferences) == {
        "rows": len(rows_of(lake.inferences)),
        "columns": DeltaTable(lake.inferences).schema().to_arrow().names,
    }


def test_profiles_and_drift_are_those_that_the_monitor_makes(tmp_path: Path, spark: LocalSpark) -> None:
    profiled = Profiled(tmp_path)
    slices = ("colour", "alcohol > 10")
    spark.job(*profiled.with_drift, "--by-version", *(part for text in slices for part in ("--slice", text)))
    of_monitor = MonitorMetrics(profiled.table, BASELINE)
    assert_metrics(profiled.profiles, of_monitor.profiles(WINDOWS, "version", *slices), PROFILE_METRICS)
    assert_metrics(profiled.drift, of_monitor.drift(WINDOWS, "version", *slices), DRIFT_METRICS)


def versions(location: Path) -> int:
    return len(list(location.glob("_delta_log/*.json")))


def has_more(location: Path, than: int) -> bool:
    return versions(location) > than


@pytest.mark.long
def test_labelled_rows_are_equal_late_corrected_and_early_ones(lake: Lake, spark: LocalSpark) -> None:
    first(lake)
    lake.label(("a", 0, 6.0), ("client-a", 1, 7.0), ("f", 0, 1.0))
    lake.label(("client-a", 1, 7.0), name="client_request_id")
    spark.job(*lake.job)
    spark.job(*lake.labelled_job(lake.of_spark))
    assert rows_of(lake.labelled_of_spark) == rows_of(lake.labelled)
    second(lake)
    lake.label(("a", 0, "bad"), ("g", 0, 3.0))
    lake.label(("9", None, True), name="alcohol", label="is good")
    spark.job(*lake.labelled_job(lake.of_spark))  # labels whose inferences Spark has not made yet
    spark.job(*lake.job)
    spark.job(*lake.labelled_job(lake.of_spark))
    assert rows_of(lake.labelled_of_spark) == rows_of(lake.labelled)
    assert described(lake.labelled_of_spark) == described(lake.labelled)
    assert spark.read(lake.labelled)["rows"] == len(rows_of(lake.labelled))
    shutil.rmtree(lake.root / "checkpoint-labelled")
    spark.job(*lake.labelled_job(lake.of_spark))
    assert rows_of(lake.labelled_of_spark) == rows_of(lake.labelled)


@pytest.mark.long
def test_a_batch_that_was_appended_and_not_noted_is_not_appended_again(lake: Lake, spark: LocalSpark) -> None:
    first(lake)
    spark.job(*lake.job)
    second(lake)
    spark.job(*lake.job)
    (lake.checkpoint / "commits/1").unlink()  # killed between the append and the checkpoint
    (lake.checkpoint / "commits/.1.crc").unlink(missing_ok=True)
    spark.kill()
    spark.job(*lake.job)
    assert rows_of(lake.of_spark) == rows_of(lake.inferences)
    shutil.rmtree(lake.checkpoint)  # another query, which reads all of payload
    lake.log(asked("h", 1, [{"alcohol": 9, "colour": "x", "fixed acidity": 1}], [7]))
    spark.job(*lake.job)
    assert rows_of(lake.of_spark) == rows_of(lake.inferences)


@pytest.mark.long
async def test_a_job_that_is_killed_anywhere_loses_and_doubles_nothing(lake: Lake, spark: LocalSpark) -> None:
    first(lake)
    for kill in range(4):
        spark.send({"job": [*lake.job, "--interval", "1 second"]})
        before = versions(lake.of_spark)
        lake.log(
            *(asked(f"k{kill}-{n}", 1, [{"alcohol": n, "colour": "x", "fixed acidity": 1}], [n]) for n in range(9))
        )
        if kill:  # the first one is killed while it starts
            assert await eventually(partial(has_more, lake.of_spark, before), within=300)
        if kill == 2:  # while the query runs: it ends, and goes on with the column
            before = versions(lake.of_spark)
            lake.widen(asked("wide", 1, [{"alcohol": 1, "colour": "x", "fixed acidity": 1}], [1]))
            assert await eventually(partial(has_more, lake.of_spark, before), within=300)
        spark.kill()
    spark.job(*lake.job)
    assert rows_of(lake.of_spark) == rows_of(lake.inferences)


@pytest.mark.long
def test_what_it_may_not_write_or_cannot_read_is_refused(lake: Lake, spark: LocalSpark) -> None:
    first(lake)
    job = lake.job
    place = job.index("--target") + 1
    assert "the platform writes" in spark.refused(*job[:place], lake.inferences, *job[place + 1 :])
    shutil.copytree(lake.inferences, lake.root / "copy")
    assert "not made by Spark" in spark.refused(*job[:place], lake.root / "copy", *job[place + 1 :])
    place = job.index("--payload") + 1
    assert "no Delta table" in spark.refused(*job[:place], lake.root / "none", *job[place + 1 :])
    lake.log(asked("later", 9, [{"alcohol": 1}], [1]))
    assert "generation 9" in spark.refused(*job)
    spark.job(*job, "--unknown-signatures", "nearest")
    assert rows_of(lake.of_spark) == rows_of(lake.inferences)
