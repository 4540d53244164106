"""From no pod to several and back, by the load alone: nobody is refused, the first caller waits."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from platforms.running_platform import Platform, until
from platforms.served_model import ServedModel, eventually, wine_body

pytestmark = pytest.mark.timeout(300)

RATE = 40.0
BUSY = 0.05
"""Requests in flight at one pod that are enough: few, since each takes some milliseconds."""


def version(platform: Platform) -> dict[str, Any]:
    found: dict[str, Any] = platform.api("GET", "/services/waking/versions/v1")
    return found


def wait_pods(served: ServedModel, count: int) -> None:
    """So many pods are wanted, ready and there, and the control plane says so."""

    def is_so() -> bool:
        seen = version(served.platform)
        told = (seen["status"], seen["desired_replicas"], seen["ready_replicas"])
        return told == ("running", count, count) and len(served.pods()) == count

    until(is_so, within=60, what=f"{count} pods")


async def test_no_pod_to_several_and_back(platform: Platform) -> None:
    bounds = {"min": 0, "max": 2, "target_concurrency": BUSY}
    served = ServedModel(platform, "waking", platform.publish("waking", "wine_quality", replicas=bounds), 2)
    assert version(platform)["replicas"] == bounds

    wait_pods(served, 0)
    answer = httpx.post(
        f"{platform.data_url}/waking/predict",
        json=wine_body(),
        headers={"Authorization": f"Bearer {served.key}"},
        timeout=60,
    )
    assert answer.status_code == 200, answer.text
    print(f"the first caller waited {answer.elapsed.total_seconds():.2f} s")

    async with served.under_load("scaled", RATE) as caller:
        await eventually(lambda: len(served.ready_pods()) == 2)
        await eventually(lambda: len({entry.pod for entry in caller.ledger[-50:]}) == 2)
    assert caller.failed == []

    wait_pods(served, 0)
    assert platform.api("GET", "/services/waking")["status"] == "running"
    told = [event["message"] for event in platform.api("GET", "/services/waking/events")["items"]]
    assert any("→ 0 pods (idle)" in message for message in told), told


def test_a_scheduler_that_starts_anew_goes_on_from_there(platform: Platform) -> None:
    until(lambda: version(platform)["desired_replicas"] == 0, within=60, what="it sleeps")
    platform.kill("scheduler")
    until(lambda: platform.process("scheduler")["restarts"] > 0, within=60, what="the scheduler is back")
    key = platform.issue_key("waking", "again", within=60)
    answer = httpx.post(
        f"{platform.data_url}/waking/predict",
        json=wine_body(),
        headers={"Authorization": f"Bearer {key}"},
        timeout=60,
    )
    assert answer.status_code == 200, answer.text
