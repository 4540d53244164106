"""The bus: events of the scheduler about versions and runs, of the inference logger about erasures."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from controller.handlers.inference_tables.erasures import finish_erasure
from controller.handlers.resources.metering import record_run
from controller.handlers.services.observations import RoutesChanged, VersionReport, record_report
from controller.handlers.services.rollback import FailedRollout, roll_back
from shared.bus import Bus
from shared.clock import Clock
from shared.database import Database
from shared.events.base import Event
from shared.events.erasure import ErasureFinished
from shared.events.pod import PodChecked, PodNotReady, PodReady
from shared.events.run import RunEnded, RunFact, RunStarted
from shared.events.version import (
    VersionDrained,
    VersionFailed,
    VersionReady,
    VersionRolloutFailed,
    VersionScaled,
)

DURABLE = "controller-facts"


def subscribe(bus: Bus, database: Database, clock: Clock, routes_changed: RoutesChanged) -> None:
    """Declare which events this service consumes."""

    async def note(event: Event, session: AsyncSession) -> None:
        await record_report(session, report_of_event(event), clock.now(), routes_changed)

    async def give_up(event: VersionRolloutFailed, session: AsyncSession) -> None:
        await roll_back(session, FailedRollout.of_event(event), clock.now(), routes_changed)

    async def meter(event: Event, session: AsyncSession) -> None:
        assert isinstance(event, RunFact)
        await record_run(session, event, clock.now())

    async def finished(event: ErasureFinished, session: AsyncSession) -> None:
        await finish_erasure(session, event)

    handlers: dict[type[Event], Callable[[Any, AsyncSession], Awaitable[None]]] = dict.fromkeys(_REPORTS, note)
    handlers |= dict.fromkeys((RunStarted, RunEnded), meter)
    handlers[VersionRolloutFailed] = give_up
    handlers[ErasureFinished] = finished
    bus.consume(DURABLE, handlers)


def report_of_event(event: Event) -> VersionReport:
    """What an event of the scheduler says of its version."""
    return _REPORTS[type(event)](event)


def _ready(event: Event) -> VersionReport:
    assert isinstance(event, VersionReady)
    return VersionReport(event.version_id, event.generation, "running", event.ready_replicas, is_whole=True)


def _failed(event: Event) -> VersionReport:
    assert isinstance(event, VersionFailed)
    return VersionReport(
        event.version_id,
        event.generation,
        "failed",
        0,
        reason=event.reason,
        message=event.message,
        log_tail=event.log_tail,
    )


def _drained(event: Event) -> VersionReport:
    assert isinstance(event, VersionDrained)
    return VersionReport(event.version_id, event.generation, "stopped", 0)


def _pod(event: Event) -> VersionReport:
    assert isinstance(event, PodReady | PodNotReady | PodChecked)
    counts = (event.ready_replicas, event.desired_replicas)
    if isinstance(event, PodNotReady):
        return VersionReport(event.version_id, event.generation, None, *counts, event.reason)
    check = event.check.model_dump(mode="json") if event.check else None
    keeps = isinstance(event, PodChecked)
    return VersionReport(event.version_id, event.generation, None, *counts, check=check, keeps_reason=keeps)


def _scaled(event: Event) -> VersionReport:
    assert isinstance(event, VersionScaled)
    return VersionReport(event.version_id, event.generation, None, event.ready_replicas, event.to_replicas)


_REPORTS: dict[type[Event], Callable[[Event], VersionReport]] = {
    VersionReady: _ready,
    VersionFailed: _failed,
    VersionDrained: _drained,
    VersionScaled: _scaled,
    PodReady: _pod,
    PodChecked: _pod,
    PodNotReady: _pod,
}
