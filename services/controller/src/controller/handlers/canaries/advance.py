"""One look at one canary: what the monitor is asked, and what is done by its answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from controller.domain.canaries.plan import CanaryPlan
from controller.domain.canaries.preflight import PreflightReport
from controller.domain.canaries.progress import (
    IN_TRAFFIC,
    OPEN,
    CanaryPhase,
    SeenService,
    SeenVersion,
    StoredProgress,
    next_action,
)
from controller.handlers.canaries.steps import CanaryMove, is_own_traffic
from controller.handlers.unit_of_work import UnitOfWork
from controller.store.canaries.canaries import load_canary, store_verdict
from controller.store.services.services import StoredService, StoredVersion, load_service
from controller.store.tables import CanaryRow
from shared.contracts.canaries import CanaryStage, CanaryVerdict, LatencyBaseline
from shared.contracts.rpc.canaries import CanaryBaselineQuery, CanaryVerdictQuery


@dataclass(frozen=True)
class Look:
    """What was read of a canary before the monitor was asked; `revision` is the row's then."""

    revision: int
    phase: CanaryPhase
    verdict: CanaryVerdictQuery | None = None
    baseline: CanaryBaselineQuery | None = None
    replays: CanaryRow | None = None
    """The row, where recorded requests are to be replayed."""


@dataclass(frozen=True)
class Findings:
    """What the monitor answered; None: nothing, or it was not asked."""

    verdict: CanaryVerdict | None = None
    baseline: LatencyBaseline | None = None


async def look_at(session: AsyncSession, service: str, canary: UUID, now: datetime) -> Look:
    """What the monitor is to be asked about it."""
    row = await load_canary(session, service, canary)
    plan, phase = CanaryPlan.model_validate(row.plan), CanaryPhase(row.phase)
    if phase not in IN_TRAFFIC:
        stored = await load_service(session, service)
        others = [each for each in stored.active() if each.row.name != row.version]
        asks = phase in OPEN and row.baseline is None and len(others) == 1
        window = now - plan.baseline_window
        return Look(
            row.revision,
            phase,
            baseline=_baseline(service, others[0].row.name, plan, window, now) if asks else None,
            replays=row if phase is CanaryPhase.PREFLIGHT and row.preflight is None else None,
        )
    assert row.stable is not None
    missing = row.baseline is None and any(rule.kind.startswith("latency") for rule in plan.guardrails)
    since = (row.started_at or now) - plan.baseline_window
    return Look(
        row.revision,
        phase,
        verdict=_verdict(service, row, plan),
        baseline=_baseline(service, row.stable, plan, since, now) if missing else None,
    )


def _baseline(service: str, stable: str, plan: CanaryPlan, since: datetime, now: datetime) -> CanaryBaselineQuery:
    return CanaryBaselineQuery(
        service=service, version=stable, from_time=since, to_time=now, min_requests=plan.baseline_requests
    )


def _verdict(service: str, row: CanaryRow, plan: CanaryPlan) -> CanaryVerdictQuery:
    return CanaryVerdictQuery(
        service=service,
        stable=row.stable or "",
        canary=row.version,
        stages=tuple(CanaryStage.model_validate(stage) for stage in row.stages),
        warm_up_s=plan.warm_up.total_seconds(),
        guardrails=tuple(rule.contract() for rule in plan.guardrails),
        min_requests=max(plan.min_requests, 1),
        alpha=plan.alpha,
        hard_stop=plan.hard_stop,
        baseline=LatencyBaseline.model_validate(row.baseline) if row.baseline else None,
    )


async def advance(unit: UnitOfWork, service: str, canary: UUID, look: Look, found: Findings) -> bool:
    """Do what is to be done now; whether anything was. Nothing, where it has changed since it was looked at."""
    stored = await load_service(unit.session, service, for_update=True)
    row = await load_canary(unit.session, service, canary, for_update=True)
    if row.revision != look.revision:
        return False
    if row.phase not in OPEN:
        if row.stops_at is not None and row.stops_at <= unit.now:
            await CanaryMove(unit, stored, row).stop_what_is_over()
        return True
    move = CanaryMove(unit, stored, row, found.verdict)
    if found.baseline is not None and row.baseline is None:
        row.baseline = found.baseline.model_dump(mode="json")
    action = next_action(move.plan, _progress(row), _seen(unit, stored, row), found.verdict, unit.now)
    if found.verdict is not None:
        await store_verdict(unit.session, row, found.verdict, action.reason if action.kind == "wait" else "")
    await move.act(action)
    return action.kind != "wait"


async def store_preflight(session: AsyncSession, service: str, canary: UUID, report: PreflightReport) -> None:
    """Keep what the replay found, if it is still waited for."""
    row = await load_canary(session, service, canary, for_update=True)
    if row.phase == CanaryPhase.PREFLIGHT and row.preflight is None:
        row.preflight = report.model_dump(mode="json")
        row.revision += 1


def _progress(row: CanaryRow) -> StoredProgress:
    return StoredProgress(
        phase=CanaryPhase(row.phase),
        created_at=row.created_at,
        step=row.step,
        weight=row.weight,
        started_at=row.started_at,
        step_started_at=row.step_started_at,
        has_started=bool(row.generations),
        reason=row.reason,
    )


def _seen(unit: UnitOfWork, service: StoredService, row: CanaryRow) -> SeenService:
    by_name = {version.row.name: version for version in service.versions}
    candidate = by_name.get(row.version)
    stable = by_name.get(row.stable) if row.stable is not None else None
    preflight = row.preflight or {}
    return SeenService(
        candidate=None if candidate is None else _version(candidate),
        active=[_version(each) for each in service.active() if each.row.name != row.version],
        max_active=unit.limits.max_active,
        stable=None if stable is None else _version(stable),
        preflight=preflight.get("state"),
        preflight_reason=preflight.get("reason", ""),
        is_own_traffic=is_own_traffic(service, row),
        is_same_configuration=all(
            name in by_name and by_name[name].row.generation == generation
            for name, generation in row.generations.items()
        ),
    )


def _version(version: StoredVersion) -> SeenVersion:
    seen = version.seen if version.is_current else None
    return SeenVersion(
        name=version.row.name,
        status=version.status,
        weight=version.row.weight,
        ready=seen.ready_replicas if seen is not None else 0,
        wanted=version.replicas,
        is_autoscaled=version.row.autoscaling is not None,
    )
