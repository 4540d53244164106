"""A running inference-logger takes labels over the bus, whole or not at all, joins, counts and removes them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable
from nats.js import JetStreamContext

from inference_logger.domain.tables import LABELLED, LABELS
from running_services import logged_requests
from running_services.logged_requests import START, log, record
from running_services.running_logger import RunningLogger, facts
from servers.nats_process import NatsProcess
from shared.bus import Bus
from shared.bus.envelope import headers_of, subject_of
from shared.clock import SystemClock
from shared.contracts.inference_tables.erasures import ErasureOrder
from shared.contracts.rpc.inference_logger.labels import (
    LABEL_COVERAGE,
    RECEIVE_LABELS,
    LabelCoverageQuery,
    LabelReceipt,
    LabelUpload,
)
from shared.errors import Conflict, InvalidInput, NotFound
from shared.events import ServiceDeleted
from shared.ids import new_id
from waiting.eventually import eventually

rows = partial(logged_requests.rows, kind=LABELLED)


class Sender:
    """A service that offers labels."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus

    async def send(self, body: bytes | Exception, **fields: Any) -> LabelReceipt:
        async def pieces() -> AsyncIterator[bytes]:
            if isinstance(body, Exception):
                yield b'{"labels": ['
                raise body
            for place in range(0, len(body), 1000):
                yield body[place : place + 1000]

        offered = await self.bus.offer_chunks(pieces())  # type: ignore[arg-type]
        upload = LabelUpload(service="wine", body=offered, **{"format": "json", **fields})
        found: LabelReceipt = await self.bus.call(RECEIVE_LABELS, upload, timeout=20)
        return found

    async def label(self, *labels: tuple[str, float], **fields: Any) -> LabelReceipt:
        items = [{"client_request_id": name, "label": value} for name, value in labels]
        return await self.send(json.dumps({"labels": items}).encode(), **fields)


@pytest.fixture
async def sender(nats_server: NatsProcess, js: JetStreamContext) -> AsyncIterator[Sender]:
    bus = Bus("controller", nats_server.url, clock=SystemClock(), owns_streams=False)
    task = asyncio.create_task(bus.run())
    await bus.connected()
    yield Sender(bus)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def asked(name: str) -> dict[str, Any]:
    body = '{"dataframe_split": {"columns": ["a"], "data": [[1.0]]}}'
    return record(name, client_request_id=f"c-{name}", request=body, response='{"predictions": [5.0]}')


async def test_labels_come_early_late_and_again(
    js: JetStreamContext, running: RunningLogger, sender: Sender, home: Path
) -> None:
    early = await sender.label(("c-a", 6.0))
    assert (early.joined, early.waiting, early.changed) == (0, 1, 1)
    await log(js, asked("a"), asked("b"))
    await eventually(lambda: [row["label"] for row in rows(home)] == [6.0])
    many = await sender.label(*((f"c-{number}", 1.0) for number in range(100)), ("c-b", 7.0), upload_id="u")
    assert (many.received, many.joined, many.waiting) == (101, 1, 100)
    assert await sender.label(*((f"c-{number}", 1.0) for number in range(100)), ("c-b", 7.0), upload_id="u") == many
    with pytest.raises(Conflict):
        await sender.label(("c-b", 9.0), upload_id="u")
    await eventually(lambda: sorted(row["label"] for row in rows(home)) == [6.0, 7.0])
    view = (await running.tables())["wine.labels"]
    assert (view.rows, view.status) == (102, "ok")
    query = LabelCoverageQuery(
        service="wine", from_time=START - timedelta(days=1), to_time=START + timedelta(days=9), step=86400
    )
    found = await sender.bus.call(LABEL_COVERAGE, query)
    assert (found.predicted, found.labelled, found.share, len(found.items)) == (2, 2, 1.0, 1)
    assert found.delay_p50_s is not None
    await eventually(lambda: 'penstock_labels_joined_total{change="added",service="wine"} 2.0' in running.metrics())
    events = await facts(js, "labels.joined")
    assert sum(event["added"] for event in events) == 2


async def test_what_cannot_be_taken_leaves_nothing(running: RunningLogger, sender: Sender, home: Path) -> None:
    for wrong in (b"{", b'{"labels": 5}', InvalidInput("the sender went away")):
        with pytest.raises(InvalidInput):
            await sender.send(wrong)
    with pytest.raises(InvalidInput):
        await sender.send(b"PAR1 and no more", format="parquet")
    assert not (home / "tables" / "wine").exists()
    some = await sender.send(b"client_request_id,label\na,1\n,2\n", format="csv")
    assert (some.received, some.waiting, some.rejected_rows, some.rejected[0].row) == (2, 1, 1, 1)


async def test_labels_go_with_their_service(
    js: JetStreamContext, running: RunningLogger, sender: Sender, home: Path
) -> None:
    await log(js, asked("a"))
    await sender.label(("c-a", 6.0))
    await eventually(lambda: len(rows(home)) == 1)
    assert DeltaTable(home / "tables" / "wine" / LABELS).version() == 1
    gone = ServiceDeleted(service_id=new_id(), service="wine", purge_tables=True, deleted_at=SystemClock().now())
    headers = headers_of(gone, event_id=new_id(), source="controller", at=START)
    await js.publish(subject_of(gone), gone.model_dump_json().encode(), stream="EVENTS", headers=headers)
    await eventually(lambda: not (home / "tables" / "wine").exists())

    async def is_forgotten() -> bool:
        return await running.tables() == {}

    await eventually(is_forgotten)


async def test_labels_go_with_the_rows_that_are_erased(
    js: JetStreamContext, running: RunningLogger, sender: Sender, home: Path
) -> None:
    await log(js, asked("a"), asked("b"))
    items = [{"request_id": "a", "label": 1.0}, {"client_request_id": "c-a", "row": 0, "label": 2.0}]
    await sender.send(json.dumps({"labels": items}).encode())
    await sender.label(("c-b", 3.0))
    await eventually(lambda: sorted(row["label"] for row in rows(home)) == [2.0, 3.0])
    now = SystemClock().now()
    order = ErasureOrder(
        id=new_id(), service="wine", ordered_at=now, final_by=now + timedelta(days=8), client_request_ids=("c-a",)
    )

    async def orders() -> tuple[ErasureOrder, ...]:
        return (order,)

    async def are_listed() -> bool:
        return {"wine.payload", "wine.inferences", "wine.labels", "wine.labelled"} <= set(await running.tables())

    async def is_passed() -> bool:
        with suppress(NotFound):
            return bool(await running.app.erasures.receipt(order.id))
        return False

    await eventually(are_listed)
    running.app.erasures.orders = orders
    await eventually(is_passed)
    assert [row["label"] for row in rows(home)] == [3.0]
    left = DeltaTable(home / "tables" / "wine" / LABELS).to_pyarrow_table().column("key").to_pylist()
    assert left == ["c-b"]  # the label that named the request by its other id went too
    receipt = await running.app.erasures.receipt(order.id)
    assert (receipt.tables["wine.labels"].rows, receipt.tables["wine.labelled"].rows) == (2, 1)
    await sender.label(("c-b", 4.0))
    await eventually(lambda: [row["label"] for row in rows(home)] == [4.0])
