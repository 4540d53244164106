"""What operators do all day, at 50 requests/s, and no caller notices: the promise of rolling updates and of the split.

It lasts until every kind of change was made, and so many requests: 3,000 with `--long`, or as many as
`CHANGES_REQUESTS` says.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest

from platforms.running_platform import Caller, Platform, until
from platforms.served_model import ServedModel, figures

pytestmark = pytest.mark.timeout(1800)

REQUESTS, REQUESTS_LONG = 900, 3000
"""Those of every run are enough for each kind of change once and for a split to show its shares."""
RATE = 50.0
KINDS = 6
"""Of changes, each of which is made at least once."""
SETTLED_S = 1.0
"""A change of the split takes effect within a second."""


@dataclass
class Still:
    """A span of time in which the split stood still, and its weights."""

    weights: dict[str, int]
    begun: float
    ended: float = float("inf")

    def versions(self, caller: Caller) -> Counter[str | None]:
        """Who answered the requests that were sent while it stood."""
        sent = (a for a in caller.ledger if self.begun + SETTLED_S <= a.sent_at and a.answered_at <= self.ended)
        return Counter(answer.version for answer in sent)


@dataclass
class Operator:
    """Changes one service through the public API, waits until each change is done, remembers how the split stood."""

    platform: Platform
    service: str
    still: list[Still] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)

    def call(self, method: str, path: str, **body: Any) -> Any:
        return self.platform.api(method, f"/services/{self.service}{path}", json=body or None)

    def is_at(self, version: str, status: str, generation: int) -> Callable[[], Any]:
        def reached() -> bool:
            found = self.call("GET", f"/versions/{version}")
            return (found["status"], found["generation"]) == (status, generation)

        return reached

    def waits(self, version: str, status: str) -> None:
        """Until the version is there with its present generation."""
        generation = self.call("GET", f"/versions/{version}")["generation"]
        until(self.is_at(version, status, generation), within=90, what=f"{version} {status}")

    def stands(self, **weights: int) -> None:
        """From now on the split is this one."""
        self.moves()
        self.still.append(Still(weights, time.monotonic()))

    def moves(self) -> None:
        """From now on the split changes."""
        if self.still:
            self.still[-1].ended = min(self.still[-1].ended, time.monotonic())

    def updates_options(self, turn: int) -> None:
        self.call("PATCH", "/versions/v1", runtime={"max_batch_rows": 64 + turn})
        self.waits("v1", "running")

    def updates_model(self, turn: int) -> None:
        source = {"kind": "mlflow", "model": "wine_quality", "version": str(turn % 2 + 1)}
        self.call("PATCH", "/versions/v1", model_source=source)
        self.waits("v1", "running")

    def splits(self, turn: int) -> None:
        self.moves()
        share = (10, 50, 75)[turn % 3]
        self.call("PUT", "/traffic", weights={"v1": share, "v2": 100 - share})
        self.stands(v1=share, v2=100 - share)

    def stops_one(self, turn: int) -> None:
        self.moves()
        self.call("POST", "/versions/v2/stop")
        self.waits("v2", "stopped")
        self.stands(v1=100)

    def starts_it_again(self, turn: int) -> None:
        self.moves()
        self.call("POST", "/versions/v2/start", traffic_weight=10)
        self.waits("v2", "running")
        self.stands(v1=90, v2=10)

    def restarts_a_pod(self, turn: int) -> None:
        pod = max(self.call("GET", "/versions/v1/pods")["items"], key=lambda each: each["started_at"])
        self.call("POST", f"/versions/v1/pods/{pod['name']}/restart")

        def is_back() -> bool:
            found = {each["name"]: each for each in self.call("GET", "/versions/v1/pods")["items"]}
            return bool(found[pod["name"]]["ready"] and found[pod["name"]]["restarts"] > pod["restarts"])

        until(is_back, within=60, what=f"{pod['name']} back")

    def turn(self, turn: int, is_over: Callable[[], bool]) -> None:
        """Everything once."""
        for change in (
            self.updates_options,
            self.stops_one,
            self.starts_it_again,
            self.updates_model,
            self.splits,
            self.restarts_a_pod,
        ):
            if is_over():
                return
            change(turn)
            self.done[change.__name__] += 1


async def test_no_request_fails_whatever_is_changed_and_the_split_holds(
    platform: Platform, request: pytest.FixtureRequest
) -> None:
    by_default = REQUESTS_LONG if request.config.getoption("--long") else REQUESTS
    wanted = int(os.environ.get("CHANGES_REQUESTS", by_default))
    wine = await asyncio.to_thread(ServedModel.publish, platform, "changing", "wine_quality", replicas=2)
    operator = Operator(platform, wine.service)
    source = {"kind": "mlflow", "model": "wine_quality", "version": "2"}
    operator.call("POST", "/versions", model_source=source, start=True, traffic_weight=10)
    await asyncio.to_thread(operator.waits, "v2", "running")

    async with wine.under_load("changes", RATE) as caller:
        operator.stands(v1=90, v2=10)

        def is_over() -> bool:
            return len(operator.done) == KINDS and len(caller.ledger) >= wanted

        for turn in count():
            await asyncio.to_thread(operator.turn, turn, is_over)
            if is_over():
                break
        operator.moves()

    print(figures("changes", caller.ledger), dict(operator.done))
    assert caller.failed == [], "\n".join(map(str, caller.failed[:20]))
    assert len(caller.ledger) >= wanted
    splits = [(still.weights, still.versions(caller)) for still in operator.still]
    print(*splits, sep="\n")
    for weights, versions in splits:
        assert set(versions) <= set(weights), "a version answered that has no share"
        if versions.total() >= 100:
            shares = {name: 100 * versions[name] / versions.total() for name in weights}
            assert shares == pytest.approx(weights, abs=2)
    judged = [weights for weights, versions in splits if len(weights) == 2 and versions.total() >= 100]
    assert judged, "two versions shared the requests for long enough to say how"
    assert len(operator.done) == KINDS, "each kind of change was made at least once"


async def test_an_update_to_a_model_that_cannot_load_is_taken_back_and_nobody_notices(platform: Platform) -> None:
    wine = await asyncio.to_thread(ServedModel.publish, platform, "steadfast", "wine_quality")
    operator = Operator(platform, wine.service)
    before = operator.call("GET", "/versions/v1")

    def is_back() -> Any:
        found = operator.call("GET", "/versions/v1")
        return found if (found["status"], found["reason"]) == ("running", "RolledBack") else None

    async with wine.under_load("broken", 20) as caller:
        source = {"kind": "mlflow", "model": "never_loads", "version": "1"}
        updated = operator.call("PATCH", "/versions/v1", model_source=source)
        assert updated["status"] == "updating"
        back = await asyncio.to_thread(until, is_back, within=120, what="rolled back")

    assert caller.failed == []
    assert (back["model_source"], back["replicas"]) == (before["model_source"], 1)
    assert back["generation"] == updated["generation"] + 1
    assert "this model never loads" in back["message"] + " ".join(back["log_tail"])
    (pod,) = await asyncio.to_thread(until_one_pod, operator)
    assert pod["name"] in {answer.pod for answer in caller.ledger}, "the pod that served is the pod that serves"
    events = await asyncio.to_thread(until_told, operator)
    assert events["RolloutFailed"]["level"] == "error"
    assert "back to the configuration that served last" in events["RolledBack"]["message"]


def until_one_pod(operator: Operator) -> Any:
    """The pods of `v1`, once only one is left."""

    def left() -> Any:
        pods = operator.call("GET", "/versions/v1/pods")["items"]
        return pods if len(pods) == 1 else None

    return until(left, within=60, what="one pod")


def until_told(operator: Operator) -> dict[str, Any]:
    """The version's events by reason, once both of the roll-back are there."""

    def told() -> Any:
        events = {event["reason"]: event for event in operator.call("GET", "/versions/v1/events")["items"]}
        return events if {"RolloutFailed", "RolledBack"} <= set(events) else None

    found: dict[str, Any] = until(told, within=60, what="the roll-back among the events")
    return found
