"""What is done next with a canary, by what is stored and seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest
from pydantic import ValidationError

from controller.domain.canaries.plan import CanaryPlan, NewCanary, PreflightRule
from controller.domain.canaries.progress import (
    Action,
    CanaryPhase,
    SeenService,
    SeenVersion,
    StoredProgress,
    allowed_weight,
    next_action,
)
from controller.domain.services.status import VersionStatus
from shared.contracts.canaries import CanaryVerdict, Decision, SampleRatio
from shared.errors import InvalidInput

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
PLAN = CanaryPlan(preflight=None, steps=(5, 25), step_requests=100, min_requests=500)
STABLE = SeenVersion("v1", VersionStatus.RUNNING, weight=100, ready=1)
READY = SeenVersion("v2", VersionStatus.RUNNING, ready=1)
DRAFT = SeenVersion("v2", VersionStatus.DRAFT)
WAITING = StoredProgress(CanaryPhase.WAITING, NOW)
BEGUN = NOW - timedelta(hours=1)
FIRST = StoredProgress(CanaryPhase.CANARY, BEGUN, 0, 5, BEGUN, BEGUN)
LAST = replace(FIRST, step=1, weight=25)
IN_TRAFFIC = SeenService(READY, [STABLE], 2, stable=STABLE)


def verdict(decision: Decision, requests: int = 1000, *, is_suspect: bool = False) -> CanaryVerdict:
    ratio = SampleRatio(expected=0.05, observed=0.01, e_value=1e9, is_suspect=is_suspect)
    return CanaryVerdict(decision=decision, reason="so", at=NOW, requests_of_stage=requests, sample_ratio=ratio)


def waiting(candidate: SeenVersion | None, *active: SeenVersion, **more: Any) -> Action:
    seen = SeenService(candidate, active, max_active=2)
    return next_action(PLAN, replace(WAITING, **more), seen, None, NOW)


def in_traffic(
    found: CanaryVerdict | None, stored: StoredProgress = FIRST, plan: CanaryPlan = PLAN, **more: Any
) -> Action:
    return next_action(plan, stored, replace(IN_TRAFFIC, **more), found, NOW)


def test_it_starts_its_version_waits_for_its_pods_and_begins() -> None:
    assert waiting(DRAFT, STABLE).kind == "start_candidate"
    starting = replace(READY, status=VersionStatus.STARTING, ready=0)
    assert waiting(starting, STABLE) == Action("wait", "v2 has 0 of 1 pod ready")
    assert waiting(READY, STABLE) == Action("begin", weight=5, stable="v1")


def test_recorded_requests_are_replayed_first() -> None:
    plan = PLAN.model_copy(update={"preflight": PreflightRule()})

    def found(state: Literal["passed", "failed", "skipped"] | None) -> Action:
        seen = SeenService(READY, [STABLE], 2, preflight=state, preflight_reason="so")
        return next_action(plan, WAITING, seen, None, NOW)

    assert found(None) == Action("preflight", "recorded requests are asked of v2", stable="v1")
    assert found("failed") == Action("roll_back", "preflight: so")
    assert found("passed").kind == found("skipped").kind == "begin"


def test_with_two_versions_active_it_waits_and_says_so() -> None:
    other = replace(STABLE, name="v3", weight=0)
    found = waiting(DRAFT, STABLE, other)
    assert found == Action("wait", "v1 and v3 are active already, and a canary is one of two: stop one of them")
    assert waiting(DRAFT).reason == "no other version runs that it could be compared with"


def test_what_cannot_start_ends_it() -> None:
    assert waiting(None, STABLE) == Action("fail", "the version is gone")
    failed = replace(READY, status=VersionStatus.FAILED)
    assert waiting(failed, STABLE) == Action("fail", "v2 did not start")
    assert waiting(DRAFT, STABLE, has_started=True) == Action("abort", "v2 was stopped")
    late = waiting(DRAFT, created_at=NOW - timedelta(hours=24), reason="no other version runs")
    assert late == Action("abort", "it could not start within its waiting limit: no other version runs")


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (None, "the monitor does not answer"),
        (verdict("error"), "so"),
        (verdict("hold", is_suspect=True), "so"),
        (verdict("promote", requests=99), "99 of 100 canary requests of this step"),
    ],
)
def test_without_enough_seen_it_stays(found: CanaryVerdict | None, why: str) -> None:
    assert in_traffic(found) == Action("wait", why)


def test_steps_need_their_time() -> None:
    young = replace(FIRST, step_started_at=NOW - timedelta(minutes=9))
    assert in_traffic(verdict("promote"), young) == Action("wait", "the step has not lasted long enough")


def test_it_steps_while_it_holds_and_is_promoted_once_it_is_no_worse() -> None:
    assert in_traffic(verdict("hold")) == Action("step", "so", weight=25, step=1)
    assert in_traffic(verdict("hold"), LAST) == Action("wait", "so")
    assert in_traffic(verdict("promote"), LAST) == Action("promote", "so", weight=100)
    longer = PLAN.model_copy(update={"min_duration": timedelta(hours=2)})
    found = in_traffic(verdict("promote"), LAST, longer)
    assert found == Action("wait", "it has not lasted long enough to be promoted")


def test_harm_rolls_back_at_any_time_also_while_it_is_held() -> None:
    young = replace(FIRST, started_at=NOW, step_started_at=NOW)
    held = replace(LAST, phase=CanaryPhase.HELD)
    for stored in (young, LAST, held):
        assert in_traffic(verdict("roll_back", requests=1), stored) == Action("roll_back", "so")
    assert in_traffic(verdict("promote"), held) == Action("wait")


def test_the_time_limit_holds_it_at_its_weight() -> None:
    old = replace(LAST, started_at=NOW - timedelta(hours=24))
    assert in_traffic(verdict("hold"), old) == Action("hold", "the time limit has passed: so")
    assert in_traffic(None, old).reason == "the time limit has passed: there was no verdict"


def test_what_people_do_ends_it() -> None:
    by_hand = in_traffic(verdict("promote"), is_own_traffic=False)
    assert by_hand == Action("abort", "the traffic was changed by hand", keeps_traffic=True)
    assert in_traffic(verdict("promote"), is_same_configuration=False).kind == "abort"
    stopped = in_traffic(verdict("promote"), stable=replace(STABLE, status=VersionStatus.STOPPING))
    assert stopped == Action("abort", "v1 is stopping", keeps_traffic=True)
    gone = in_traffic(verdict("promote"), stable=None, active=[replace(STABLE, name="v0")])
    assert gone == Action("abort", "the version that it is compared with is gone", keeps_traffic=True)
    failed = in_traffic(verdict("promote"), candidate=replace(READY, status=VersionStatus.FAILED))
    assert failed == Action("roll_back", "v2 is failed")


def test_no_weight_is_above_what_is_ready() -> None:
    four = replace(STABLE, ready=4)
    assert [allowed_weight(step, READY, four) for step in (5, 25, 50)] == [5, 25, 25]
    assert allowed_weight(50, replace(READY, ready=0), four) == 1
    assert allowed_weight(50, replace(READY, is_autoscaled=True), four) == 50
    lost = in_traffic(verdict("promote"), candidate=replace(READY, ready=0))
    assert lost == Action("set_weight", weight=1, step=0)
    short = in_traffic(verdict("promote"), LAST, stable=four)
    assert short == Action("wait", "v2 has 1 of 1 pod ready, v1 4: scale it first")


def test_a_plan_grows_and_names_each_guardrail_once() -> None:
    for wrong in ({"steps": [25, 5]}, {"steps": [5, 5]}, {"guardrails": [{"kind": "errors"}, {"kind": "errors"}]}):
        with pytest.raises(InvalidInput):
            NewCanary.model_validate({"version": "v2", **wrong})
    unfit: list[dict[str, Any]] = [
        {"steps": []},
        {"steps": [100]},
        {"guardrails": [{"kind": "mood"}]},
        {"time_limit": "P31D"},
    ]
    for refused in unfit:
        with pytest.raises(ValidationError):
            NewCanary.model_validate({"version": "v2", **refused})


def test_guardrails_have_their_defaults() -> None:
    rules = {rule.kind: rule.contract() for rule in CanaryPlan().guardrails}
    assert (rules["errors"].margin, rules["errors"].ratio, rules["errors"].is_required) == (0.002, 1.1, True)
    assert rules["quality"].is_required is False
    again = CanaryPlan.model_validate(CanaryPlan().model_dump(mode="json"))
    assert again == CanaryPlan()
