"""At 50 requests/s each process of the platform is killed in turn; the caller's ledger is held against the table.

Invariants (reliability): no failed prediction save those in flight at a killed router or pod; every 2xx has exactly one
row; state converges with no hand.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import Counter
from typing import Any

import httpx
import psutil
import pytest
from sklearn.datasets import load_wine

import mlflow_scripts
from running_platform import Caller, Platform, until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

IN_FLIGHT_S = 0.5
"""A request that was sent this long before a router or pod was killed may have been in flight."""


def body() -> dict[str, Any]:
    features = load_wine(as_frame=True).frame.drop(columns="target")
    return {"dataframe_split": {"columns": list(features.columns), "data": features.head(1).to_numpy().tolist()}}


async def restarted(platform: Platform, name: str) -> float:
    """Kill one process, wait until another has its place; the moment of the kill."""
    old = await asyncio.to_thread(platform.kill, name)
    killed = time.monotonic()
    await asyncio.to_thread(
        until,
        lambda: (p := platform.process(name))["pid"] not in (old, None) and p["state"] == "running",
        within=30,
        what=f"{name} running again",
    )
    return killed


async def keep_killed(platform: Platform, name: str, seconds: float) -> None:
    """Hold a process down: whatever the launcher starts in its place is killed as soon as it is seen."""
    path, end = platform.home, time.monotonic() + seconds
    while time.monotonic() < end:
        for process in psutil.process_iter(["name", "cmdline"]):
            if process.info["name"] == "nats-server" and str(path) in " ".join(process.info["cmdline"] or []):
                os.kill(process.pid, signal.SIGKILL)
        await asyncio.sleep(0.1)


async def test_no_answer_fails_and_no_row_is_lost(platform: Platform) -> None:
    key = await asyncio.to_thread(platform.publish, "steady", "wine_quality", replicas=2)
    caller = Caller(f"{platform.data_url}/steady/predict", key, body(), rate=50)
    stop = asyncio.Event()
    load = asyncio.create_task(caller.run(stop))
    excused: list[float] = []
    await asyncio.sleep(2)

    for name in ("controller", "scheduler", "monitor", "inference-logger", "router"):
        killed = await restarted(platform, name)
        excused += [killed] if name == "router" else []
        await asyncio.sleep(2)
    pods = (await asyncio.to_thread(platform.api, "GET", "/services/steady/versions/v1/pods"))["items"]
    excused.append(await restarted(platform, pods[0]["name"]))
    await keep_killed(platform, "nats", 30)
    await asyncio.sleep(3)
    stop.set()
    await load

    unexcused = [a for a in caller.failed if not any(0 <= at - a.sent_at + 0.1 <= IN_FLIGHT_S for at in excused)]
    assert unexcused == [], "\n".join(map(str, unexcused))
    assert len(caller.failed) <= 5
    await asyncio.to_thread(rows_equal_ledger, platform, caller)
    await asyncio.to_thread(platform.wait_version, "steady", "v1", "running", 30)


def rows_equal_ledger(platform: Platform, caller: Caller) -> None:
    answered = {a.client_request_id for a in caller.ledger if a.status == 200}

    def rows() -> Counter[str]:
        return Counter(r["client_request_id"] for r in platform.payload_rows("steady") if r["status_code"] == 200)

    until(lambda: answered <= rows().keys(), within=60, every=1, what="a row for every answer")
    counted = rows()
    assert [name for name, times in counted.items() if times > 1] == []
    assert answered - counted.keys() == set()


def test_a_model_that_fails_to_load_leaves_the_other_version_alone(platform: Platform) -> None:
    key = platform.publish("careful", "wine_quality")
    broken = mlflow_scripts.run("never-loads", platform.mlflow_url)
    version = {"model_source": {"kind": "mlflow", "model": broken, "version": "1"}, "start": True}
    platform.api("POST", "/services/careful/versions", json=version)

    failed = platform.wait_version("careful", "v2", "failed", within=90)

    assert "this model never loads" in failed["message"] + " ".join(failed["log_tail"])
    answer = httpx.post(
        f"{platform.data_url}/careful/predict", json=body(), headers={"Authorization": f"Bearer {key}"}, timeout=30
    )
    assert (answer.status_code, answer.headers["x-penstock-version"]) == (200, "v1")
