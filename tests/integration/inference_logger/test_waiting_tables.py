"""A table that cannot be written waits alone, says so, and has every row once in the end."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import deltalake
import pyarrow as pa
import pytest
from deltalake.exceptions import DeltaError
from nats.js import JetStreamContext

from inference_logger.domain.tables import TableKey, TableShare
from inference_logger.handlers.derived import inferences
from inference_logger.handlers.purge import purge_once
from inference_logger.store.delta.bounded import Unwritable
from inference_logger.store.delta.commits import CommitResult
from inference_logger.store.delta.payload import PayloadTables
from inference_logger.store.delta.rows import as_one_commit
from inference_logger.store.delta.writer import TableWriter
from inference_logger.store.storage import LOCAL, Storage
from running_services.logged_requests import counted, log, record, rows
from running_services.running_logger import RunningLogger, facts
from servers.nats_process import NatsProcess
from waiting.eventually import eventually

Start = Callable[..., Any]


@pytest.fixture
async def start(nats_server: NatsProcess, js: JetStreamContext, home: Path) -> AsyncIterator[Start]:
    """Starts a logger with settings of its own."""
    running: list[RunningLogger] = []

    async def begin(**settings: Any) -> RunningLogger:
        logger = RunningLogger(nats_server.url, home, **settings)
        running.append(logger)
        await logger.start()
        return logger

    yield begin
    for logger in running:
        await logger.stop()


def once(*names: str) -> dict[str, int]:
    return dict.fromkeys(names, 1)


def block(home: Path, service: str = "wine") -> Path:
    """A file where the table's folder should be: root cannot write there either."""
    place = home / "tables" / service
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("in the way")
    return place


async def test_it_waits_alone_says_so_and_catches_up(js: JetStreamContext, start: Start, home: Path) -> None:
    in_the_way = block(home)
    logger = await start()
    for number in range(3):
        await log(js, record(f"w{number}"))
        await log(js, record(f"t{number}", "tea"))
    await eventually(lambda: counted(home, "tea") == once("t0", "t1", "t2"))

    table = await eventually(lambda: _blocked(logger, rows=3))
    assert "in the way" not in table.location
    assert table.blocked.reason
    assert await eventually(lambda: facts(js, "table.blocked")) == [  # by way of the outbox
        {"service": "wine", "table": "wine.payload", "location": table.location.removeprefix("file://")}
        | {"reason": table.blocked.reason}
    ]

    async def is_said_everywhere() -> bool:
        ready = await logger.readiness()
        assert (ready["ready"], [one["table"] for one in ready["blocked_tables"]]) == (True, ["wine.payload"])
        assert 'penstock_table_blocked{location="' in logger.metrics()
        assert 'table="wine.payload"} 3.0' in logger.metrics()
        return True

    await eventually(is_said_everywhere)  # the store has it before readiness and metrics do

    await logger.stop()
    in_the_way.unlink()
    await logger.start()
    await log(js, record("w3"))
    await eventually(lambda: counted(home) == once("w0", "w1", "w2", "w3"))
    await eventually(lambda: _status(logger, "wine.payload", "ok"))
    assert [one["table"] for one in await eventually(lambda: facts(js, "table.recovered"))] == ["wine.payload"]

    async def none_is_blocked() -> bool:
        return not (await logger.readiness())["blocked_tables"]

    assert await eventually(none_is_blocked)


async def _blocked(logger: RunningLogger, rows: int) -> Any:
    table = (await logger.tables()).get("wine.payload")
    return table if table and table.blocked and table.blocked.waiting_rows == rows else None


async def _status(logger: RunningLogger, table: str, status: str) -> bool:
    found = (await logger.tables()).get(table)
    return found is not None and found.status == status


async def test_columns_of_another_writer_are_null_in_new_rows(js: JetStreamContext, start: Start, home: Path) -> None:
    logger = await start()
    await log(js, record("a"))
    await eventually(lambda: counted(home))
    location = home / "tables" / "wine" / "payload"
    theirs = deltalake.DeltaTable(location).to_pyarrow_table()
    theirs = theirs.append_column("note", pa.array(["theirs"])).set_column(1, "request_id", pa.array(["foreign"]))
    deltalake.write_deltalake(location, theirs, mode="append", schema_mode="merge")

    await log(js, record("b"))

    await eventually(lambda: counted(home) == once("a", "foreign", "b"))
    assert {row["request_id"]: row["note"] for row in rows(home)} == {"a": None, "foreign": "theirs", "b": None}
    page = await logger.rows("wine.payload")
    assert page.items[0]["note"] is None


@pytest.mark.parametrize("is_past", [False, True])
async def test_a_stream_that_was_set_back_skips_and_doubles_nothing(
    nats_server: NatsProcess, js: JetStreamContext, start: Start, home: Path, tmp_path: Path, *, is_past: bool
) -> None:
    names = [f"a{number}" for number in range(4)]
    for name in names:
        await log(js, record(name))
    logger = await start()
    await eventually(lambda: counted(home) == once(*names))
    nats_server.freeze()
    shutil.copytree(nats_server.folder / "store", tmp_path / "copy")
    nats_server.thaw()
    for name in ("lost0", "lost1", "lost2"):
        await log(js, record(name))
    await eventually(lambda: counted(home) == once(*names, "lost0", "lost1", "lost2"))

    if is_past:  # the stream is longer than the checkpoint when the logger sees it
        await logger.stop()
    nats_server.kill()
    shutil.rmtree(nats_server.folder / "store")
    shutil.copytree(tmp_path / "copy", nats_server.folder / "store")
    nats_server.start()
    new = [f"new{number}" for number in range(5 if is_past else 2)]
    for name in new:
        await eventually(lambda: _log(js, name))  # noqa: B023
    if is_past:
        await logger.start()

    await eventually(lambda: counted(home) == once(*names, "lost0", "lost1", "lost2", *new))
    await log(js, record("last"))
    assert await eventually(lambda: counted(home) == once(*names, "lost0", "lost1", "lost2", *new, "last"))


async def _log(js: JetStreamContext, name: str) -> int:
    try:
        return await log(js, record(name), msg_id=name)
    except Exception as error:  # it reconnects
        raise AssertionError(str(error)) from error


async def _left(js: JetStreamContext, service: str) -> int:
    """Messages of a service in the stream."""
    info = await js.stream_info("REQUESTS", subjects_filter=f"penstock.requests.v1.{service}")
    return sum((info.state.subjects or {}).values())


async def test_what_keeps_too_much_of_the_stream_is_parked_and_written_first(
    js: JetStreamContext, start: Start, home: Path
) -> None:
    in_the_way = block(home)
    logger = await start(waiting_bytes=1)
    names = [f"w{number}" for number in range(6)]
    for name in names:
        await log(js, record(name))
    await eventually(lambda: _blocked(logger, rows=6))
    await eventually(lambda: _is_left(js, 1))  # the one that the stream is known again by
    assert list((home / "inference-logger" / "parking").glob("*/*/*.jsonl"))
    await logger.stop()
    await log(js, record("later"))
    in_the_way.unlink()

    await logger.start()

    await eventually(lambda: counted(home) == once(*names, "later"))
    await eventually(lambda: _status(logger, "wine.payload", "ok"))
    table = deltalake.DeltaTable(home / "tables" / "wine" / "payload")
    written = [action["operationParameters"] for action in table.history()]
    assert len(written) >= 3  # made, from the parking area, from the stream
    assert not list((home / "inference-logger" / "parking").glob("*"))


async def _is_left(js: JetStreamContext, messages: int) -> bool:
    return await _left(js, "wine") <= messages


async def test_what_does_not_fit_is_dropped_and_counted(js: JetStreamContext, start: Start, home: Path) -> None:
    in_the_way = block(home)
    logger = await start(waiting_bytes=1, parking_bytes=0)
    for number in range(3):
        await log(js, record(f"w{number}"))
    table = await eventually(lambda: _blocked(logger, rows=0))
    assert table.blocked.dropped_rows == 3
    dropped = await eventually(lambda: facts(js, "table.rowsdropped"))
    assert sum(one["rows"] for one in dropped) == 3
    assert {one["reason"] for one in dropped} == {"parking_full"}
    assert 'reason="parking_full",table="wine.payload"} 3.0' in logger.metrics()

    in_the_way.unlink()
    await log(js, record("new"))
    await eventually(lambda: counted(home) == once("new"))


async def test_a_destination_inside_another_table_waits_until_the_version_has_another(
    js: JetStreamContext, start: Start, home: Path
) -> None:
    logger = await start()
    await log(js, record("v", "victim"))
    await eventually(lambda: counted(home, "victim"))
    inside = home / "tables" / "victim" / "payload" / "_delta_log"
    for number in range(3):
        await log(js, record(f"w{number}", destination=f"file://{inside}"))
    await log(js, record("v2", "victim"))
    await eventually(lambda: counted(home, "victim") == once("v", "v2"))
    table = await eventually(lambda: _blocked(logger, rows=3))
    assert "inside the log" in table.blocked.reason
    assert not (inside / "wine").exists()

    await log(js, record("w3"))  # the version was edited: its next record names no such place

    await eventually(lambda: counted(home) == once("w0", "w1", "w2", "w3"))
    await eventually(lambda: _status(logger, "wine.payload", "ok"))


async def test_each_service_is_purged_up_to_its_own_position(js: JetStreamContext, start: Start, home: Path) -> None:
    block(home)
    logger = await start()
    for number in range(3):
        await log(js, record(f"w{number}"))
        await log(js, record(f"t{number}", "tea"))
    await eventually(lambda: counted(home, "tea") == once("t0", "t1", "t2"))
    await eventually(lambda: _blocked(logger, rows=3))
    later = logger.app.clock.now() + timedelta(days=2)

    await purge_once(logger.app.database, js, later, timedelta(hours=24))

    assert (await _left(js, "wine"), await _left(js, "tea")) == (3, 1)
    info = await js.stream_info("REQUESTS")
    assert info.state.last_seq == 6


async def test_rows_of_a_folder_that_is_gone_are_not_found_until_it_is_made_anew(
    js: JetStreamContext, start: Start, home: Path
) -> None:
    logger = await start()
    await log(js, record("a"))
    await eventually(lambda: _status(logger, "wine.payload", "ok"))
    shutil.rmtree(home / "tables" / "wine")

    with pytest.raises(Exception, match="is gone; the next recorded request makes it anew"):
        await logger.rows("wine.payload")
    table = (await logger.tables())["wine.payload"]
    assert (table.status, table.rows) == ("missing", 0)

    await log(js, record("b"))
    await eventually(lambda: _status(logger, "wine.payload", "ok"))
    assert [row["request_id"] for row in (await logger.rows("wine.payload")).items] == ["b"]
    assert (await logger.tables())["wine.payload"].rows == 1


async def test_a_folder_that_is_being_removed_ends_nothing_but_what_lies_in_it(
    js: JetStreamContext, start: Start, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`rm -r` is half done when the logger looks: the folder of the log is there, its first entry is not."""
    refused: list[str] = []

    def half_removed(location: str, *rest: Any) -> CommitResult:
        first = Path(location) / "_delta_log" / f"{0:020d}.json"
        if refused:
            return as_one_commit(location, *rest)
        first.rename(first.with_suffix(".gone"))
        try:
            return as_one_commit(location, *rest)
        except DeltaError as error:
            refused.append(str(error))
            raise
        finally:
            first.with_suffix(".gone").rename(first)

    monkeypatch.setattr(inferences, "as_one_commit", half_removed)
    logger = await start()
    await log(js, record("a"))

    await eventually(lambda: _status(logger, "wine.inferences", "ok"))
    await log(js, record("b"))

    async def has_both() -> bool:
        return bool((await logger.tables())["wine.inferences"].rows == 2)

    await eventually(has_both)
    assert len(refused) == 1


@pytest.mark.parametrize("is_copied", [False, True])
async def test_a_home_that_was_moved_leaves_no_second_line(
    nats_server: NatsProcess, js: JetStreamContext, start: Start, home: Path, tmp_path: Path, is_copied: bool
) -> None:
    logger = await start()
    await log(js, record("a"))
    await eventually(lambda: _status(logger, "wine.payload", "ok"))
    await eventually(lambda: _status(logger, "wine.inferences", "ok"))  # no thread of it makes the old home anew
    await logger.stop()
    moved = tmp_path / "moved"
    if is_copied:
        shutil.copytree(home, moved)
    else:
        home.rename(moved)
    logger.settings = RunningLogger(nats_server.url, moved).settings

    await logger.start()

    async def names_new_home() -> bool:
        found = (await logger.tables())["wine.payload"]
        return str(moved) in found.location and found.rows == 1

    assert await eventually(names_new_home)


async def test_storage_that_hangs_keeps_nobody_else_waiting(tmp_path: Path) -> None:
    class Hanging(PayloadTables):
        released = threading.Event()

        def append(self, key: TableKey, *rest: Any, storage: Storage = LOCAL) -> CommitResult:
            if key.service == "wine":
                self.released.wait(60)
            return super().append(key, *rest, storage=storage)

    tables = Hanging(str(tmp_path / "tables"))
    writer = TableWriter(tables, timedelta(seconds=0.1))
    share = TableShare([(1, record("a"))])
    for said in ("does not answer within 0.1 s", "still runs"):
        with pytest.raises(Unwritable, match=said):
            await writer.append(TableKey("wine"), share, "app", 1)
    patient = TableWriter(tables, timedelta(seconds=60))
    assert (await patient.append(TableKey("tea"), share, "app", 1)).rows == 1
    tables.released.set()

    async def written() -> bool:
        try:
            return (await writer.append(TableKey("wine"), share, "app", 1)).rows == 0
        except Unwritable:
            return False

    await eventually(written)
    await asyncio.to_thread(lambda: None)
    assert counted(tmp_path) == {"a": 1}
