"""Erased rows: gone from every table and file, kept out when they come again, with a receipt that names nobody."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from nats.js import JetStreamContext

from inference_logger.domain.tables import TableKey
from inference_logger.handlers.erase import Erasures
from inference_logger.store import catalogue
from inference_logger.store.delta import CommitResult, open_table
from running_services.logged_requests import START, counted, log, record
from running_services.running_logger import RunningLogger, facts
from shared.clock import SystemClock
from shared.contracts.erasures import ErasureOrder
from shared.errors import NotFound
from shared.ids import new_id
from waiting.eventually import eventually

ORDERED = START + timedelta(days=1)
FINAL = ORDERED + timedelta(days=8)


class Calendar(SystemClock):
    """Says the time that it was told."""

    time = ORDERED

    def now(self) -> datetime:
        return self.time


class World:
    """Erasures of a running logger, on a clock that the test sets."""

    def __init__(self, running: RunningLogger) -> None:
        self.clock = Calendar()
        self.orders: list[ErasureOrder] = []
        stores = replace(running.app.sink.stores, clock=self.clock)
        self.database = stores.database
        self.erasures = Erasures(stores, self._orders, timedelta(0))

    async def _orders(self) -> Sequence[ErasureOrder]:
        return self.orders

    async def order(self, **wanted: Any) -> ErasureOrder:
        made = ErasureOrder(id=new_id(), service="wine", ordered_at=ORDERED, final_by=FINAL, **wanted)
        await eventually(self._is_listed)
        self.orders.append(made)
        await self.erasures.run_once()
        return made

    async def _is_listed(self) -> bool:
        """Whether the catalogue has the table: rows can be read a moment before it does."""
        async with self.database.read() as session:
            return any(location.endswith("/wine/payload") for location in await catalogue.find_locations(session))

    async def at(self, time: datetime) -> None:
        self.clock.time = time
        await self.erasures.run_once()


@pytest.fixture
def world(running: RunningLogger) -> World:
    running.app.erasures.orders = _nobody
    return World(running)


async def _nobody() -> Sequence[ErasureOrder]:
    raise NotFound("the test's own orders are carried out by the test")


def bytes_under(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def test_rows_go_by_id_and_do_not_come_back(
    js: JetStreamContext, running: RunningLogger, world: World, home: Path
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


async def eventually_facts(js: JetStreamContext) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []

    async def are_there() -> bool:
        found[:] = await facts(js, "erasure.finished")
        return bool(found)

    await eventually(are_there)
    return found


async def test_rows_go_by_a_column_from_every_table(
    js: JetStreamContext, running: RunningLogger, world: World, home: Path
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
    receipt = await world.erasures.receipt(order.id)
    assert (receipt.tables["wine.payload"].rows, receipt.tables["wine.labelled"].rows) == (1, 2)
    left = open_table(str(where)).to_pyarrow_table().to_pydict()
    assert sorted(left["record_id"]) == ["a", "a", "b", "b"]  # those of later requests stay


async def test_a_table_that_cannot_be_read_is_tried_again(
    js: JetStreamContext, running: RunningLogger, world: World, home: Path
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
    await world.at(ORDERED + timedelta(minutes=2))
    assert counted(home) == {}
    assert (await world.erasures.receipt(order.id)).waiting_for is None


def of_customer(name: str, customer: str) -> dict[str, Any]:
    body = json.dumps({"dataframe_split": {"columns": ["customer", "a.b"], "data": [[customer, customer]]}})
    return record(name, request=body)


async def test_what_an_erasure_rewrites_is_not_derived_again(
    js: JetStreamContext, running: RunningLogger, world: World, home: Path
) -> None:
    where = home / "tables" / "wine" / "inferences"

    def derived() -> list[str]:
        return sorted(open_table(str(where)).to_pyarrow_table(columns=["request_id"]).column("request_id").to_pylist())

    await log(js, of_customer("a", "s3cr3t"), of_customer("b", "other"), of_customer("c", "other"))

    async def is_listed() -> bool:
        return "wine.inferences" in await running.tables() and derived() == ["a", "b", "c"]

    await eventually(is_listed)
    await world.order(column="a.b", values=("s3cr3t",))
    assert (counted(home), derived()) == ({"b": 1, "c": 1}, ["b", "c"])
    await log(js, of_customer("d", "other"))
    await eventually(lambda: "d" in derived())
    assert derived() == ["b", "c", "d"]
    await world.at(FINAL)
    assert b"s3cr3t" not in bytes_under(home / "tables" / "wine")
    await log(js, of_customer("e", "other"))
    await eventually(lambda: "e" in derived())
    assert derived() == ["b", "c", "d", "e"]
