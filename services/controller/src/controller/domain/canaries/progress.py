"""What is to be done next with a canary. Pure: what is stored, what is seen and the time → one action.

Level-triggered: whatever was missed or done twice in between, the same picture leads to the same action. An action that
changes traffic and the note that it was done are one transaction, so there is no half of a step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from controller.domain.canaries.plan import CanaryPlan
from controller.domain.services.status import ACTIVE, SERVING, VersionStatus
from shared.contracts.canaries import CanaryVerdict
from shared.counted import counted


class CanaryPhase(StrEnum):
    """Where a canary is."""

    WAITING = "waiting"
    PREFLIGHT = "preflight"
    CANARY = "canary"
    HELD = "held"
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled_back"
    ABORTED = "aborted"
    ERROR = "error"


OPEN = frozenset({CanaryPhase.WAITING, CanaryPhase.PREFLIGHT, CanaryPhase.CANARY, CanaryPhase.HELD})
"""Phases in which something may still happen to the traffic."""
IN_TRAFFIC = frozenset({CanaryPhase.CANARY, CanaryPhase.HELD})
"""Phases in which it has a weight."""


@dataclass(frozen=True)
class SeenVersion:
    """A version as it is now."""

    name: str
    status: VersionStatus
    weight: int = 0
    ready: int = 0
    wanted: int = 1
    is_autoscaled: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether it answers with every pod that it wants; one scaled to zero gets a pod with its first request."""
        return self.status in SERVING and self.ready >= self.wanted and (self.wanted > 0 or self.is_autoscaled)


@dataclass(frozen=True)
class StoredProgress:
    """What is stored of a canary."""

    phase: CanaryPhase
    created_at: datetime
    step: int = 0
    weight: int = 0
    started_at: datetime | None = None
    step_started_at: datetime | None = None
    has_started: bool = False
    """Whether it has had the version started."""
    reason: str = ""


@dataclass(frozen=True)
class SeenService:
    """The service as it is now; `is_own_traffic`: nobody else has changed the split since the canary did."""

    candidate: SeenVersion | None
    active: Sequence[SeenVersion]
    """Active versions besides the candidate."""
    max_active: int
    stable: SeenVersion | None = None
    is_own_traffic: bool = True
    is_same_configuration: bool = True
    preflight: Literal["passed", "failed", "skipped"] | None = None
    preflight_reason: str = ""


ActionKind = Literal[
    "wait",
    "start_candidate",
    "preflight",
    "begin",
    "set_weight",
    "step",
    "hold",
    "promote",
    "roll_back",
    "abort",
    "fail",
]


@dataclass(frozen=True)
class Action:
    """What to do, and why. `weight` and `step` are the canary's new ones; `keeps_traffic`: the split is somebody's."""

    kind: ActionKind
    reason: str = ""
    weight: int = 0
    step: int = 0
    stable: str | None = None
    keeps_traffic: bool = False


def next_action(
    plan: CanaryPlan, stored: StoredProgress, seen: SeenService, verdict: CanaryVerdict | None, now: datetime
) -> Action:
    """The next action of a canary that is not over."""
    if seen.candidate is None:
        return Action("fail", "the version is gone")
    if stored.phase not in IN_TRAFFIC:
        return _BeforeTraffic(plan, stored, seen, seen.candidate, now).action()
    if seen.stable is None:
        return Action("abort", "the version that it is compared with is gone", keeps_traffic=True)
    return _InTraffic(plan, stored, seen, seen.candidate, seen.stable, verdict, now).action()


def stable_of(active: Sequence[SeenVersion]) -> tuple[SeenVersion | None, str]:
    """The version that a canary is compared with: the only other active one; else None and why."""
    if not active:
        return None, "no other version runs that it could be compared with"
    if len(active) > 1:
        return None, f"{_named(active)} are active already, and a canary is one of two: stop one of them"
    return active[0], ""


@dataclass(frozen=True)
class _BeforeTraffic:
    """What happens until it gets its first share."""

    plan: CanaryPlan
    stored: StoredProgress
    seen: SeenService
    candidate: SeenVersion
    now: datetime

    def action(self) -> Action:
        if self.now - self.stored.created_at >= self.plan.waiting_limit:
            return Action("abort", f"it could not start within its waiting limit: {self.stored.reason}")
        stable, why = stable_of(self.seen.active)
        if stable is None:
            return Action("wait", why)
        return self._start(stable) or self._wait(stable) or self._begin(stable)

    def _start(self, stable: SeenVersion) -> Action | None:
        candidate = self.candidate
        if candidate.status is VersionStatus.FAILED:
            return Action("fail", f"{candidate.name} did not start")
        if candidate.status is VersionStatus.STOPPING:
            return Action("wait", f"{candidate.name} is stopping")
        if candidate.status in ACTIVE:
            return None
        if len(self.seen.active) >= self.seen.max_active:
            return Action("wait", f"{stable.name} is active, and no further version may be")
        if self.stored.has_started:
            return Action("abort", f"{candidate.name} was stopped")
        return Action("start_candidate", f"{candidate.name} is starting", stable=stable.name)

    def _wait(self, stable: SeenVersion) -> Action | None:
        candidate = self.candidate
        if not candidate.is_complete:
            return Action("wait", f"{candidate.name} has {candidate.ready} of {counted(candidate.wanted, 'pod')} ready")
        if stable.status not in SERVING:
            return Action("wait", f"{stable.name} does not serve yet")
        return None

    def _begin(self, stable: SeenVersion) -> Action:
        if self.plan.preflight is not None and self.seen.preflight is None:
            return Action("preflight", f"recorded requests are asked of {self.candidate.name}", stable=stable.name)
        if self.seen.preflight == "failed":
            return Action("roll_back", f"preflight: {self.seen.preflight_reason}")
        weight = allowed_weight(self.plan.steps[0], self.candidate, stable)
        return Action("begin", weight=weight, stable=stable.name)


@dataclass(frozen=True)
class _InTraffic:
    """What happens while it has a share."""

    plan: CanaryPlan
    stored: StoredProgress
    seen: SeenService
    candidate: SeenVersion
    stable: SeenVersion
    verdict: CanaryVerdict | None
    now: datetime

    def action(self) -> Action:
        return self._end() or self._hold() or self._adjust() or self._wait() or self._step() or self._promote()

    def _end(self) -> Action | None:
        if not self.seen.is_own_traffic:
            return Action("abort", "the traffic was changed by hand", keeps_traffic=True)
        if self.stable.status not in ACTIVE:
            return Action("abort", f"{self.stable.name} is {self.stable.status}", keeps_traffic=True)
        if self.candidate.status not in ACTIVE:
            return Action("roll_back", f"{self.candidate.name} is {self.candidate.status}")
        if not self.seen.is_same_configuration:
            return Action("abort", "a version was changed while it was compared")
        if self.verdict is not None and self.verdict.decision == "roll_back":
            return Action("roll_back", self.verdict.reason)
        return None

    def _hold(self) -> Action | None:
        if self.stored.phase is CanaryPhase.HELD:
            return Action("wait")
        if self._lasted(self.stored.started_at) < self.plan.time_limit:
            return None
        why = self.verdict.reason if self.verdict is not None else "there was no verdict"
        return Action("hold", f"the time limit has passed: {why}")

    def _adjust(self) -> Action | None:
        allowed = allowed_weight(self.plan.steps[self.stored.step], self.candidate, self.stable)
        return Action("set_weight", weight=allowed, step=self.stored.step) if allowed != self.stored.weight else None

    def _wait(self) -> Action | None:
        """Why neither the next step nor a promotion comes yet."""
        verdict = self.verdict
        if verdict is None:
            return Action("wait", "the monitor does not answer")
        if verdict.decision == "error" or (verdict.sample_ratio is not None and verdict.sample_ratio.is_suspect):
            return Action("wait", verdict.reason)
        if verdict.requests_of_stage < self.plan.step_requests:
            wanted = self.plan.step_requests
            return Action("wait", f"{verdict.requests_of_stage} of {wanted} canary requests of this step")
        if self._lasted(self.stored.step_started_at) < self.plan.step_duration:
            return Action("wait", "the step has not lasted long enough")
        return None

    def _step(self) -> Action | None:
        step = self.stored.step + 1
        if step >= len(self.plan.steps):
            return None
        if not self.candidate.is_complete:
            return Action("wait", f"{self.candidate.name} has {self._pods()} ready")
        weight = allowed_weight(self.plan.steps[step], self.candidate, self.stable)
        return Action("step", self.verdict.reason if self.verdict else "", weight=weight, step=step)

    def _promote(self) -> Action:
        assert self.verdict is not None
        if self.verdict.decision != "promote":
            return Action("wait", self.verdict.reason)
        if self._lasted(self.stored.started_at) < self.plan.min_duration:
            return Action("wait", "it has not lasted long enough to be promoted")
        if not self.candidate.is_complete or allowed_weight(100, self.candidate, self.stable) < 100:
            why = f"{self.candidate.name} has {self._pods()} ready, {self.stable.name} {self.stable.ready}"
            return Action("wait", f"{why}: scale it first")
        return Action("promote", self.verdict.reason, weight=100)

    def _pods(self) -> str:
        return f"{self.candidate.ready} of {counted(self.candidate.wanted, 'pod')}"

    def _lasted(self, since: datetime | None) -> timedelta:
        return timedelta(0) if since is None else self.now - since


def allowed_weight(step: int, candidate: SeenVersion, stable: SeenVersion) -> int:
    """The step's weight, but never above what is ready: its pods, in parts of those that carry the stable version.

    At least 1. Where the load decides on the number of pods, it does so for the step's weight; routers see to the rest.
    """
    if candidate.is_autoscaled or not stable.ready:
        return step
    return max(1, min(step, 100 * candidate.ready // stable.ready))


def _named(versions: Sequence[SeenVersion]) -> str:
    return " and ".join(version.name for version in versions)
