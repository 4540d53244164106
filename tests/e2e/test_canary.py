"""Canaries on a real platform, with seconds for durations: a bad version is rolled back, a good one takes over."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from platforms.running_platform import Platform, until
from platforms.served_model import ServedModel

pytestmark = pytest.mark.timeout(900)

SERVICE = "wine-canary"
RATE = 10.0
PLAN: dict[str, Any] = {
    "steps": [50],
    "guardrails": [
        {"kind": "errors", "margin": 0.2},
        {"kind": "client_errors", "margin": 0.2},
    ],
    **{"step_requests": 40, "min_requests": 40, "step_duration": 5, "min_duration": 5, "warm_up": 0},
    **{"baseline_window": 60, "baseline_requests": 20, "time_limit": 280, "stop_previous_after": None},
}


def ended(platform: Platform, canary: str) -> Any:
    """The canary, once it is over."""

    def seen() -> Any:
        found = platform.api("GET", f"/services/{SERVICE}/canaries/{canary}")
        return found if found["phase"] not in {"waiting", "preflight", "canary"} else None

    return until(seen, within=300, every=0.5, what="the canary is over")


def begin(platform: Platform, version: str, model: str, **more: Any) -> str:
    source = {"kind": "mlflow", "model": model, "version": "1"}
    body = {"name": version, "model_source": source, "resource_source": {"kind": "shared", "spec": "1C2G"}}
    platform.api("POST", f"/services/{SERVICE}/versions", json=body)
    made = platform.api("POST", f"/services/{SERVICE}/canaries", json={"version": version, **PLAN, **more})
    return str(made["id"])


async def test_a_bad_version_is_rolled_back_and_a_good_one_promoted(platform: Platform) -> None:
    served = await asyncio.to_thread(ServedModel.publish, platform, SERVICE, "wine_quality")
    async with served.under_load("canary", RATE) as caller:
        canary = await asyncio.to_thread(begin, platform, "bad", "always_raises", preflight=None)
        bad = await asyncio.to_thread(ended, platform, canary)
        assert (bad["phase"], bad["weight"]) == ("rolled_back", 0), bad
        assert bad["verdicts"][-1]["verdict"]["decision"] == "roll_back"

        await asyncio.to_thread(platform.wait_version, SERVICE, "bad", "stopped")
        replay = {"requests": 20, "max_changed": 0}
        canary = await asyncio.to_thread(begin, platform, "good", "wine_quality", preflight=replay)
        good = await asyncio.to_thread(ended, platform, canary)
        assert (good["phase"], good["weight"]) == ("promoted", 100), good
        assert (good["preflight"]["state"], good["preflight"]["changed"]) == ("passed", 0)
        assert good["preflight"]["requests"] > 0
    versions = {answer.version for answer in caller.ledger if answer.status == 200}
    assert {"v1", "good"} <= versions
    assert {answer.version for answer in caller.failed} <= {"bad"}
    kinds = {event["reason"] for event in platform.api("GET", f"/services/{SERVICE}/events")["items"]}
    assert {"CanaryStarted", "CanaryRolledBack", "CanaryPromoted"} <= kinds
