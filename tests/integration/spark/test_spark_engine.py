"""The step to inferences on Spark: the same rows as the embedded engine's, each once, whatever is killed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest
from deltalake import DeltaTable

from inference_rows import columns
from running_services.logged_requests import record
from spark_engine.lake import Lake, asked, described, rows_of
from spark_engine.local_spark import LocalSpark

pytestmark = [pytest.mark.spark, pytest.mark.timeout(600)]
FIRST = [*columns(alcohol="double", colour="string"), {"type": "float", "name": "fixed acidity"}]
SECOND = [*columns(alcohol="string", sweet="boolean", scores="double"), {"type": "double", "name": "Fixed Acidity"}]
NESTED = {"type": "array", "items": {"type": "double"}}


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalSpark]:
    with LocalSpark(tmp_path_factory.mktemp("spark")) as local:
        yield local


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
    found = DeltaTable(lake.of_spark).to_pyarrow_dataset()
    assert duckdb.from_arrow(found).filter("error is not null").count("*").fetchall() == [(3,)]
    assert spark.read(lake.payload)["rows"] == 7
    assert spark.read(lake.inferences) == {
        "rows": len(rows_of(lake.inferences)),
        "columns": DeltaTable(lake.inferences).schema().to_arrow().names,
    }
