"""What the backend observes of pods becomes rows and events, in one transaction for each observation.

Idempotent: an observation that is repeated after a restart of the scheduler changes nothing and publishes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from scheduler.domain.rollover import after_new_end
from scheduler.domain.start_timeline import next_timeline
from scheduler.domain.values import NO_FAULT, UNREACHABLE, Observation, PodNote, PodObservation, PodsListed, RunEnd
from scheduler.domain.verdict import VerdictLimits, after_end, after_refusal, check_warnings
from scheduler.handlers.outcome import put_off, update_outcome
from scheduler.store import rows
from scheduler.store.tables import DeploymentRow, LogPositionRow, PodRow
from shared.bus.outbox import publish
from shared.contracts.deployment import PodReport
from shared.events import Event, PodChecked, PodExited, PodNoted, PodNotReady, PodReady, PodScheduled, PodTerminated


@dataclass(frozen=True)
class ObservationContext:
    """The machine that observations are made on, and when a version that never gets ready has failed."""

    node: str
    limits: VerdictLimits


async def store_observation(
    session: AsyncSession, observation: Observation, context: ObservationContext, now: datetime
) -> None:
    """Store one observation, and publish the events that follow from it."""
    if isinstance(observation, PodsListed):
        await _remove_unlisted(session, observation, context, now)
        return
    version = await session.get(DeploymentRow, observation.version_id)
    if version is None:
        return  # not wanted by anybody; the reconcile loop ends it
    if observation.is_gone:
        pod = await session.get(PodRow, observation.pod)
        if pod is not None and pod.status != "Failed":
            _end_wait(version, pod, now)
            await _remove_pod(session, version, pod, _removal_reason(version, observation))
    else:
        await _store_pod(session, version, observation, context, now)
    await update_outcome(session, version, now, context.limits)


async def _remove_unlisted(
    session: AsyncSession, listing: PodsListed, context: ObservationContext, now: datetime
) -> None:
    """Pods that the backend does not know any more are gone."""
    known = (await session.execute(select(PodRow).where(col(PodRow.status) != "Failed"))).scalars().all()
    for pod in known:
        version = await session.get(DeploymentRow, pod.version_id)
        if pod.name not in listing.pods and version is not None:
            _end_wait(version, pod, now)
            await _remove_pod(session, version, pod, "Lost")
            await update_outcome(session, version, now, context.limits)


def _removal_reason(version: DeploymentRow, seen: PodObservation) -> str:
    if version.deleted:
        return "Deleted"
    if version.desired_replicas == 0:
        return "Stopped"
    if version.failure:
        return "Failed"
    return "ScaledDown" if seen.is_surplus else "Replaced"


def _end_wait(version: DeploymentRow, pod: PodRow, now: datetime) -> None:
    """Until now it has waited, if it did: that time does not count against its version."""
    if pod.reason in NO_FAULT:
        put_off(version, now, pod.generation)


async def _remove_pod(session: AsyncSession, version: DeploymentRow, pod: PodRow, why: str) -> None:
    await _publish_pod_event(session, version, PodTerminated, pod, reason=why)
    if why == "Failed":  # the row stays for people to read, until the next intent for the version
        pod.status, pod.ready, pod.pid, pod.address = "Failed", False, None, None
        pod.reason = (version.failure or {}).get("reason")
    else:
        await session.delete(pod)


async def _store_pod(
    session: AsyncSession, version: DeploymentRow, seen: PodObservation, context: ObservationContext, now: datetime
) -> None:
    pod = await session.get(PodRow, seen.pod)
    if pod is None:
        pod = PodRow(name=seen.pod, version_id=seen.version_id, generation=0, node="", status=seen.status)
        session.add(pod)
        await session.flush()
        await _follow_output(session, version, seen.pod)
    if seen.is_placed and not pod.node:
        pod.node = seen.node or context.node
        await _publish_pod_event(session, version, PodScheduled, pod, node=pod.node)
    was_ready = pod.ready
    _end_wait(version, pod, now)
    _copy(seen, pod)
    rows.set_timeline(pod, next_timeline(rows.timeline_of(pod), seen, seen.observed_at or now))
    if (note := seen.note) and note.is_event:
        await _publish_pod_event(
            session, version, PodNoted, pod, level=note.level, reason=note.reason, message=note.message
        )
    if note and note.reason == UNREACHABLE and note.is_event:
        _note_refusal(version, pod, note)
    if seen.end and seen.end.run > pod.ended_run:
        await _store_run_end(session, version, pod, seen.end, context)
    if pod.ready != was_ready:
        await _publish_readiness(session, version, pod, seen.report)
    if seen.report is not None:
        await _publish_report(session, version, pod, seen.report, is_published=pod.ready != was_ready)


def _note_refusal(version: DeploymentRow, pod: PodRow, note: PodNote) -> None:
    rows.set_progress(version, after_refusal(rows.progress_of(version), note))
    if (rollover := rows.rollover_of(version)) and pod.generation >= rollover.generation:
        rows.set_rollover(version, replace(rollover, progress=after_refusal(rollover.progress, note)))


async def _follow_output(session: AsyncSession, version: DeploymentRow, pod: str) -> None:
    if await session.get(LogPositionRow, pod) is None:
        session.add(
            LogPositionRow(pod=pod, version_id=version.version_id, service=version.service, version=version.version)
        )


def _copy(seen: PodObservation, pod: PodRow) -> None:
    pod.generation = seen.generation
    pod.status = seen.status
    pod.reason = seen.reason
    pod.ready = seen.ready
    pod.run, pod.restarts = seen.run, max(pod.restarts, seen.restarts)
    pod.address, pod.pid = seen.address, seen.pid
    pod.image = seen.image or pod.image
    pod.started_at = seen.started_at
    pod.last_exit = seen.last_exit
    pod.is_limited = seen.is_limited


async def _store_run_end(
    session: AsyncSession, version: DeploymentRow, pod: PodRow, end: RunEnd, context: ObservationContext
) -> None:
    pod.ended_run = end.run
    if end.is_intended:
        return
    if end.reason != "Exited":
        await _publish_pod_event(session, version, PodNoted, pod, level="error", reason=end.reason, message=end.message)
    if end.has_run:
        await _publish_pod_event(
            session, version, PodExited, pod, exit_code=end.code, signal=end.signal, restarts=pod.restarts
        )
    rows.set_progress(version, after_end(rows.progress_of(version), end, context.limits))
    if rollover := rows.rollover_of(version):
        rows.set_rollover(version, after_new_end(rollover, pod.generation, end, context.limits))


async def _publish_report(
    session: AsyncSession, version: DeploymentRow, pod: PodRow, report: PodReport, *, is_published: bool
) -> None:
    """Publish what is new in a pod's report; `is_published`: its check was part of `PodReady`."""
    is_known = pod.report_run == pod.run
    told = pod.report_revision if is_known else 0
    for event in report.events:
        if event.revision > told:
            await _publish_pod_event(
                session, version, PodNoted, pod, level=event.level, reason=event.reason, message=event.message
            )
    if not is_published and (not is_known or report.revision > told):
        counts = await _counts(session, version)
        facts = {"check": report.as_check(), "signature": report.signature}
        await _publish_pod_event(session, version, PodChecked, pod, **facts, **counts)
    pod.report_run, pod.report_revision = pod.run, report.revision


async def _counts(session: AsyncSession, version: DeploymentRow) -> dict[str, int]:
    await session.flush()
    ready = rows.count_pods(await rows.pods_of(session, version.version_id)).ready
    return {"ready_replicas": ready, "desired_replicas": version.replicas}


async def _publish_readiness(
    session: AsyncSession, version: DeploymentRow, pod: PodRow, report: PodReport | None
) -> None:
    counts = await _counts(session, version)
    if pod.ready:
        check, signature = (report.as_check(), report.signature) if report else (None, None)
        await _publish_pod_event(
            session, version, PodReady, pod, address=pod.address, check=check, signature=signature, **counts
        )
        for note in check_warnings(check):
            await _publish_pod_event(
                session, version, PodNoted, pod, level=note.level, reason=note.reason, message=note.message
            )
    else:
        await _publish_pod_event(session, version, PodNotReady, pod, reason=pod.reason or pod.status, **counts)


async def _publish_pod_event(
    session: AsyncSession, version: DeploymentRow, kind: type[Event], pod: PodRow, **facts: Any
) -> None:
    identity = {
        "service_id": version.service_id,
        "service": version.service,
        "version_id": version.version_id,
        "version": version.version,
        "pod": pod.name,
        "generation": pod.generation or version.generation,
    }
    await publish(session, kind.model_validate(identity | facts))
