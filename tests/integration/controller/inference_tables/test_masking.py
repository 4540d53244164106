"""Masking rules: checked, told to routers without a key, tried on recorded requests; the key is the shippers' alone."""

from __future__ import annotations

import json
import logging

import pytest

from controller.domain.registries.secrets import Vault
from controller.handlers.inference_tables.masking_keys import masking_key, reseal_masking_keys
from controller.handlers.services.routes import service_intent
from controller.store.inference_tables.masking_keys import key_of_project
from controller.store.services.services import load_service
from running_services.running_controller import Controller, Peers, wine
from shared.contracts.routes import Masking, MaskingRule
from shared.errors import NotFound

RULES = [{"column": "customer", "action": "hash"}, {"column": "card", "action": "drop"}]
VERSION = "/services/wine/versions/v1"


async def test_rules_go_to_routers_and_the_key_goes_nowhere(
    controller: Controller, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    made = {"name": "wine", "version": wine(log_delivery={"masking": RULES})}
    service = await controller.call("POST", "/services", 201, json=made)
    assert service["versions"][0]["log_delivery"]["masking"] == RULES
    for wrong in (
        [{"column": "a", "action": "hide"}],
        [{"column": "", "action": "mask"}],
        [{"column": "  ", "action": "mask"}],
        [{"column": "a", "action": "mask", "more": 1}],
        [{"column": "Client_Request_Id", "action": "mask"}],
        [{"column": "a", "action": "mask"}, {"column": "A ", "action": "drop"}],
        [{"column": str(at), "action": "mask"} for at in range(65)],
    ):
        await controller.call("PATCH", VERSION, 400, json={"log_delivery": {"masking": wrong}})
    kept = await controller.call("PATCH", VERSION, json={"log_delivery": {"sample_rate": 0.5}})
    assert (kept["log_delivery"]["sample_rate"], kept["log_delivery"]["masking"]) == (0.5, RULES)
    body = wine(log_delivery={"enabled": True})
    second = await controller.call("POST", "/services/wine/versions", 201, json=body)
    assert second["log_delivery"]["masking"] == RULES
    await controller.call("POST", f"{VERSION}/start")
    deps = controller.app.dependencies
    async with deps.database.read() as session:
        (route,) = service_intent(await load_service(session, "wine")).versions
    assert route.masking == Masking(key="default", rules=tuple(map(MaskingRule.model_validate, RULES)))
    bare = await controller.call("PATCH", VERSION, json={"log_delivery": {"masking": []}})
    assert "masking" not in bare["log_delivery"]
    key = await masking_key(deps.database, deps.vault, deps.clock, "default")
    assert key == await masking_key(deps.database, deps.vault, deps.clock, "default")
    with pytest.raises(NotFound):
        await masking_key(deps.database, deps.vault, deps.clock, "nobody")
    newer = Vault([b"n" * 32, *deps.vault._keys.values()])
    async with deps.database.unit_of_work() as session:
        assert await reseal_masking_keys(session, newer) == []
    assert await masking_key(deps.database, newer, deps.clock, "default") == key
    async with deps.database.read() as session:
        row = await key_of_project(session, "default")
    assert row is not None
    said = json.dumps(await controller.call("GET", "/audit")) + caplog.text
    assert key.hex() not in said
    assert key not in row.sealed


async def test_rules_are_tried_on_recorded_requests(controller: Controller, peers: Peers) -> None:
    await controller.call("POST", "/services", 201, json={"name": "wine", "version": wine()})
    row = {
        "request_id": "r1",
        "request": json.dumps({"dataframe_records": [{"customer": "Kaethe", "card": 7, "alcohol": 9.5}]}),
        "response": json.dumps({"predictions": [5.0]}),
        "status_code": 200,
        "logging_error_codes": [],
    }
    failed = row | {"request_id": "r2", "status_code": 400, "response": json.dumps({"message": "Kaethe"})}
    page = {"columns": list(row), "items": [row, failed], "next_cursor": None, "delta_version": 1}
    peers.read_pieces = [json.dumps(page).encode()]
    path = f"{VERSION}/masking-preview"
    body = {"masking": [*RULES, {"column": "custmer", "action": "mask"}], "limit": 2}
    found = await controller.call("POST", path, json=body)
    asked = peers.asked_reads[-1]
    assert (asked.table, asked.page_size, asked.equal) == ("wine.payload", 2, {"version": "v1"})
    good, bad = found["items"]
    assert "Kaethe" not in json.dumps(found)
    assert json.loads(good["request"])["dataframe_records"][0].keys() == {"customer", "alcohol"}
    assert (good["response"], good["logging_error_codes"], good["changed"]) == ('{"predictions":[5.0]}', [], True)
    assert (bad["request"], bad["response"], bad["logging_error_codes"]) == (None, None, ["MASKING_NOT_POSSIBLE"])
    assert found["untouched_columns"] == ["custmer"]
    unruled = await controller.call("POST", path, json={})
    assert [item["changed"] for item in unruled["items"]] == [False, False]
    await controller.call("POST", path, 400, json={"rules": []})
