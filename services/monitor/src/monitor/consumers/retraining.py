"""The bus: alerts that ask for a retraining, and calls about retrainings."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from monitor.handlers.pages import page_of
from monitor.handlers.retraining import asking
from monitor.handlers.retraining.ending import note_result
from monitor.handlers.retraining.following import RetrainingLoop
from monitor.store.retraining import runs
from monitor.store.retraining.triggers import stored_triggers
from shared.bus import Bus
from shared.contracts.retraining import AwaitedModel, AwaitedModelList, Retraining, RetrainingPage
from shared.contracts.rpc.method import Nothing
from shared.contracts.rpc.retraining import (
    AWAITED_MODELS,
    CANCEL_RETRAINING,
    RETRAIN,
    RETRAINING,
    RETRAINING_RESULT,
    RETRAININGS,
    RetrainingQuery,
    RetrainingResult,
    RetrainingsQuery,
    RetrainOrder,
)
from shared.errors import Unavailable
from shared.events import AlertRaised, AlertUpdated, ServiceDeleted

DURABLE = "monitor-retraining"
RESULTS_FOR = timedelta(hours=1)
"""How long after its end a result is still looked for in the registry."""


def subscribe_retraining(bus: Bus, loop: RetrainingLoop) -> None:
    """Declare what is consumed and answered about retrainings."""
    _consume(bus, loop)
    _serve_runs(bus, loop)
    _serve_results(bus, loop)


def _consume(bus: Bus, loop: RetrainingLoop) -> None:
    async def alert(event: AlertRaised | AlertUpdated, session: AsyncSession) -> None:
        if not loop.is_listed and not await stored_triggers(session, event.service):
            raise Unavailable("the triggers are not known yet", retry_after_s=1)
        if await asking.by_alert(session, event, loop.driver.clock.now()):
            loop.wake()

    async def deleted(event: ServiceDeleted, session: AsyncSession) -> None:
        await asking.forget_service(session, event.service_id, loop.driver.clock.now())
        loop.wake()

    bus.consume(DURABLE, {AlertRaised: alert, AlertUpdated: alert, ServiceDeleted: deleted})


def _serve_runs(bus: Bus, loop: RetrainingLoop) -> None:
    async def retrain(order: RetrainOrder) -> Retraining:
        async with loop.driver.database.unit_of_work() as session:
            asked = await asking.by_hand(session, order, loop.driver.clock.now())
        loop.wake()
        return asked

    async def listed(query: RetrainingsQuery) -> RetrainingPage:
        async with loop.driver.database.read() as session:
            rows = await runs.page(session, query.service_id, query.trigger_id, query.limit, query.cursor)
        items = page_of(map(runs.retraining_of, rows))
        is_last = len(items) == len(rows) < query.limit
        return RetrainingPage(items=items, next_cursor=None if is_last else str(items[-1].id))

    async def one(query: RetrainingQuery) -> Retraining:
        async with loop.driver.database.read() as session:
            return runs.retraining_of(await runs.load(session, query.id, query.service_id))

    async def cancel(query: RetrainingQuery) -> Retraining:
        async with loop.driver.database.unit_of_work() as session:
            asked = await asking.cancel(session, query.id, query.service_id, loop.driver.clock.now())
        loop.wake()
        return asked

    bus.serve(RETRAIN, retrain)
    bus.serve(RETRAININGS, listed)
    bus.serve(RETRAINING, one)
    bus.serve(CANCEL_RETRAINING, cancel)


def _serve_results(bus: Bus, loop: RetrainingLoop) -> None:
    async def awaited(_: Nothing) -> AwaitedModelList:
        async with loop.driver.database.read() as session:
            rows = await runs.awaited(session, loop.driver.clock.now() - RESULTS_FOR)
        found = [(row, runs.definition_of(row)) for row in rows]
        return AwaitedModelList(
            items=tuple(
                AwaitedModel(
                    id=row.id,
                    trigger_id=row.trigger_id,
                    service=definition.service,
                    project=definition.project,
                    model=definition.model,
                    registry=definition.registry,
                    since=row.requested_at,
                )
                for row, definition in found
                if definition.model is not None
            )
        )

    async def result(query: RetrainingResult) -> Nothing:
        async with loop.driver.database.unit_of_work() as session:
            await note_result(session, query.id, query.model, loop.driver.clock)
        loop.wake()
        return Nothing()

    bus.serve(AWAITED_MODELS, awaited)
    bus.serve(RETRAINING_RESULT, result)
