"""Erasures are ordered here: who may, what the logger is told, and that nobody can read who was erased."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from controller.handlers.inference_tables.erasures import finish_erasure, open_orders
from controller.handlers.inference_tables.masking_keys import masking_key
from controller.store.tables import ErasureRow
from running_services.running_controller import Controller, Peers, wine
from shared.contracts.inference_tables.erasures import ErasureReceipt, TableErasure
from shared.events import ErasureFinished
from shared.masking.values import hash_token

PATH = "/services/wine/erasures"
SUBJECT = "s3cr3t-subject"


@pytest.fixture
async def receipts(controller: Controller, peers: Peers) -> dict[UUID, ErasureReceipt]:
    """What the logger says of each."""
    await controller.call("POST", "/services", 201, json={"name": "wine", "version": wine()})
    return peers.receipts


async def test_an_order_goes_its_way_and_names_nobody(
    controller: Controller, receipts: dict[UUID, ErasureReceipt], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    made = await controller.call("POST", PATH, 202, json={"client_request_ids": [SUBJECT, SUBJECT]})
    assert (made["status"], made["by"], made["subjects"]) == ("accepted", "client_request_ids", 1)
    took = datetime.fromisoformat(made["final_by"]) - datetime.fromisoformat(made["ordered_at"])
    assert took == timedelta(days=7, hours=1)
    deps = controller.app.dependencies
    (order,) = (await open_orders(deps.database, deps.vault)).items
    assert (order.client_request_ids, str(order.id)) == ((SUBJECT,), made["id"])

    async def listed() -> list[tuple[str, str]]:
        return [(item["id"], item["status"]) for item in (await controller.call("GET", PATH))["items"]]

    assert (await controller.call("GET", f"{PATH}/{made['id']}"))["receipt"] is None
    assert await listed() == [(made["id"], "accepted")]
    receipts[order.id] = ErasureReceipt(tables={"wine.payload": TableErasure(rows=3)})
    running = await controller.call("GET", f"{PATH}/{made['id']}")
    assert (running["status"], running["receipt"]["tables"]["wine.payload"]["rows"]) == ("running", 3)
    assert await listed() == [(made["id"], "running")]
    event = ErasureFinished(service="wine", erasure_id=order.id, receipt=receipts.pop(order.id))
    async with deps.database.unit_of_work() as session:
        await finish_erasure(session, event)
    done = await controller.call("GET", f"{PATH}/{made['id']}")
    assert (done["status"], done["receipt"]["tables"]["wine.payload"]["rows"]) == ("finished", 3)
    assert (await open_orders(deps.database, deps.vault)).items == ()
    async with deps.database.read() as session:
        row = await session.get_one(ErasureRow, order.id)
    assert (row.subjects, row.count) == ([], 1)

    assert await listed() == [(made["id"], "finished")]
    audit = await controller.call("GET", "/audit")
    assert "erasure" in {line["resource_kind"] for line in audit["items"]}
    assert SUBJECT not in json.dumps([made, running, done, audit]) + caplog.text


async def test_hashes_of_a_column_are_looked_for_too(
    controller: Controller, receipts: dict[UUID, ErasureReceipt]
) -> None:
    deps = controller.app.dependencies
    key = await masking_key(deps.database, deps.vault, deps.clock, "default")
    await controller.call("POST", PATH, 202, json={"column": "customer", "values": ["x"]})
    (order,) = (await open_orders(deps.database, deps.vault)).items
    assert (order.column, order.values) == ("customer", ("x", hash_token("x", key)))


async def test_what_makes_no_sense_or_is_not_theirs_is_refused(
    controller: Controller, receipts: dict[UUID, ErasureReceipt]
) -> None:
    wrongs: list[dict[str, Any]] = [
        {},
        {"client_request_ids": []},
        {"client_request_ids": ["a"], "request_ids": ["b"]},
        {"column": "a"},
        {"values": ["a"]},
        {"request_ids": ["a"], "values": ["a"]},
        {"request_ids": ["a"] * 1001},
        {"request_ids": ["a"], "more": 1},
    ]
    for wrong in wrongs:
        await controller.call("POST", PATH, 400, json=wrong)
    await controller.call("POST", "/services/nobody/erasures", 404, json={"request_ids": ["a"]})
    await controller.call("GET", f"{PATH}/00000000-0000-0000-0000-000000000001", 404)
    await controller.call("POST", "/users", 201, json={"name": "eve"})
    await controller.call("PUT", "/projects/default/members/eve", json={"role": "editor"})
    token = (await controller.call("POST", "/tokens", 201, json={"name": "t", "user": "eve"}))["token"]
    headers = {"authorization": f"Bearer {token}"}
    refused = await controller.client.post(f"/api/v1{PATH}", headers=headers, json={"request_ids": ["a"]})
    assert refused.status_code == 403
    assert (await controller.client.get(f"/api/v1{PATH}", headers=headers)).status_code == 200
