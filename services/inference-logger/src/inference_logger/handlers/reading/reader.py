"""Tables are read for callers: a page of rows, statistics, a file. So many queries at once, each bounded in time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import orjson
from deltalake.exceptions import DeltaError

from inference_logger.domain.object_storage import storage_reason
from inference_logger.domain.reading.queries import (
    PageQuery,
    Question,
    check_position,
    cursor_of,
    order_of,
    position_of,
    select,
)
from inference_logger.domain.tables import is_remote, plain_path
from inference_logger.store import catalogue
from inference_logger.store.reading.details import table_details
from inference_logger.store.reading.export import cut, export_csv, export_parquet
from inference_logger.store.reading.limits import WorkingTime
from inference_logger.store.reading.minutes import rows_by_minute
from inference_logger.store.reading.pages import read_page
from inference_logger.store.reading.snapshot import Snapshot, open_snapshot
from inference_logger.store.reading.statistics import column_statistics
from inference_logger.store.storage import Storages
from inference_logger.store.tables import TableRow
from shared.contracts.chunks import MAX_CHUNK_BYTES
from shared.contracts.rpc.inference_logger.tables import ReadQuery, TableDetails, TableView
from shared.database import Database
from shared.errors import LimitExceeded, NotFound, Unavailable, UpstreamFailed
from shared.storage.objects import storage_failure

RETRY_AFTER_S = 2.0
Result = TypeVar("Result")


@dataclass(frozen=True)
class QueryLimits:
    """What queries may take."""

    at_once: int = 4
    wait_s: float = 3.0
    """One more waits so long for its turn."""
    within_s: float = 30.0
    """Of work for a page or statistics."""
    download_within_s: float = 600.0
    memory_bytes: int = 256 << 20
    """For the sketches of statistics."""


class TableReader:
    """Reads tables in threads of its own."""

    def __init__(self, database: Database, storages: Storages, limits: QueryLimits) -> None:
        self.database = database
        self.storages = storages
        self.limits = limits
        self._turns = asyncio.Semaphore(limits.at_once)
        self._pool = ThreadPoolExecutor(limits.at_once, thread_name_prefix="query")

    async def open(self, query: ReadQuery) -> RunningQuery:
        """The result in chunks; the query ends when they are closed.

        Raises `NotFound`; `InvalidInput` for what the table cannot be asked; `LimitExceeded` when too many run.
        """
        await self._take_turn()
        try:
            is_file = query.result in {"csv", "parquet"}
            time = WorkingTime(self.limits.download_within_s if is_file else self.limits.within_s)
            snapshot = await self.find(query.table, _version_of(query))
            pieces = await self._in_thread(lambda: _prepare(snapshot, query, time, self.limits.memory_bytes))
        except BaseException:
            self._turns.release()
            raise
        return RunningQuery(self._pool, cut(pieces, MAX_CHUNK_BYTES), time, self._turns.release)

    async def _take_turn(self) -> None:
        try:
            async with asyncio.timeout(self.limits.wait_s):
                await self._turns.acquire()
        except TimeoutError as error:
            raise LimitExceeded(
                f"{self.limits.at_once} queries of inference tables run already; try again in a moment",
                retry_after_s=RETRY_AFTER_S,
            ) from error

    async def find(self, table: str, version: int | None = None) -> Snapshot:
        """A table, opened. Raises `NotFound`, also for one whose folder is gone."""
        async with self.database.read() as session:
            found = await catalogue.find_tables(session, name=table)
        if not found:
            raise NotFound(f"no inference table {table}")
        newest_first = sorted(found, key=lambda row: row.updated_at, reverse=True)
        for row in newest_first:
            try:
                return await self._open(row.location, version)
            except NotFound:
                await self._note_missing(row)
        raise NotFound(
            f"the folder of inference table {table}, {plain_path(newest_first[0].location)}, is gone; "
            "the next recorded request makes it anew"
        )

    async def count_minutes(self, table: str, since: datetime, until: datetime) -> Counter[datetime]:
        """Minute → rows of it, wherever the table lies or lay. Raises `LimitExceeded`, `Conflict`, `Unavailable`."""
        async with self.database.read() as session:
            found = await catalogue.find_tables(session, name=table)
        counted: Counter[datetime] = Counter()
        for row in found:
            time = WorkingTime(self.limits.within_s)
            with suppress(NotFound):
                snapshot = await self._open(row.location, None)
                counted += await self._in_thread(partial(_count_minutes, snapshot, since, until, time))
        return counted

    async def _open(self, location: str, version: int | None) -> Snapshot:
        if (why := self.storages.refusal(location)) is not None:
            raise Unavailable(f"the table's destination fails: {why}")
        storage = await self.storages.of(location)
        try:
            return await self._in_thread(partial(open_snapshot, location, storage, version))
        except (DeltaError, OSError) as error:
            if not is_remote(location):
                raise
            raise UpstreamFailed(storage_reason(location, error)) from None  # it may show credentials

    async def details(self, view: TableView) -> TableDetails:
        """A table with its columns, its files and its last commit."""
        snapshot = await self.find(view.name)
        return await self._in_thread(lambda: table_details(view, snapshot))

    async def _note_missing(self, row: TableRow) -> None:
        async with self.database.unit_of_work() as session:
            await catalogue.note_missing(session, row.location)

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)


class RunningQuery:
    """The chunks of a result, made in a thread; to be closed, also where none was asked for."""

    def __init__(
        self,
        pool: ThreadPoolExecutor,
        pieces: Generator[bytes, None, None],
        time: WorkingTime,
        on_end: Callable[[], None],
    ) -> None:
        self._pool, self._pieces, self._time, self._on_end = pool, pieces, time, on_end
        self._running: asyncio.Future[bytes | None] | None = None
        self._is_closed = False

    def __aiter__(self) -> RunningQuery:
        return self

    async def __anext__(self) -> bytes:
        self._running = asyncio.get_running_loop().run_in_executor(self._pool, _next, self._pieces, self._time)
        try:
            piece = await asyncio.shield(self._running)
        except Exception:
            await self.aclose()  # its turn is another query's, whoever still asks for the error
            raise
        if piece is None:
            await self.aclose()
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        """End it, wherever it is."""
        if self._is_closed:
            return
        self._is_closed = True
        self._time.end()
        if self._running is not None:
            await asyncio.wait({self._running})
        self._pieces.close()
        self._on_end()


def _next(pieces: Iterator[bytes], time: WorkingTime) -> bytes | None:
    with time.working():
        try:
            return next(pieces, None)
        except (DeltaError, OSError) as error:
            if "<Code>" not in str(error):
                raise
            raise UpstreamFailed(storage_failure(str(error), "") or "the store failed") from None


def _count_minutes(snapshot: Snapshot, since: datetime, until: datetime, time: WorkingTime) -> Counter[datetime]:
    with time.working():
        return rows_by_minute(snapshot, since, until, time)


def _version_of(query: ReadQuery) -> int | None:
    """The version of the table that a cursor belongs to."""
    return None if query.cursor is None else position_of(query.cursor, _question(query)).version


def _question(query: ReadQuery) -> str:
    asked = (query.table, query.where, query.from_time, query.to_time, query.order, sorted(query.equal.items()))
    return repr(asked)


def _prepare(snapshot: Snapshot, query: ReadQuery, time: WorkingTime, memory_bytes: int) -> Iterator[bytes]:
    """What makes the result, checked first."""
    asked = Question(query.columns, query.where, query.from_time, query.to_time, query.equal)
    selection = select(snapshot.schema, asked)
    match query.result:
        case "csv":
            return export_csv(snapshot, selection, time)
        case "parquet":
            return export_parquet(snapshot, selection, time)
        case "statistics":
            return _statistics(lambda: column_statistics(snapshot, selection, time, memory_bytes), snapshot)
    order = order_of(snapshot.schema, query.order)
    after = None if query.cursor is None else position_of(query.cursor, _question(query))
    if after is not None:
        check_position(snapshot.schema, order, after)
    wanted = PageQuery(selection, order, query.page_size, after)

    def rows() -> Iterator[bytes]:
        page = read_page(snapshot, wanted, time)
        cursor = None if page.last is None else cursor_of(page.last, _question(query))
        head = {"columns": selection.columns, "next_cursor": cursor, "delta_version": snapshot.version}
        yield orjson.dumps(head)[:-1] + b',"items":['
        for place, row in enumerate(page.rows):
            yield row if place == 0 else b"," + row
        yield b"]}"

    return rows()


def _statistics(ask: Callable[[], tuple[int, list[dict[str, Any]]]], snapshot: Snapshot) -> Iterator[bytes]:
    rows, columns = ask()
    yield orjson.dumps({"rows": rows, "delta_version": snapshot.version, "columns": columns})
