"""Views under other platforms' column names, run by DuckDB over a payload table's rows."""

from __future__ import annotations

from datetime import UTC, date, datetime

import duckdb
import pyarrow as pa
import pytest

from inference_logger.domain.schema import PAYLOAD_SCHEMA
from penstock.client.table_views import Dialect, Shape, view_sql
from penstock.commands.monitoring.log_shapes import databricks

AT = datetime(2026, 3, 1, 12, 30, 0, 250_000, tzinfo=UTC)
ROW = {
    "request_date": date(2026, 3, 1),
    "request_id": "r1",
    "client_request_id": "c1",
    "request_time": AT,
    "status_code": 200,
    "sampling_fraction": 1.0,
    "execution_duration_ms": 12,
    "request": "{}",
    "response": '{"predictions": [1]}',
    "served_entity_id": "wine_quality/3",
    "requester": "key",
    "logging_error_codes": ["X"],
    "service": "wine",
    "version": "v1",
}


def shown(shape: Shape) -> dict[str, object]:
    payload = pa.Table.from_pylist([ROW], schema=PAYLOAD_SCHEMA)
    sql = view_sql("/tables/o'brien", shape, Dialect.DUCKDB, "wine_payload")
    with duckdb.connect() as connection:
        connection.register("payload", payload)
        connection.execute("CREATE MACRO delta_scan(place) AS TABLE SELECT *, place FROM payload")
        connection.execute(sql)
        (row,) = connection.sql("FROM wine_payload").to_arrow_table().to_pylist()
    return dict(row)


def test_the_view_has_the_columns_of_the_log_topics_shape() -> None:
    record = {
        **{name: ROW[name] for name in ("request_id", "client_request_id", "status_code", "request", "response")},
        "received_at": AT.isoformat(),
        "duration_ms": 12.2,
        "model": "wine_quality/3",
        "api_key_id": "key",
        "logging_error_codes": ["X"],
    }
    wanted = databricks(record)
    row = shown(Shape.DATABRICKS)
    assert [*row] == [*wanted]
    assert row | {"request_date": "2026-03-01", "request_time": AT.isoformat()} == wanted
    assert row["request_time"] == AT


def test_the_older_names() -> None:
    row = shown(Shape.DATABRICKS_LEGACY)
    metadata = {"endpoint_name": "wine", "model_name": "wine_quality", "model_version": "3"}
    assert dict(row.pop("request_metadata")) == metadata  # type: ignore[call-overload]
    assert row == {
        "databricks_request_id": "r1",
        "client_request_id": "c1",
        "date": date(2026, 3, 1),
        "timestamp_ms": round(AT.timestamp() * 1000),
        "status_code": 200,
        "sampling_fraction": 1.0,
        "execution_time_ms": 12,
        "request": "{}",
        "response": '{"predictions": [1]}',
    }


def test_spark_has_its_own_words() -> None:
    sql = view_sql("s3://lake/wine/payload", Shape.DATABRICKS_LEGACY, Dialect.SPARK, "main.serving.wine")
    assert sql.startswith("CREATE OR REPLACE VIEW main.serving.wine AS SELECT\n")
    assert "unix_millis(request_time) AS timestamp_ms" in sql
    assert "map('endpoint_name', service, 'model_name', split_part(served_entity_id, '/', 1)" in sql
    assert sql.endswith("FROM delta.`s3://lake/wine/payload`;\n")


@pytest.mark.parametrize("name", ["a b", "a;drop", "", "a.b.c.d", "1a", "préfixe"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no name of a view"):
        view_sql("/t", Shape.DATABRICKS, Dialect.DUCKDB, name)
    with pytest.raises(ValueError, match="Spark opens no table"):
        view_sql("/t`", Shape.DATABRICKS, Dialect.SPARK, "a")
