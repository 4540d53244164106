"""How soon what was asked for is so, on a machine that has nothing else to do."""

from __future__ import annotations

import asyncio
import time
from typing import Any
from uuid import uuid4

import httpx
import psutil
import pytest

from platforms.running_platform import COUNTED, Answer, Caller, Platform, until
from platforms.served_model import eventually, wine_body

SINKS = ("monitor", "inference-logger")


@pytest.fixture(scope="module")
def key(platform: Platform) -> str:
    return platform.publish("promised", "wine_quality")


def predict(platform: Platform, key: str, **more: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.post(f"{platform.data_url}/promised/predict", json=wine_body() | more, headers=headers, timeout=30)


def with_two_versions(platform: Platform) -> None:
    """A try may find what the one before it has made."""
    names = [each["name"] for each in platform.api("GET", "/services/promised/versions")["items"]]
    if "v2" not in names:
        source = {"kind": "mlflow", "model": "wine_quality", "version": "2"}
        version = {"model_source": source, "start": True, "traffic_weight": 10}
        platform.api("POST", "/services/promised/versions", json=version)
    platform.wait_version("promised", "v2", "running")


@pytest.mark.timed
def test_a_request_is_a_row_within_five_seconds(platform: Platform, key: str) -> None:
    name = f"row-{uuid4()}"  # each try has a row of its own
    answer = predict(platform, key, client_request_id=name)
    assert answer.status_code == 200

    def found() -> list[dict[str, Any]]:
        wanted = (*COUNTED, "response", "served_entity_id")
        return [r for r in platform.payload_rows("promised", wanted) if r["client_request_id"] == name]

    (row,) = until(found, within=5, what="the request's row")
    assert row["status_code"] == 200
    assert row["response"] == answer.text
    assert row["request_id"] == answer.headers["x-request-id"]
    assert row["served_entity_id"] == "wine_quality/1"


@pytest.mark.timed
def test_sinks_leave_the_machine_to_callers_and_still_get_their_part(platform: Platform) -> None:
    """A niceness of 19 would be a seventieth of a busy processor: rows, alerts and pages would wait for minutes."""
    niceness = {name: psutil.Process(platform.process(name)["pid"]).nice() for name in ("router", *SINKS)}
    assert niceness == {"router": 0, **dict.fromkeys(SINKS, 10)}


def test_a_revoked_key_stops_within_a_second(platform: Platform, key: str) -> None:
    issued = platform.api("POST", "/services/promised/keys", json={"name": "short-lived"})
    assert predict(platform, issued["key"]).status_code == 200
    platform.api("DELETE", f"/services/promised/keys/{issued['id']}")
    revoked_at = sent_at = time.monotonic()

    def is_refused() -> bool:
        nonlocal sent_at
        sent_at = time.monotonic()
        return predict(platform, issued["key"]).status_code == 401

    until(is_refused, within=60, what="the revoked key is refused")
    assert sent_at - revoked_at < 1


@pytest.mark.timed
async def test_weights_changed_under_load_take_effect_within_a_second(platform: Platform, key: str) -> None:
    async def weigh(v1: int, v2: int) -> None:
        weights = {"v1": v1, "v2": v2}
        await asyncio.to_thread(platform.api, "PUT", "/services/promised/traffic", json={"weights": weights})

    await asyncio.to_thread(with_two_versions, platform)
    caller = Caller(f"{platform.data_url}/promised/predict", key, wine_body(), rate=100)
    stop = asyncio.Event()
    await weigh(90, 10)
    load = asyncio.create_task(caller.run(stop))
    await eventually(lambda: {a.version for a in caller.ledger} == {"v1", "v2"})
    await weigh(0, 100)
    changed = time.monotonic()

    def late() -> list[Answer]:
        return [a for a in caller.ledger if a.sent_at > changed + 1]

    await eventually(lambda: len(late()) > 50)
    stop.set()
    await load

    assert caller.failed == []
    assert {a.version for a in late()} == {"v2"}
