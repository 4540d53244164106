"""Erased rows: gone from every table and file, kept out when they come again, with a receipt that names nobody."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from nats.js import JetStreamContext

from inference_logger.domain.tables import TableKey
from inference_logger.store import catalogue
from inference_logger.store.delta.commits import CommitResult
from inference_logger.store.delta.open_tables import open_table
from inference_logger.store.erasure.rows import Erased
from inference_logger.store.erasure.state import find_begun
from running_services.erasures import FINAL, ORDERED, OrderedErasures
from running_services.logged_requests import START, counted, log, record
from running_services.running_logger import RunningLogger, facts
from shared.ids import new_id
from waiting.eventually import eventually


@pytest.fixture
def world(running: RunningLogger) -> OrderedErasures:
    return OrderedErasures(running)


def bytes_under(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def test_rows_go_by_id_and_do_not_come_back(
    js: JetStreamContext, running: RunningLogger, world: OrderedErasures, home: Path
) -> None:
    await log(js, record("a", client_request_id="s3cr3t-subject"), record("b"))
    await log(js, record("c"), record("a", "beer", client_request_id="s3cr3t-subject"))
    later = record("later", client_request_id="s3cr3t-subject", received_at=(ORDERED + timedelta(hours=1)).isoformat())
    await eventually(lambda: len(counted(home)) == 2)
    folder = home / "tables" / "wine" / "payload"
    assert b"s3cr3t-subject" in bytes_under(folder)

    order = await world.order(client_request_ids=("s3cr3t-subject", "o'brien"))
    assert counted(home) == {"b": 1}
    receipt = await world.erasures.receipt(order.id)
    assert (receipt.tables["wine.payload"].rows, receipt.tables["wine.payload"].files_rewritten) == (1, 1)
    assert (receipt.tables["wine.payload"].files_gone, receipt.finished_at) == (0, None)
    assert receipt.out_of_reach

    await log(js, record("a", client_request_id="s3cr3t-subject"), record("d"), retry=True)
    await eventually(lambda: "d" in counted(home))
    assert counted(home) == {"b": 1, "d": 1}

    await world.at(FINAL)
    assert counted(home) == {"b": 1, "d": 1}
    receipt = await world.erasures.receipt(order.id)
    assert receipt.finished_at == FINAL
    assert receipt.tables["wine.payload"].files_gone == 1
    assert b"s3cr3t-subject" not in bytes_under(folder)
    (event,) = await eventually_facts(js)
    assert event["erasure_id"] == str(order.id)
    assert "s3cr3t" not in json.dumps(event)
    world.orders.clear()
    await world.erasures.run_once()
    await log(js, later)
    await eventually(lambda: "later" in counted(home))


async def test_what_was_erased_is_accounted_for_once_over_a_kill(
    js: JetStreamContext, running: RunningLogger, world: OrderedErasures, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled, open_ = START + timedelta(minutes=1), START + timedelta(minutes=2)
    for minute, names in ((settled, "ab"), (open_, "cd")):
        await log(js, *(record(name, received_at=minute.isoformat(), client_request_id=None) for name in names))
    counts = [
        {"source": str(new_id()), "minute": minute.isoformat(), "logged": logged, "is_complete": True}
        for minute, logged in ((settled, 2), (open_, 3))
    ]
    await js.publish("penstock.requests.v1.wine", json.dumps({"records": [], "counts": counts}).encode())

    async def is_stored() -> bool:
        return await world.account() == (4, {}, 1)

    assert await eventually(is_stored)
    await world.accounting.settle(settled + timedelta(minutes=30))  # the other one lacks a record

    with monkeypatch.context() as killed:

        def kill(location: str, *_: object) -> Erased:
            if location.rstrip("/").endswith("payload"):
                raise KeyboardInterrupt
            return Erased()

        killed.setattr("inference_logger.handlers.erase.erased_since", kill)
        with pytest.raises(KeyboardInterrupt):
            await world.order(request_ids=("a", "c", "e"))
    assert counted(home) == {"b": 1, "d": 1}

    for minutes in (0, 1, 2):
        await world.at(ORDERED + timedelta(minutes=minutes))
        assert await world.account() == (2, {"erased": 2}, 1)
    assert (await world.erasures.receipt(world.orders[0].id)).tables["wine.payload"].rows == 2

    body = json.dumps({"client_request_id": "e", "inputs": []})
    await log(js, record("x", received_at=open_.isoformat()), record("e", received_at=open_.isoformat(), request=body))
    await eventually(lambda: "x" in counted(home))
    assert counted(home) == {"b": 1, "d": 1, "x": 1}


async def eventually_facts(js: JetStreamContext) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []

    async def are_there() -> bool:
        found[:] = await facts(js, "erasure.finished")
        return bool(found)

    await eventually(are_there)
    return found


async def test_rows_go_by_a_column_from_every_table(
    js: JetStreamContext, running: RunningLogger, world: OrderedErasures, home: Path
) -> None:
    await log(js, record("a"), record("b"), record("c"))
    await eventually(lambda: len(counted(home)) == 3)
    where = home / "tables" / "wine" / "labelled"
    for start in (START, ORDERED + timedelta(hours=1)):
        rows = pa.table(
            {
                "record_id": ["a", "b", "b"],
                "request_time": pa.array([start] * 3, pa.timestamp("us", "UTC")),
                "customer": ["x", "7", "s3cr3t"],
                "customer__bigint": pa.array([None, 7, None], pa.int64()),
            }
        )
        write_deltalake(where, rows, mode="append")
    async with running.app.database.unit_of_work() as session:
        key = TableKey("wine", kind="labelled")
        await catalogue.note_commit(session, key, CommitResult(open_table(str(where)).table_uri, 1, 6), START)

    order = await world.order(column="customer", values=("s3cr3t", "7"))
    assert counted(home) == {"a": 1, "c": 1}
    async with world.database.read() as session:
        assert await find_begun(session, (order.id, new_id())) == (order.id,)
    receipt = await world.erasures.receipt(order.id)
    assert (receipt.tables["wine.payload"].rows, receipt.tables["wine.labelled"].rows) == (1, 2)
    left = open_table(str(where)).to_pyarrow_table().to_pydict()
    assert sorted(left["record_id"]) == ["a", "a", "b", "b"]  # those of later requests stay


async def test_a_table_that_cannot_be_read_is_tried_again(
    js: JetStreamContext, running: RunningLogger, world: OrderedErasures, home: Path
) -> None:
    await log(js, record("a"))
    await eventually(lambda: counted(home))
    log_folder = home / "tables" / "wine" / "payload" / "_delta_log"
    first = sorted(log_folder.glob("*.json"))[0]
    whole = first.read_text()
    first.write_text("{broken")
    order = await world.order(request_ids=("a",))
    first.write_text(whole)
    assert "wine.payload" in ((await world.erasures.receipt(order.id)).waiting_for or "")

    async def waits_for_nothing() -> bool:  # the table that is derived from it waited too
        await world.at(world.clock.time + timedelta(minutes=2))
        return (await world.erasures.receipt(order.id)).waiting_for is None

    await eventually(waits_for_nothing)
    assert counted(home) == {}


def of_customer(name: str, customer: str) -> dict[str, Any]:
    body = json.dumps({"dataframe_split": {"columns": ["customer", "a.b"], "data": [[customer, customer]]}})
    return record(name, request=body)


def derived(home: Path) -> list[str]:
    table = open_table(str(home / "tables" / "wine" / "inferences"))
    return sorted(table.to_pyarrow_table(columns=["request_id"]).column("request_id").to_pylist())


async def test_what_an_erasure_rewrites_is_not_derived_again(
    js: JetStreamContext, running: RunningLogger, world: OrderedErasures, home: Path
) -> None:
    await log(js, of_customer("a", "s3cr3t"), of_customer("b", "other"), of_customer("c", "other"))

    async def is_listed() -> bool:
        return "wine.inferences" in await running.tables() and derived(home) == ["a", "b", "c"]

    await eventually(is_listed)
    await world.order(column="a.b", values=("s3cr3t",))
    assert (counted(home), derived(home)) == ({"b": 1, "c": 1}, ["b", "c"])
    await log(js, of_customer("d", "other"))
    await eventually(lambda: "d" in derived(home))
    assert derived(home) == ["b", "c", "d"]
    await world.at(FINAL)
    assert b"s3cr3t" not in bytes_under(home / "tables" / "wine")
    await log(js, of_customer("e", "other"))
    await eventually(lambda: "e" in derived(home))
    assert derived(home) == ["b", "c", "d", "e"]


async def test_rows_go_by_what_only_the_json_columns_hold(
    js: JetStreamContext, running: RunningLogger, world: OrderedErasures, home: Path
) -> None:
    bodies = {"a": {"id": "s3cr3t", "of": [7]}, "b": {"id": "other"}, "c": ["s3cr3t"]}
    records = [record(name, request=json.dumps({"dataframe_records": [{"who": who}]})) for name, who in bodies.items()]
    await log(js, *records)

    async def is_listed() -> bool:
        return "wine.inferences" in await running.tables() and derived(home) == ["a", "b", "c"]

    await eventually(is_listed)
    await world.order(column="id", values=("s3cr3t",))
    assert (counted(home), derived(home)) == ({"b": 1, "c": 1}, ["b", "c"])
    await world.order(column="who", values=("s3cr3t",))
    assert (counted(home), derived(home)) == ({"b": 1}, ["b"])


async def test_rows_whose_columns_are_only_called_alike_stay(
    js: JetStreamContext, running: RunningLogger, world: OrderedErasures, home: Path
) -> None:
    def of(name: str, **row: str) -> dict[str, Any]:
        return record(name, request=json.dumps({"dataframe_records": [row]}))

    await log(js, of("a", version="v1"), of("b", customer__id="7"), of("c", customer="7"), of("d", version="other"))

    async def is_listed() -> bool:
        return "wine.inferences" in await running.tables() and derived(home) == ["a", "b", "c", "d"]

    await eventually(is_listed)
    await world.order(column="customer", values=("7",))
    assert (counted(home), derived(home)) == ({"a": 1, "b": 1, "d": 1}, ["a", "b", "d"])
    await world.order(column="version", values=("v1",))  # the model's, not the one that every row has
    assert (counted(home), derived(home)) == ({"b": 1, "d": 1}, ["b", "d"])


async def test_a_file_that_is_none_keeps_no_other_erasure_waiting(
    js: JetStreamContext, running: RunningLogger, world: OrderedErasures, home: Path
) -> None:
    await log(js, record("a"), record("b"))
    await eventually(lambda: len(counted(home)) == 2)
    where = home / "tables" / "wine" / "labelled"
    write_deltalake(where, pa.table({"record_id": ["a"], "customer": ["x"]}))
    next(where.glob("*.parquet")).write_bytes(b"no file of this table")
    async with running.app.database.unit_of_work() as session:
        key = TableKey("wine", kind="labelled")
        await catalogue.note_commit(session, key, CommitResult(open_table(str(where)).table_uri, 0, 1), START)
    order = await world.order(column="customer", values=("x",))
    assert "wine.labelled" in ((await world.erasures.receipt(order.id)).waiting_for or "")
    await world.order(request_ids=("a",))
    assert counted(home) == {"b": 1}


async def test_a_table_that_an_erasure_rewrote_is_searched_again(
    js: JetStreamContext, running: RunningLogger, world: OrderedErasures, home: Path
) -> None:
    where = home / "tables" / "wine" / "inferences"

    async def is_derived() -> bool:
        return "wine.inferences" in await running.tables() and open_table(str(where)).to_pyarrow_table().num_rows == 5

    await log(js, *(of_customer(name, f"customer {name}") for name in "abcde"))
    await eventually(is_derived)
    await world.order(request_ids=("c",))
    assert counted(home) == {"a": 1, "b": 1, "d": 1, "e": 1}

    await world.order(column="customer", values=("customer b", "customer x"))
    assert counted(home) == {"a": 1, "d": 1, "e": 1}
    await log(js, record("d"), record("bb"), retry=True)
    await eventually(lambda: "bb" in counted(home))
    assert counted(home) == {"a": 1, "bb": 1, "d": 1, "e": 1}


async def test_rows_go_by_lists_times_and_json_of_their_column(
    js: JetStreamContext, running: RunningLogger, world: OrderedErasures, home: Path
) -> None:
    await log(js, *(record(name) for name in "abcde"))
    await eventually(lambda: len(counted(home)) == 5)
    where = home / "tables" / "wine" / "labelled"
    rows = {
        "record_id": list("abcde"),
        "who__string_array2": [None, [["y"], ["x"]], [[]], [["y"]], None],
        "who__timestamp": pa.array([START.replace(hour=0, minute=0, second=0), *[None] * 4], pa.timestamp("us", "UTC")),
        "who__bigint": pa.array([None, None, 7, None, None], pa.int64()),
        "who__json": [None, '{"id":"other"}', None, '"z"', '["other",{"who":7.5}]'],
    }
    write_deltalake(where, pa.table(rows))
    async with running.app.database.unit_of_work() as session:
        key = TableKey("wine", kind="labelled")
        await catalogue.note_commit(session, key, CommitResult(open_table(str(where)).table_uri, 0, 5), START)
    for value, gone in (("x", "b"), (START.date().isoformat(), "a"), ("7.0", "c"), ("z", "d"), ("other", "e")):
        assert gone in counted(home)
        await world.order(column="who", values=(value,))
        assert gone not in counted(home), value


async def test_values_go_from_profiles_of_windows_that_held_an_erased_row(
    js: JetStreamContext, running: RunningLogger, world: OrderedErasures, home: Path
) -> None:
    where = home / "tables" / "wine" / "profile_metrics"
    hours = [START + timedelta(hours=hour) for hour in (-1, 0, 1)]
    items = pa.list_(pa.struct([("item", pa.string()), ("count", pa.int64())]))
    window = pa.struct([("start", pa.timestamp("us", "UTC")), ("end", pa.timestamp("us", "UTC"))])
    profiles = {
        "window": pa.array([{"start": hour, "end": hour + timedelta(hours=1)} for hour in hours], window),
        "column_name": ["customer"] * 3,
        "count": [10] * 3,
        "frequent_items": pa.array([[{"item": "s3cr3t", "count": 1}]] * 3, items),
        "quantiles": pa.array([[47.11]] * 3, pa.list_(pa.float64())),
        **{name: [47.11] * 3 for name in ("min", "max", "median", "avg")},
    }
    write_deltalake(where, pa.table(profiles))
    key = TableKey("wine", kind="profile_metrics")
    async with world.database.unit_of_work() as session:
        await catalogue.note_foreign_table(
            session, key, CommitResult(location=f"file://{where}", version=0, rows=3), START
        )
    await log(js, record("a", received_at=(START + timedelta(minutes=5)).isoformat()), record("b"))
    await eventually(lambda: len(counted(home)) == 2)

    order = await world.order(request_ids=("a",))
    rows = {row["window"]["start"]: row for row in open_table(str(where)).to_pyarrow_table().to_pylist()}
    values = ("frequent_items", "quantiles", "min", "max", "median")
    kept = [[name for name in values if rows[hour][name] is not None] for hour in hours]
    assert kept == [list(values), [], list(values)]
    assert [(rows[hour]["count"], rows[hour]["avg"]) for hour in hours] == [(10, 47.11)] * 3
    assert (await world.erasures.receipt(order.id)).tables["wine.profile_metrics"].rows == 1

    # A window that was computed before its rows went, and written after: a later pass finds it.
    write_deltalake(where, pa.table(profiles), mode="overwrite")
    await world.at(ORDERED + timedelta(minutes=1))
    assert open_table(str(where)).to_pyarrow_table().column("min").null_count == 1
    await world.at(FINAL)
    receipt = await world.erasures.receipt(order.id)
    assert (receipt.finished_at, receipt.waiting_for) == (FINAL, None)
    assert receipt.tables["wine.profile_metrics"].files_gone == 2
