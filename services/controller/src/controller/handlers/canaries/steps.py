"""What a canary does: one action is one transaction, its change of the traffic and the note of it together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from controller.domain.canaries.plan import CanaryPlan
from controller.domain.canaries.progress import IN_TRAFFIC, Action, ActionKind, CanaryPhase
from controller.domain.services.status import ACTIVE
from controller.handlers.services.traffic import set_weights
from controller.handlers.services.versions import start_version, stop_version
from controller.handlers.unit_of_work import UnitOfWork
from controller.store.services.services import StoredService
from controller.store.tables import CanaryRow
from shared.bus.outbox import publish
from shared.contracts.canaries import CanaryVerdict
from shared.events.version import (
    CanaryFact,
    VersionCanaryAborted,
    VersionCanaryHeld,
    VersionCanaryPromoted,
    VersionCanaryRolledBack,
    VersionCanaryStarted,
    VersionCanaryStepped,
)


def is_own_traffic(service: StoredService, row: CanaryRow) -> bool:
    """Whether the split is still the one that the canary set."""
    return row.traffic_revision == service.row.traffic_revision


@dataclass(frozen=True)
class CanaryMove:
    """One unit of work on one canary."""

    unit: UnitOfWork
    service: StoredService
    row: CanaryRow
    verdict: CanaryVerdict | None = None

    @property
    def plan(self) -> CanaryPlan:
        """What a person asked for."""
        return CanaryPlan.model_validate(self.row.plan)

    async def act(self, action: Action) -> None:
        """Carry out one action."""
        acts: Mapping[ActionKind, Callable[[Action], Awaitable[None]]] = {
            "wait": self._wait,
            "preflight": self._preflight,
            "start_candidate": self._start_candidate,
            "begin": self._begin,
            "set_weight": self._adjust,
            "step": self._step,
            "hold": self._hold,
            "promote": lambda found: self.promote(found.reason),
            "roll_back": self._roll_back,
            "abort": lambda found: self.abort(found.reason, keeps_traffic=found.keeps_traffic),
            "fail": lambda found: self.abort(found.reason, phase="error"),
        }
        await acts[action.kind](action)

    async def promote(self, reason: str) -> None:
        """All of the traffic for the canary; the version before stops later, where the plan says so."""
        await self._set_weight(100)
        self._end(CanaryPhase.PROMOTED, reason, self.plan.stop_previous_after)
        await self._publish(VersionCanaryPromoted(**self._identity(), reason=reason, verdict=self.verdict))

    async def abort(
        self, reason: str, *, keeps_traffic: bool = False, phase: Literal["aborted", "error"] = "aborted"
    ) -> None:
        """End it without a verdict; its traffic goes back to the stable version, unless somebody else set the split."""
        if not keeps_traffic and is_own_traffic(self.service, self.row):
            await self._give_back()
        self._end(CanaryPhase(phase), reason, None)
        await self._publish(VersionCanaryAborted(**self._identity(), reason=reason, phase=phase))

    async def stop_what_is_over(self) -> None:
        """Stop the version that lost, as long as it has no traffic."""
        row = self.row
        loser = row.stable if row.phase == CanaryPhase.PROMOTED else row.version
        found = next((version for version in self.service.versions if version.row.name == loser), None)
        row.stops_at = None
        row.revision += 1
        if found is not None and found.status in ACTIVE and self.service.weights().get(found.row.name) == 0:
            await stop_version(self.unit, self.service, found)

    async def _wait(self, action: Action) -> None:
        # what a canary with traffic waits for stands with its verdict: it is another every few seconds
        self._note(self.row.reason if self.row.phase in IN_TRAFFIC else action.reason)

    async def _preflight(self, action: Action) -> None:
        self.row.phase, self.row.stable = CanaryPhase.PREFLIGHT, action.stable
        self._note(action.reason)

    async def _start_candidate(self, action: Action) -> None:
        candidate = self.service.version(self.row.version)
        await start_version(self.unit, self.service, candidate, weight=0)
        self.row.generations = {candidate.row.name: candidate.row.generation}
        self._note(action.reason)

    async def _begin(self, action: Action) -> None:
        row = self.row
        assert action.stable is not None
        row.stable = action.stable
        row.generations = {name: self.service.version(name).row.generation for name in (row.version, row.stable)}
        row.phase, row.step = CanaryPhase.CANARY, 0
        self.service.row.cohort = row.id.hex
        row.started_at = row.step_started_at = self.unit.now
        await self._set_weight(action.weight)
        self._note("")
        await self._publish(VersionCanaryStarted(**self._identity(), weight=row.weight, steps=self.plan.steps))

    async def _adjust(self, action: Action) -> None:
        await self._set_weight(action.weight)
        self._note("")

    async def _step(self, action: Action) -> None:
        self.row.step, self.row.step_started_at = action.step, self.unit.now
        await self._set_weight(action.weight)
        self._note("")
        await self._publish(
            VersionCanaryStepped(**self._identity(), weight=self.row.weight, step=self.row.step, verdict=self.verdict)
        )

    async def _hold(self, action: Action) -> None:
        self.row.phase = CanaryPhase.HELD
        self._note(action.reason)
        await self._publish(
            VersionCanaryHeld(**self._identity(), weight=self.row.weight, reason=action.reason, verdict=self.verdict)
        )

    async def _roll_back(self, action: Action) -> None:
        await self._give_back()
        stops_after = timedelta(0) if self.plan.stop_when_rolled_back else None
        self._end(CanaryPhase.ROLLED_BACK, action.reason, stops_after)
        await self._publish(VersionCanaryRolledBack(**self._identity(), reason=action.reason, verdict=self.verdict))

    async def _give_back(self) -> None:
        if self.row.phase in IN_TRAFFIC:
            await self._set_weight(0)

    async def _set_weight(self, weight: int) -> None:
        """The canary's weight, the rest for the stable version; noted with the split's revision that this makes."""
        row = self.row
        assert row.stable is not None
        await set_weights(self.unit, self.service, {row.stable: 100 - weight, row.version: weight})
        row.weight = weight
        row.traffic_revision = self.service.row.traffic_revision
        row.stages = [*row.stages, {"from_time": self.unit.now.isoformat(), "weight": weight}]

    def _end(self, phase: CanaryPhase, reason: str, stops_after: timedelta | None) -> None:
        self.row.phase = phase
        self.row.ended_at = self.unit.now
        self.row.stops_at = None if stops_after is None else self.unit.now + stops_after
        self._note(reason)

    def _note(self, reason: str) -> None:
        """Count a change of the row, if it is one."""
        if self.row.reason == reason and not self.unit.session.is_modified(self.row):
            return
        self.row.reason = reason
        self.row.updated_at = self.unit.now
        self.row.revision += 1

    async def _publish(self, event: CanaryFact) -> None:
        await publish(self.unit.session, event)

    def _identity(self) -> dict[str, Any]:
        service, row = self.service, self.row
        version = next((each.row for each in service.versions if each.row.name == row.version), None)
        return {
            "service_id": service.row.id,
            "service": service.row.name,
            "version_id": version.id if version is not None else row.id,
            "version": row.version,
            "canary_id": row.id,
            "stable": row.stable,
        }
