"""Tables are read: pages in any order, statistics, files; each compared with the rows that were written."""

from __future__ import annotations

import csv
import io
import json
import random
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import deltalake
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from inference_logger.domain.inferences.names import NAME
from inference_logger.domain.reading.queries import (
    PageQuery,
    Position,
    Question,
    cursor_of,
    order_of,
    position_of,
    select,
)
from inference_logger.domain.tables import TableKey
from inference_logger.handlers.reading import reader as reading
from inference_logger.handlers.reading.queries import table_details
from inference_logger.handlers.reading.reader import QueryLimits, TableReader
from inference_logger.main import MIGRATIONS
from inference_logger.store import catalogue
from inference_logger.store.delta.commits import CommitResult
from inference_logger.store.reading import pages, scan
from inference_logger.store.reading.export import cut, export_csv
from inference_logger.store.reading.limits import QueryEnded, WorkingTime
from inference_logger.store.reading.snapshot import DataFile, Snapshot, open_snapshot
from inference_logger.store.reading.statistics import column_statistics
from inference_logger.store.storage import LocalStorages
from shared.contracts.rpc.inference_logger.tables import ReadQuery, TableQuery
from shared.errors import Conflict, InvalidInput, LimitExceeded, NotFound
from shared.migrations import open_migrated

DAYS, PER_DAY = 4, 60
START = datetime(2026, 5, 1, tzinfo=UTC)
SCHEMA = pa.schema(
    [
        pa.field("request_date", pa.date32()),
        pa.field("request_time", pa.timestamp("us", "UTC")),
        pa.field("n", pa.int64(), metadata={NAME: b"the n", "comment": "a number"}),
        pa.field("x", pa.float64()),
        pa.field("fixed acidity", pa.float64()),
        pa.field("s", pa.string()),
        pa.field("tags", pa.list_(pa.string())),
    ]
)
Row = dict[str, Any]


def made_rows() -> list[Row]:
    """A day's rows overlap no other's; times, texts and numbers repeat, and some are missing."""
    chance = random.Random(7)
    found: list[Row] = []
    for place in range(DAYS * PER_DAY):
        at = START + timedelta(days=place // PER_DAY, minutes=chance.randrange(30))
        found.append(
            {
                "request_date": at.date(),
                "request_time": at,
                "n": place,
                "x": chance.choice([None, 0.5, 2.0, float(place)]),
                "fixed acidity": None if place < PER_DAY else 7.0,
                "s": chance.choice(["red", "white", None]),
                "tags": chance.choice([None, [], ["a"], ["a", "b"]]),
            }
        )
    return found


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[Row]]:
    """A table of several files; its first one lacks a column."""
    location = str(tmp_path_factory.mktemp("table"))
    rows = made_rows()
    for day in range(DAYS):
        table = pa.Table.from_pylist(rows[day * PER_DAY : (day + 1) * PER_DAY], schema=SCHEMA)
        table = table.drop_columns(["fixed acidity"]) if day == 0 else table
        deltalake.write_deltalake(location, table, mode="append", schema_mode="merge", partition_by=["request_date"])
    return location, rows


@pytest.fixture
def table(written: tuple[str, list[Row]]) -> Snapshot:
    return open_snapshot(written[0])


def each_page(table: Snapshot, where: str | None, order: str | None, size: int = 23) -> Iterator[list[Row]]:
    """Pages until there are no more, each behind the cursor of the one before."""
    after: Position | None = None
    selection = select(table.schema, Question(where=where))
    while True:
        query = PageQuery(selection, order_of(table.schema, order), size, after)
        page = pages.read_page(table, query, WorkingTime(60))
        yield [json.loads(row) for row in page.rows]
        if page.last is None:
            return
        after = position_of(cursor_of(page.last, "q"), "q")


CHOICES: list[tuple[str | None, Callable[[Row], bool]]] = [
    (None, lambda _: True),
    ("x > 1 and s = 'red'", lambda row: (row["x"] or 0) > 1 and row["s"] == "red"),
    ("tags contains 'b' or \"fixed acidity\" is null", lambda row: "b" in (row["tags"] or ()) or row["n"] < PER_DAY),
    ("request_date >= '2026-05-03' and n < 130", lambda row: row["n"] in range(2 * PER_DAY, 130)),
    ("n = 7", lambda row: row["n"] == 7),
    ("n < 0", lambda _: False),
]


@pytest.mark.parametrize("order", [None, "x", "-x", "-s", "n", "request_date"])
@pytest.mark.parametrize(("where", "is_meant"), CHOICES)
def test_the_pages_of_any_order_are_the_rows_each_once(
    table: Snapshot,
    written: tuple[str, list[Row]],
    where: str | None,
    is_meant: Callable[[Row], bool],
    order: str | None,
) -> None:
    meant = [row for row in written[1] if is_meant(row)]
    found = [row for page in each_page(table, where, order) for row in page]

    assert sorted(row["n"] for row in found) == [row["n"] for row in meant]
    column = "request_time" if order is None else order.removeprefix("-")
    values = [row[column] for row in found if row[column] is not None]
    assert values == sorted(values, reverse=order is None or order.startswith("-"))
    assert all(row[column] is None for row in found[len(values) :])


def test_files_that_cannot_matter_are_not_opened(table: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    really = scan._open

    def noted(table: Snapshot, file: DataFile) -> pq.ParquetFile:
        opened.append(file.path)
        return really(table, file)

    monkeypatch.setattr(scan, "_open", noted)

    (page,) = each_page(table, "n = 7", None)
    assert ([row["n"] for row in page], {path.partition("/")[0] for path in opened}) == (
        [7],
        {"request_date=2026-05-01"},
    )
    opened.clear()
    next(each_page(table, None, None, 5))
    assert {path.partition("/")[0] for path in opened} == {"request_date=2026-05-04"}


def test_a_page_of_large_rows_ends_before_and_goes_on(table: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PAGE_BYTES", 600)
    found = list(each_page(table, "n < 20", "n", 15))

    assert [row["n"] for page in found for row in page] == list(range(20))
    assert all(1 <= len(page) <= 5 for page in found)
    monkeypatch.setattr(pages, "PAGE_BYTES", 1)
    assert [len(page) for page in each_page(table, "n < 3", "-n", 15)] == [1, 1, 1]


def test_statistics_are_those_of_the_rows(table: Snapshot, written: tuple[str, list[Row]]) -> None:
    selection = select(table.schema, Question(where="n >= 10"))
    rows, columns = column_statistics(table, selection, WorkingTime(60), 64 << 20)
    found = {column["name"]: column for column in columns}
    meant = [row for row in written[1] if row["n"] >= 10]
    numbers = [row["x"] for row in meant if row["x"] is not None]

    assert rows == len(meant)
    assert (found["x"]["count"], found["x"]["nulls"]) == (len(numbers), len(meant) - len(numbers))
    assert (found["x"]["min"], found["x"]["max"]) == (min(numbers), max(numbers))
    assert found["x"]["mean"] == pytest.approx(sum(numbers) / len(numbers))
    assert sum(bin_["count"] for bin_ in found["x"]["histogram"]) == len(numbers)
    assert {one["value"]: one["count"] for one in found["s"]["top"]} == {
        color: sum(row["s"] == color for row in meant) for color in ("red", "white")
    }
    assert found["n"]["quantiles"]["0.5"] == pytest.approx((10 + DAYS * PER_DAY - 1) / 2, abs=2)
    assert found["request_time"]["min"] == min(row["request_time"] for row in meant).isoformat()
    assert (found["tags"]["nulls"], found["tags"]["distinct"]) == (sum(row["tags"] is None for row in meant), None)
    assert found["request_date"]["type"] == "DATE"
    assert column_statistics(table, select(table.schema, Question(where="n < 0")), WorkingTime(60), 64 << 20)[0] == 0


def test_a_query_ends_when_its_time_or_its_reader_is_gone(table: Snapshot) -> None:
    selection = select(table.schema, Question())
    late, left = WorkingTime(0), WorkingTime(60)
    left.end()
    for time, error in ((late, LimitExceeded), (left, QueryEnded)):
        with time.working(), pytest.raises(error):
            column_statistics(table, selection, time, 64 << 20)
        with time.working(), pytest.raises(error):
            list(export_csv(table, selection, time))


@pytest.fixture
def location(written: tuple[str, list[Row]], tmp_path: Path) -> str:
    """A copy of the table."""
    return str(shutil.copytree(written[0], tmp_path / "table"))


@pytest.fixture
async def reader(location: str, tmp_path: Path) -> AsyncIterator[TableReader]:
    """A reader whose catalogue has the table, and one whose folder is gone."""
    database = await open_migrated(MIGRATIONS, f"sqlite+aiosqlite:///{tmp_path}/logger.db")
    async with database.unit_of_work() as session:
        for service, place in (("wine", location), ("gone", f"{tmp_path}/gone")):
            await catalogue.note_commit(session, TableKey(service), CommitResult(place, 0, 1, True), START)
    yield TableReader(database, LocalStorages(), QueryLimits(at_once=2, wait_s=0.05))
    await database.close()


async def whole(reader: TableReader, **query: Any) -> bytes:
    return b"".join([chunk async for chunk in await reader.open(ReadQuery(**{"table": "wine.payload", **query}))])


async def test_files_hold_the_chosen_rows(reader: TableReader, written: tuple[str, list[Row]]) -> None:
    meant = [row for row in written[1] if row["s"] == "red"]
    parquet = await whole(reader, result="parquet", where="s = 'red'", columns=("n", "tags"))
    assert pq.read_table(io.BytesIO(parquet)).sort_by("n").to_pylist() == [
        {"n": row["n"], "tags": row["tags"]} for row in meant
    ]
    lines = list(csv.DictReader(io.StringIO((await whole(reader, result="csv", where="s = 'red'")).decode())))
    assert sorted(int(line["n"]) for line in lines) == [row["n"] for row in meant]
    assert {line["tags"] for line in lines} <= {"", "[]", '["a"]', '["a","b"]'}
    assert lines[0]["request_time"].endswith("+00:00")
    assert [len(piece) for piece in cut(iter([b"abc", b"", b"defgh"]), 3)] == [3, 3, 2]


async def test_a_cursor_shows_one_version_of_the_table(
    reader: TableReader, location: str, written: tuple[str, list[Row]]
) -> None:
    first = json.loads(await whole(reader, page_size=100, columns=("n",)))
    early = json.loads(await whole(reader, page_size=10, columns=("n",)))
    late = {**written[1][-1], "n": -1}
    table = deltalake.DeltaTable(location)
    deltalake.write_deltalake(table, pa.Table.from_pylist([late], schema=SCHEMA), mode="append")
    table.optimize.compact()

    found, cursor = first["items"], first["next_cursor"]
    while cursor:
        page = json.loads(await whole(reader, page_size=100, columns=("n",), cursor=cursor))
        assert page["delta_version"] == first["delta_version"]
        found, cursor = found + page["items"], page["next_cursor"]
    assert sorted(row["n"] for row in found) == list(range(DAYS * PER_DAY))
    assert {"n": -1} in json.loads(await whole(reader, page_size=1000, columns=("n",)))["items"]
    for wrong in ({"order": "n"}, {"where": "n > 1"}):
        with pytest.raises(InvalidInput, match="another table, filter or order"):
            await whole(reader, cursor=first["next_cursor"], **wrong)
    table.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False)
    with pytest.raises(Conflict, match="begin again"):
        await whole(reader, page_size=10, columns=("n",), cursor=early["next_cursor"])


def raise_conflict(*_: Any) -> Any:
    raise Conflict("files are gone")


async def test_only_so_many_queries_run_at_once_and_one_that_is_left_makes_room(
    reader: TableReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = [await reader.open(ReadQuery(table="wine.payload", result="csv")) for _ in range(2)]
    with pytest.raises(LimitExceeded, match="2 queries") as refused:
        await whole(reader)
    assert refused.value.retry_after_s == 2
    assert await anext(running[0])
    for chunks in running:
        await chunks.aclose()
    assert json.loads(await whole(reader, page_size=1))["items"]
    with monkeypatch.context() as patched:
        patched.setattr(reading, "read_page", raise_conflict)
        for _ in range(3):  # nobody asks on after the error
            failing = await reader.open(ReadQuery(table="wine.payload"))
            with pytest.raises(Conflict):
                await anext(failing)
    for wrong, error in (({"where": "z = 1"}, InvalidInput), ({"table": "none.payload"}, NotFound)):
        for _ in range(3):
            with pytest.raises(error):
                await whole(reader, **wrong)


async def test_a_file_that_somebody_has_changed_is_said(reader: TableReader, location: str) -> None:
    files = sorted(Path(location).rglob("part-*.parquet"))
    files[0].write_bytes(b"no file of this table")
    for wanted in ({}, {"result": "csv"}, {"result": "statistics"}):
        with pytest.raises(Conflict, match="not the file that was written"):
            await whole(reader, order="n", **wanted)


async def test_a_table_says_what_it_has(reader: TableReader) -> None:
    found = await table_details(reader, TableQuery(table="wine.payload"))
    columns = {column.name: column for column in found.columns}
    assert (columns["n"].type, columns["n"].original_name, columns["n"].description) == ("BIGINT", "the n", "a number")
    assert (columns["tags"].type, columns["request_date"].is_partition) == ("ARRAY<STRING>", True)
    assert (found.time_column, found.files >= DAYS, found.bytes > 0) == ("request_time", True, True)
    assert found.last_commit is not None
    assert found.last_commit.version == found.version
    for gone in ("gone.payload", "none.payload"):
        with pytest.raises(NotFound):
            await table_details(reader, TableQuery(table=gone))
