"""Pods frozen and killed, a router cut off from all of them, a router replaced: who is answered under load, and how."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import Counter

import pytest

from platforms.running_platform import Caller, Platform, until
from platforms.served_model import ServedModel, answers, eventually

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]

HOLD_S = 10.0
"""How long a router holds a request for which there is no pod."""


def stalls(caller: Caller) -> bool:
    """Whether any request of a whole second, a moment ago, waits for its answer."""
    now = time.monotonic()
    return any(now - 1.5 < sent_at < now - 0.5 for sent_at in caller.unanswered.values())


async def test_a_frozen_pod_is_left_out_and_comes_back(wine: ServedModel) -> None:
    pod = (await asyncio.to_thread(wine.pods))[0]
    async with wine.under_load("frozen-pod") as caller:
        os.kill(pod["pid"], signal.SIGSTOP)
        frozen = time.monotonic()
        try:
            await eventually(lambda: time.monotonic() - frozen > 2 and not stalls(caller), within=12)
            assert pod["name"] not in await asyncio.to_thread(wine.ready_pods)
        finally:
            os.kill(pod["pid"], signal.SIGCONT)
        thawed = time.monotonic()
        await eventually(lambda: any(a.pod == pod["name"] and a.sent_at > thawed for a in caller.ledger))

    assert caller.failed == [], "what the pod had in its hands is answered when it goes on"
    meanwhile = [a for a in caller.ledger if frozen < a.sent_at and a.answered_at < thawed]
    assert len(meanwhile) > 20
    assert pod["name"] not in {a.pod for a in meanwhile}
    await asyncio.to_thread(wine.wait_whole)
    (after,) = [each for each in await asyncio.to_thread(wine.pods) if each["name"] == pod["name"]]
    assert (after["pid"], after["restarts"]) == (pod["pid"], pod["restarts"]), "the same process, not another one"
    await asyncio.to_thread(wine.rows_equal_ledger, caller)


async def test_a_killed_pod_costs_at_most_what_it_was_answering(wine: ServedModel) -> None:
    pod = (await asyncio.to_thread(wine.pods))[0]
    async with wine.under_load("killed-pod") as caller:
        os.kill(pod["pid"], signal.SIGKILL)
        in_its_hands = dict(caller.unanswered)
        await asyncio.to_thread(
            until,
            lambda: any(
                each["ready"] and each["name"] == pod["name"] and each["pid"] != pod["pid"] for each in wine.pods()
            ),
            within=60,
            what="the pod has another process",
        )

    assert {a.client_request_id for a in caller.failed} <= in_its_hands.keys()
    await asyncio.to_thread(wine.wait_whole)
    await asyncio.to_thread(wine.rows_equal_ledger, caller)


async def test_cut_off_from_every_pod_it_says_so_and_is_back_by_itself(wine: ServedModel) -> None:
    """No hand thaws the pods: the scheduler finds them hung, and replaces them."""
    limit_s = 2.0
    version = f"/services/{wine.service}/versions/v1"
    await asyncio.to_thread(wine.platform.api, "PATCH", version, json={"request_timeout_ms": int(limit_s * 1000)})
    await asyncio.to_thread(wine.wait_whole)
    async with wine.under_load("cut", rate=10) as caller:
        await answers(caller, 20)  # the router, too, has heard of the limit
        for pod in await asyncio.to_thread(wine.pods):
            os.kill(pod["pid"], signal.SIGSTOP)
        cut = time.monotonic()
        await eventually(lambda: any(a.status == 503 for a in caller.ledger))
        refused = time.monotonic()
        await eventually(lambda: any(a.status == 200 and a.sent_at > refused for a in caller.ledger))
        print(f"the first 503 came {refused - cut:.1f} s after the cut, answers again {time.monotonic() - cut:.1f} s")
        back = time.monotonic()
        await answers(caller, 20)

    assert [a for a in caller.ledger if a.sent_at > back and a.status != 200] == []
    assert Counter(a.status for a in caller.failed).keys() <= {503, 504}
    assert [a for a in caller.failed if a.status == 503 and not a.retry_after] == []
    # Its limits, and as much again for a slow machine.
    assert [a for a in caller.failed if a.took_s > 2 * (limit_s + HOLD_S)] == []
    await asyncio.to_thread(wine.platform.api, "PATCH", version, json={"request_timeout_ms": 60_000})
    await asyncio.to_thread(wine.wait_whole)
    await asyncio.to_thread(wine.rows_equal_ledger, caller)


async def test_a_router_that_is_told_to_end_fails_nobody(wine: ServedModel) -> None:
    platform = wine.platform
    async with wine.under_load("drained") as caller:
        for _ in range(2):
            old = await asyncio.to_thread(platform.kill, "router", signal.SIGTERM)
            await asyncio.to_thread(wait_for_another_router, platform, old)
            await answers(caller, 40)

    assert caller.failed == []
    await asyncio.to_thread(wine.rows_equal_ledger, caller)


def wait_for_another_router(platform: Platform, old: int) -> None:
    def is_another() -> bool:
        now = platform.process("router")
        return now["pid"] not in (old, None) and now["state"] == "running"

    until(is_another, within=60, what="another router")
