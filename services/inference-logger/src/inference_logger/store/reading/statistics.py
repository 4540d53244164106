"""Statistics of columns, by DuckDB: it is given batches of rows and nothing else, neither files nor network.

Two passes: the first counts, and finds ranges, quantiles and frequent values (sketches, bounded in memory); the second
counts the frequent values and fills the histograms.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from inference_logger.domain.reading.queries import Selection
from inference_logger.store.reading.batches import read_batches, selected_schema
from inference_logger.store.reading.limits import WorkingTime
from inference_logger.store.reading.scan import sort_values
from inference_logger.store.reading.snapshot import Snapshot
from shared.errors import LimitExceeded
from shared.filters.types import is_number, is_simple, is_text, kind_of, plain

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
TOP = 10
BINS = 20
LONGEST_VALUE = 256
"""Characters of a text that is shown."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class _Column:
    """A column of the query: `c<place>`, so that no name is ever part of it."""

    place: int
    field: pa.Field

    @property
    def sql(self) -> str:
        return f"c{self.place}"

    @property
    def is_simple(self) -> bool:
        return is_simple(self.field.type)

    @property
    def is_measured(self) -> bool:
        """Whether it has quantiles and a histogram."""
        return is_number(self.field.type) or self.is_time

    @property
    def is_time(self) -> bool:
        return bool(pa.types.is_timestamp(self.field.type) or pa.types.is_date(self.field.type))

    @property
    def shown(self) -> str:
        return f"left({self.sql}, {LONGEST_VALUE})" if is_text(self.field.type) else self.sql

    @property
    def measure(self) -> str:
        """As a number."""
        return f"{self.sql}::DOUBLE"

    def value(self, found: Any) -> Any:
        """As JSON has it: times come as microseconds."""
        if found is None or not self.is_time:
            return plain(found)
        at = EPOCH + timedelta(microseconds=found)
        return at.date().isoformat() if pa.types.is_date(self.field.type) else at.isoformat()


def column_statistics(
    snapshot: Snapshot, selection: Selection, time: WorkingTime, memory_bytes: int
) -> tuple[int, list[dict[str, Any]]]:
    """Number of rows, and what is known of each selected column.

    Raises `LimitExceeded` for time and memory; `Conflict`, `QueryEnded`.
    """
    schema = selected_schema(snapshot, selection)
    columns = [_Column(place, field) for place, field in enumerate(schema)]
    first = _Pass(snapshot, selection, time, memory_bytes)
    found = first.ask(["count(*)", *(part for column in columns for part in _summary(column))])
    rows, values = found[0], iter(found[1:])
    summaries = [_named(column, values) for column in columns]
    details = [part for column, summary in zip(columns, summaries, strict=True) for part in _detail(column, summary)]
    if details and rows:
        counted = iter(_Pass(snapshot, selection, time, memory_bytes).ask([part for part, _ in details], details))
        for column, summary in zip(columns, summaries, strict=True):
            _add_detail(column, summary, counted)
    return rows, [_shown(column, summary, rows) for column, summary in zip(columns, summaries, strict=True)]


def _summary(column: _Column) -> Iterator[str]:
    yield f"count({column.sql})"
    if column.is_simple:
        yield f"approx_count_distinct({column.sql})"
        yield f"min({column.shown})"
        yield f"max({column.shown})"
        yield f"approx_top_k({column.shown}, {TOP})"
    if is_number(column.field.type):
        yield f"avg({column.sql})"
        yield f"stddev_samp({column.measure})"
    if column.is_measured:
        yield f"approx_quantile({column.measure}, {list(QUANTILES)})"
        yield f"min({column.measure})"
        yield f"max({column.measure})"


def _named(column: _Column, values: Iterator[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"count": next(values)}
    if column.is_simple:
        found |= {"distinct": next(values), "min": next(values), "max": next(values), "top": next(values) or []}
    if is_number(column.field.type):
        found |= {"mean": next(values), "stddev": next(values)}
    if column.is_measured:
        found |= {"quantiles": next(values) or [], "least": next(values), "most": next(values)}
    return found


def _bounds(summary: dict[str, Any]) -> list[float]:
    """Upper bounds of the histogram's bins."""
    least, most = summary.get("least"), summary.get("most")
    if least is None or most is None:
        return []
    if least == most:
        return [most]
    width = (most - least) / BINS
    return [least + width * (place + 1) for place in range(BINS - 1)] + [most]


def _detail(column: _Column, summary: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Expressions with their parameter."""
    for value in summary.get("top", ()):
        yield f"count(*) FILTER (WHERE {column.shown} = ?)", value
    if bounds := _bounds(summary):
        yield f"map_values(histogram({column.measure}, ?))", bounds


def _add_detail(column: _Column, summary: dict[str, Any], counted: Iterator[Any]) -> None:
    summary["top"] = [{"value": column.value(value), "count": next(counted)} for value in summary.get("top", ())]
    summary["top"].sort(key=lambda one: -one["count"])
    bounds = _bounds(summary)
    counts = next(counted) if bounds else []
    lower = [summary.get("least"), *bounds[:-1]]
    summary["histogram"] = [
        {"from": column.value(low), "to": column.value(high), "count": count}
        for low, high, count in zip(lower, bounds, counts, strict=False)
    ]


def _shown(column: _Column, summary: dict[str, Any], rows: int) -> dict[str, Any]:
    found = {"name": column.field.name, "type": kind_of(column.field.type), "nulls": rows - summary["count"]}
    found |= {name: plain(summary.get(name)) for name in ("count", "distinct", "mean", "stddev")}
    found |= {name: column.value(summary.get(name)) for name in ("min", "max")}
    quantiles = summary.get("quantiles", ())
    found["quantiles"] = {str(share): column.value(value) for share, value in zip(QUANTILES, quantiles, strict=False)}
    return found | {"top": summary.get("top", []), "histogram": summary.get("histogram", [])}


@dataclass(frozen=True)
class _Pass:
    """One pass over the selected rows."""

    snapshot: Snapshot
    selection: Selection
    time: WorkingTime
    memory_bytes: int

    def ask(self, expressions: Sequence[str], details: Sequence[tuple[str, Any]] = ()) -> tuple[Any, ...]:
        """The values of aggregates over all rows."""
        import duckdb  # noqa: PLC0415 - 40 MB, for those who ask for statistics

        stopped: list[BaseException] = []
        reader = pa.RecordBatchReader.from_batches(self._schema(), self._batches(stopped))
        try:
            with _connection(self.memory_bytes) as connection:
                connection.register("selected", reader)
                sql = f"SELECT {', '.join(expressions)} FROM selected"  # noqa: S608 - names are c0, c1, …
                row = connection.execute(sql, [value for _, value in details]).fetchone()
        except duckdb.OutOfMemoryException as error:
            raise LimitExceeded(
                f"the statistics need more than {self.memory_bytes >> 20} MiB; ask for fewer columns"
            ) from error
        except duckdb.Error as error:
            if stopped:
                raise stopped[0] from error
            raise
        assert row is not None
        return tuple(row)

    def _schema(self) -> pa.Schema:
        fields = enumerate(selected_schema(self.snapshot, self.selection))
        return pa.schema([pa.field(f"c{place}", _counted_type(field.type)) for place, field in fields])

    def _batches(self, stopped: list[BaseException]) -> Iterator[pa.RecordBatch]:
        schema = self._schema()
        try:
            for batch in read_batches(self.snapshot, self.selection, self.time):
                columns = [_counted(batch, name) for name in batch.schema.names]
                yield pa.RecordBatch.from_arrays(columns, schema=schema)
        except Exception as error:
            stopped.append(error)  # DuckDB passes on its text alone
            raise


def _counted_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return pa.int64()
    if pa.types.is_decimal(kind):
        return pa.float64()
    if is_text(kind) or is_number(kind) or pa.types.is_boolean(kind):
        return kind
    return pa.string() if is_simple(kind) else pa.bool_()


def _counted(batch: pa.RecordBatch, name: str) -> pa.Array:
    """A column as it is counted: times are microseconds, numbers that are none null, of structures whether they are."""
    column = sort_values(batch, name)
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        return column.cast(pa.timestamp("us", getattr(column.type, "tz", None))).cast(pa.int64())
    if not is_simple(column.type):
        return pc.if_else(column.is_valid(), True, pa.scalar(None, pa.bool_()))
    return column.cast(_counted_type(column.type))


def _connection(memory_bytes: int) -> DuckDBPyConnection:
    import duckdb  # noqa: PLC0415

    return duckdb.connect(
        ":memory:",
        config={
            "enable_external_access": "false",
            "autoload_known_extensions": "false",
            "autoinstall_known_extensions": "false",
            "memory_limit": f"{max(memory_bytes >> 20, 1)}MB",
            "temp_directory": "",
            "threads": "1",
            "lock_configuration": "true",
        },
    )
