"""Canaries through the real app: what the loop does to versions and traffic, and what people may do."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from controller.domain.canaries.preflight import PreflightReport
from controller.handlers.services.observations import VersionReport, record_report
from controller.handlers.services.routes import service_intent
from controller.loops.canaries import CanaryLoop
from controller.store.services.services import load_service
from controller.store.tables import CanaryRow
from operations.wine_service import events, published
from running_services.running_controller import Controller, wine
from shared.contracts.base import Contract
from shared.contracts.canaries import CanaryVerdict, Decision, LatencyBaseline
from shared.contracts.rpc.canaries import CANARY_BASELINE, CanaryBaseline, CanaryVerdictQuery
from shared.contracts.rpc.method import RpcMethod
from shared.errors import Unavailable

SERVICE = "/services/wine-quality"
on_sqlite = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
"""For what is decided, whatever the store."""
QUICK = {
    **{"preflight": None, "steps": [5, 50], "step_requests": 10},
    **{"step_duration": 0, "min_requests": 10, "min_duration": 0},
}


class Verdicts:
    """The monitor, as far as the loop asks it."""

    def __init__(self, controller: Controller) -> None:
        self.controller = controller
        self.decision: Decision | None = "hold"
        self.asked: list[CanaryVerdictQuery] = []

    async def call(self, method: RpcMethod, query: Contract, *, timeout: float) -> Contract:
        now = self.controller.clock.now()
        if self.decision is None:
            raise Unavailable("nobody answers")
        if method is CANARY_BASELINE:
            frozen = LatencyBaseline(requests=500, p95_s=0.1, p99_s=0.2, frozen_at=now)
            return CanaryBaseline(requests=500, baseline=frozen)
        assert isinstance(query, CanaryVerdictQuery)
        self.asked.append(query)
        return CanaryVerdict(decision=self.decision, reason="as it is", at=now, requests_of_stage=1000)


class Rollout:
    """A service with two versions, and a loop that is run by hand."""

    def __init__(self, controller: Controller) -> None:
        self.controller = controller
        self.monitor = Verdicts(controller)
        self.replays: list[Literal["passed", "failed"]] = []
        self.replayed: list[tuple[str, str]] = []
        self.fault: Exception | None = None
        deps = controller.app.dependencies
        self.loop = CanaryLoop(
            deps.database,
            self.monitor,
            controller.clock,
            timedelta(seconds=1),
            replay=self.replay,
            limits=deps.limits,
            routes_changed=lambda _: None,
        )

    async def replay(self, service: str, row: CanaryRow) -> PreflightReport:
        self.replayed.append((service, row.version))
        if self.fault is not None:
            raise self.fault
        if not self.replays:
            raise Unavailable("the log is away")
        return PreflightReport(state=self.replays.pop(0), reason="so", at=self.controller.clock.now())

    async def look(self, times: int = 1) -> Any:
        for _ in range(times):
            await self.loop.run_once()
            await self.loop.replays_done()
        (canary,) = (await self.controller.call("GET", f"{SERVICE}/canaries", params={"page_size": 1}))["items"]
        return canary

    async def ready(self, *names: str) -> None:
        found = await self.controller.call("GET", f"{SERVICE}/versions")
        database = self.controller.app.dependencies.database
        for version in found["items"]:
            if version["name"] in names:
                report = VersionReport(UUID(version["id"]), version["generation"], "running", 1, is_whole=True)
                async with database.unit_of_work() as session:
                    await record_report(session, report, self.controller.clock.now(), lambda _: None)

    async def begin(self, **more: Any) -> Any:
        body = {"version": "v2", **QUICK, **more}
        return await self.controller.call("POST", f"{SERVICE}/canaries", 201, json=body)

    async def weights(self) -> Any:
        return (await self.controller.call("GET", f"{SERVICE}/traffic"))["weights"]

    async def status(self, version: str) -> str:
        found: str = (await self.controller.call("GET", f"{SERVICE}/versions/{version}"))["status"]
        return found

    async def facts(self) -> list[str]:
        found = await events(self.controller)
        return [fact.split(".")[1].removeprefix("canary") for fact in found if ".canary" in fact]


@pytest.fixture
async def rollout(offline: Controller) -> Rollout:
    await published(offline)
    await offline.call("POST", f"{SERVICE}/versions", 201, json=wine("2"))
    found = Rollout(offline)
    await found.ready("v1")
    return found


async def test_a_good_version_takes_over_step_by_step(rollout: Rollout) -> None:
    made = await rollout.begin(stop_previous_after="PT10M")
    assert (made["phase"], made["plan"]["steps"], made["plan"]["stop_previous_after"]) == ("waiting", [5, 50], "PT10M")
    assert (await rollout.look())["reason"] == "v2 is starting"
    assert await rollout.weights() == {"v1": 100, "v2": 0}
    assert (await rollout.look())["reason"] == "v2 has 0 of 1 pod ready"
    await rollout.ready("v2")
    begun = await rollout.look()
    assert (begun["phase"], begun["stable"], begun["step"], begun["weight"]) == ("canary", "v1", 0, 5)
    assert begun["baseline"]["p95_s"] == 0.1
    assert await rollout.weights() == {"v1": 95, "v2": 5}
    async with rollout.controller.app.dependencies.read_session() as session:
        assert service_intent(await load_service(session, "wine-quality")).cohort == begun["id"].replace("-", "")

    assert (await rollout.look())["weight"] == 50
    waits = await rollout.look()
    assert (waits["weight"], waits["reason"]) == (50, "as it is")
    assert [each["verdict"]["decision"] for each in waits["verdicts"]] == ["hold", "hold"]
    assert [stage.weight for stage in rollout.monitor.asked[-1].stages] == [5, 50]
    assert rollout.monitor.asked[-1].baseline is not None
    rollout.monitor.decision = "promote"
    promoted = await rollout.look()
    assert (promoted["phase"], promoted["weight"]) == ("promoted", 100)
    assert await rollout.weights() == {"v1": 0, "v2": 100}
    assert await rollout.facts() == ["started", "stepped", "promoted"]

    await rollout.look()
    assert await rollout.status("v1") == "running"
    rollout.controller.clock.off_by = timedelta(minutes=10)
    assert (await rollout.look())["stops_at"] is None
    assert await rollout.status("v1") == "stopping"


async def test_a_bad_version_is_rolled_back_and_stopped(rollout: Rollout) -> None:
    await rollout.begin()
    await rollout.look()
    await rollout.ready("v2")
    await rollout.look()
    rollout.monitor.decision = "roll_back"
    back = await rollout.look()
    assert (back["phase"], back["reason"], back["weight"]) == ("rolled_back", "as it is", 0)
    assert await rollout.weights() == {"v1": 100, "v2": 0}
    await rollout.look()
    assert await rollout.status("v2") == "stopping"
    assert await rollout.facts() == ["started", "rolledback"]
    audit = await rollout.controller.call("GET", "/audit", params={"page_size": 100})
    changed = [line["after"] for line in audit["items"] if line["resource_kind"] == "canary"]
    phases = [after["phase"] for after in changed if "phase" in after]
    assert phases == ["rolled_back", "canary", "waiting"]


async def in_traffic(rollout: Rollout, **more: Any) -> Any:
    await rollout.begin(**more)
    await rollout.look()
    await rollout.ready("v2")
    return await rollout.look()


@on_sqlite
async def test_recorded_requests_are_replayed_before_it_gets_traffic(rollout: Rollout) -> None:
    begun = await in_traffic(rollout, preflight={"requests": 20})
    assert (begun["phase"], begun["stable"]) == ("preflight", "v1")
    assert (await rollout.look())["phase"] == "preflight"
    assert await rollout.weights() == {"v1": 100, "v2": 0}
    rollout.replays = ["passed"]
    await rollout.look()
    passed = await rollout.look()
    assert (passed["phase"], passed["preflight"]["state"]) == ("canary", "passed")
    assert rollout.replayed == [("wine-quality", "v2")] * 2


@on_sqlite
@pytest.mark.parametrize("is_one_of_many", [False, True])
async def test_a_replay_that_nobody_thought_of_fails_once(rollout: Rollout, is_one_of_many: bool) -> None:
    fault = ZeroDivisionError("a column of zeros")
    rollout.fault = ExceptionGroup("replays", [Unavailable("the pod"), fault]) if is_one_of_many else fault
    await in_traffic(rollout, preflight={})
    await rollout.look()
    back = await rollout.look()
    assert back["phase"] == "rolled_back"
    assert back["reason"] == "preflight: the replay failed (ZeroDivisionError); the controller's log says more"
    assert len(rollout.replayed) == 1


@on_sqlite
async def test_a_replay_is_done_again_while_something_is_away(rollout: Rollout) -> None:
    rollout.fault = ExceptionGroup("replays", [ConnectionResetError("the pod"), Unavailable("the log")])
    await in_traffic(rollout, preflight={})
    assert (await rollout.look())["phase"] == "preflight"
    rollout.fault, rollout.replays = None, ["passed"]
    await rollout.look()
    assert (await rollout.look())["phase"] == "canary"


@on_sqlite
async def test_a_failed_replay_rolls_it_back_without_traffic(rollout: Rollout) -> None:
    rollout.replays = ["failed"]
    await in_traffic(rollout, preflight={})
    await rollout.look()
    back = await rollout.look()
    assert (back["phase"], back["reason"], back["stages"]) == ("rolled_back", "preflight: so", [])
    assert await rollout.facts() == ["rolledback"]


@on_sqlite
async def test_a_split_by_hand_aborts_it_and_stays(rollout: Rollout) -> None:
    await in_traffic(rollout)
    await rollout.controller.call("PUT", f"{SERVICE}/traffic", json={"weights": {"v1": 70, "v2": 30}})
    aborted = await rollout.look()
    assert (aborted["phase"], aborted["reason"]) == ("aborted", "the traffic was changed by hand")
    assert await rollout.weights() == {"v1": 70, "v2": 30}
    await rollout.look(2)
    assert await rollout.status("v2") == "running"


@on_sqlite
async def test_people_abort_and_promote(rollout: Rollout) -> None:
    begun = await in_traffic(rollout)
    path = f"{SERVICE}/canaries/{begun['id']}"
    refused = await rollout.controller.call("POST", f"{SERVICE}/canaries", 409, json={"version": "v2"})
    assert begun["id"] in refused["message"]
    await rollout.controller.call("POST", f"{path}/abort", 412, headers={"if-match": '"1"'})
    aborted = await rollout.controller.call("POST", f"{path}/abort")
    assert (aborted["phase"], aborted["reason"]) == ("aborted", "aborted by admin")
    assert await rollout.weights() == {"v1": 100, "v2": 0}
    again = await rollout.controller.call("POST", f"{path}/abort")
    assert again["revision"] == aborted["revision"]
    await rollout.controller.call("POST", f"{path}/promote", 409)

    second = await rollout.begin(time_limit=0)
    assert (await rollout.look())["phase"] == "canary"
    held = await rollout.look()
    assert (held["phase"], held["reason"]) == ("held", "the time limit has passed: as it is")
    promoted = await rollout.controller.call("POST", f"{SERVICE}/canaries/{second['id']}/promote")
    assert promoted["phase"] == "promoted"
    assert await rollout.weights() == {"v1": 0, "v2": 100}


@on_sqlite
async def test_with_the_monitor_away_it_stays_and_then_is_held(rollout: Rollout) -> None:
    rollout.monitor.decision = None
    await in_traffic(rollout)
    stays = await rollout.look()
    assert (stays["phase"], stays["weight"], stays["baseline"]) == ("canary", 5, None)
    rollout.controller.clock.off_by = timedelta(hours=25)
    assert (await rollout.look())["phase"] == "held"


@on_sqlite
async def test_a_changed_version_ends_it(rollout: Rollout) -> None:
    await in_traffic(rollout)
    await rollout.controller.call("PATCH", f"{SERVICE}/versions/v2", json={"replicas": 2})
    assert (await rollout.look())["reason"] == "a version was changed while it was compared"
    assert await rollout.weights() == {"v1": 100, "v2": 0}


@on_sqlite
async def test_what_makes_no_sense_is_refused(rollout: Rollout) -> None:
    call = rollout.controller.call
    await call("POST", f"{SERVICE}/canaries", 404, json={"version": "v9"})
    await call("POST", "/services/nobody/canaries", 404, json={"version": "v2"})
    await call("POST", f"{SERVICE}/canaries", 409, json={"version": "v1"})
    for wrong in ({"steps": [50, 5]}, {"guardrails": [{"kind": "mood"}]}, {"alpha": 2}, {"colour": "red"}):
        await call("POST", f"{SERVICE}/canaries", 400, json={"version": "v2", **wrong})
    await call("GET", f"{SERVICE}/canaries/0192c0de-0000-7000-8000-000000000009", 404)
    assert (await call("GET", f"{SERVICE}/canaries"))["items"] == []
    assert await rollout.weights() == {"v1": 100}


async def test_a_service_is_deleted_with_its_canaries(rollout: Rollout) -> None:
    begun = await in_traffic(rollout)
    await rollout.controller.call("POST", f"{SERVICE}/canaries/{begun['id']}/abort")
    for version in ("v2", "v1"):
        await rollout.controller.call("POST", f"{SERVICE}/versions/{version}/stop")
    found = await rollout.controller.call("GET", f"{SERVICE}/versions")
    for version in found["items"]:
        report = VersionReport(UUID(version["id"]), version["generation"], "stopped", 0)
        async with rollout.controller.app.dependencies.database.unit_of_work() as session:
            await record_report(session, report, rollout.controller.clock.now(), lambda _: None)
    await rollout.controller.call("DELETE", SERVICE, 204)
    await rollout.controller.call("GET", f"{SERVICE}/canaries", 404)
    async with rollout.controller.app.dependencies.read_session() as session:
        assert (await session.scalars(select(CanaryRow))).all() == []


class Ended(BaseException):
    """What a process that is killed does to its transaction."""


async def test_a_look_that_is_cut_off_changes_nothing_and_two_at_once_step_once(rollout: Rollout) -> None:
    await in_traffic(rollout)
    before = await rollout.look()
    assert before["step"] == 1

    @event.listens_for(Session, "before_commit")
    def end(session: Session) -> None:
        if any(isinstance(row, CanaryRow) for row in session.identity_map.values()):
            raise Ended

    rollout.monitor.decision = "promote"
    try:
        with pytest.raises(Ended):
            await rollout.loop.run_once()
    finally:
        event.remove(Session, "before_commit", end)
    assert await rollout.weights() == {"v1": 50, "v2": 50}

    await asyncio.gather(rollout.loop.run_once(), rollout.loop.run_once())
    promoted = await rollout.look()
    assert promoted["phase"] == "promoted"
    assert await rollout.facts() == ["started", "stepped", "promoted"]
