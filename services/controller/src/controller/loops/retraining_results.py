"""Results of retrainings: registered versions that have a retraining's id as a tag, or whose MLflow run has it."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from controller.domain.registries.models import ResolvedModel
from controller.domain.retraining.triggers import Then
from controller.domain.services.version_commands import ModelSource
from controller.handlers.registries.registries import ModelRegistries
from controller.handlers.retraining.publishing import publish_result
from controller.handlers.retraining.results import versions_by_tag
from controller.handlers.unit_of_work import InstallationLimits, UnitOfWork
from controller.loops.failures import AWAY
from controller.store.audit import Actor, audit_changes
from controller.store.tables import RetrainingTriggerRow
from shared.bus import Bus
from shared.clock import Clock
from shared.contracts.retraining import RESULT_TAG, AwaitedModel, AwaitedModelList, RetrainedModel
from shared.contracts.rpc.method import Nothing
from shared.contracts.rpc.retraining import AWAITED_MODELS, RETRAINING_RESULT, RetrainingResult
from shared.database import Database
from shared.errors import PenstockError, describe_error

log = logging.getLogger(__name__)

ANSWER_WITHIN_S = 3.0
LONGEST_ACTOR = 63
SLACK = timedelta(minutes=5)
"""The registry's clock may differ from ours by so much."""


class RetrainingResultsLoop:
    """Asks the monitor what is awaited, and the registries whether it is there. A registry's webhook is a hint."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        registries: ModelRegistries,
        clock: Clock,
        interval: timedelta,
        *,
        limits: InstallationLimits,
        routes_changed: Callable[[str], None],
    ) -> None:
        self._database = database
        self._bus = bus
        self._registries = registries
        self._clock = clock
        self._limits = limits
        self._routes_changed = routes_changed
        self._interval_s = interval.total_seconds()
        self._hint = asyncio.Event()

    def touch(self) -> None:
        """Look now."""
        self._hint.set()

    async def run(self) -> None:
        """Every `interval`, or at a hint; until cancelled."""
        while True:
            try:
                await self.run_once()
            except AWAY as failure:
                log.debug("results of retrainings are not looked for now: %s", describe_error(failure))
            with suppress(TimeoutError):
                async with asyncio.timeout(self._interval_s):
                    await self._hint.wait()
            self._hint.clear()

    async def run_once(self) -> int:
        """Look once; how many were found."""
        answer = await self._bus.call(AWAITED_MODELS, Nothing(), timeout=ANSWER_WITHIN_S)
        assert isinstance(answer, AwaitedModelList)
        wanted: defaultdict[tuple[str | None, str, str], list[AwaitedModel]] = defaultdict(list)
        for each in answer.items:
            wanted[each.registry, each.project, each.model].append(each)
        found = 0
        for (registry, project, model), awaited in wanted.items():
            try:
                found += await self._look(registry, project, model, awaited)
            except PenstockError as failure:
                log.info("model %s is not looked at: %s", model, failure.message)
        return found

    async def _look(self, registry: str | None, project: str, model: str, awaited: list[AwaitedModel]) -> int:
        since = min(each.since for each in awaited) - SLACK
        async with self._registries.open(registry, project) as client:
            versions = await versions_by_tag(client, model, RESULT_TAG, since)
        found = [each for each in awaited if str(each.id) in versions]
        for each in found:
            source = ModelSource(kind="mlflow", model=model, version=versions[str(each.id)], registry=registry)
            # Published first: what the monitor has been told of is not awaited any more.
            await self._publish(each, await self._registries.resolve(source, project))
            result = RetrainingResult(id=each.id, model=RetrainedModel(model=model, version=versions[str(each.id)]))
            await self._bus.call(RETRAINING_RESULT, result, timeout=ANSWER_WITHIN_S)
        return len(found)

    async def _publish(self, awaited: AwaitedModel, model: ResolvedModel) -> None:
        async with self._database.unit_of_work() as session:
            trigger = await session.get(RetrainingTriggerRow, awaited.trigger_id)
            if trigger is None:
                return  # it was deleted meanwhile: nobody says what to do with the result
            now, actor = self._clock.now(), f"trigger {trigger.name}"[:LONGEST_ACTOR]
            audit_changes(session, Actor(actor, "publish_retraining", ""), now)
            unit = UnitOfWork(session, now, actor, self._limits, self._routes_changed)
            done = await publish_result(unit, awaited, Then.model_validate(trigger.then or {}), model)
        if done.message:
            log.warning("the result of retraining %s is not published: %s", awaited.id, done.message)
