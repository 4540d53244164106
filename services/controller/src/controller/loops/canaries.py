"""Looks at every canary that is not over, and does what is to be done."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from controller.domain.canaries.preflight import PreflightReport
from controller.domain.names import PLATFORM_ACTOR
from controller.handlers.canaries.advance import Findings, Look, advance, look_at, store_preflight
from controller.handlers.services.observations import RoutesChanged
from controller.handlers.unit_of_work import InstallationLimits, UnitOfWork
from controller.loops.failures import AWAY, RACES
from controller.store.audit import Actor, audit_changes
from controller.store.canaries.canaries import canaries_at_work
from controller.store.tables import CanaryRow
from shared.clock import Clock
from shared.contracts.base import Contract
from shared.contracts.canaries import CanaryVerdict, LatencyBaseline
from shared.contracts.rpc.canaries import CANARY_BASELINE, CANARY_VERDICT, CanaryBaseline
from shared.contracts.rpc.method import RpcMethod
from shared.database import Database
from shared.errors import NotFound, PenstockError, describe_error

log = logging.getLogger(__name__)

Replay = Callable[[str, CanaryRow], Awaitable[PreflightReport]]
"""Replays recorded requests of a service against a canary."""

ANSWER_WITHIN_S = 5.0


class MonitorCaller(Protocol):
    """Who asks the monitor: the bus."""

    async def call(self, method: RpcMethod, query: Contract, *, timeout: float) -> Contract:
        """Its answer; a `PenstockError` where there is none."""
        ...


class CanaryLoop:
    """Level-triggered: a look that fails, or is killed anywhere, is repeated and comes to the same."""

    def __init__(
        self,
        database: Database,
        monitor: MonitorCaller,
        clock: Clock,
        interval: timedelta,
        *,
        replay: Replay,
        limits: InstallationLimits,
        routes_changed: RoutesChanged,
    ) -> None:
        self._database = database
        self._monitor = monitor
        self._clock = clock
        self._interval_s = interval.total_seconds()
        self._replay = replay
        self._replaying: dict[UUID, asyncio.Task[None]] = {}
        self._limits = limits
        self._routes_changed = routes_changed

    async def run(self) -> None:
        """Every `interval`, until cancelled."""
        try:
            while True:
                try:
                    await self.run_once()
                except AWAY as failure:
                    log.warning("canaries not looked at: %s", describe_error(failure))
                await self._clock.sleep(self._interval_s)
        finally:
            for task in self._replaying.values():
                task.cancel()

    async def replays_done(self) -> None:
        """Return once no replay is under way."""
        await asyncio.gather(*self._replaying.values())

    async def run_once(self) -> int:
        """Look at each once; returns for how many something was done. One that fails does not hold up the others."""
        async with self._database.read() as session:
            found = await canaries_at_work(session, self._clock.now())
        done = 0
        for canary, service in found:
            try:
                done += await self._advance(canary, service)
            except NotFound:
                log.info("canary %s of %s is gone", canary, service)
            except (PenstockError, *RACES) as failure:
                log.warning("canary %s of %s: %s", canary, service, failure)
        return done

    async def _advance(self, canary: UUID, service: str) -> bool:
        is_replaying = canary in self._replaying  # one that ends while this is read is read as waited for
        async with self._database.read() as session:
            look = await look_at(session, service, canary, self._clock.now())
        if look.replays is not None and not is_replaying:
            # beside the looks: it takes minutes, and what happens to the version meanwhile is to be seen
            self._replaying[canary] = asyncio.create_task(
                self._preflight(canary, service, look.replays), name=f"preflight of {service}"
            )
        found = Findings(await self._verdict(look), await self._baseline(look))
        async with self._database.unit_of_work() as session:
            now = self._clock.now()
            audit_changes(session, Actor(PLATFORM_ACTOR, "advance_canary", ""), now)
            unit = UnitOfWork(session, now, PLATFORM_ACTOR, self._limits, self._routes_changed)
            return await advance(unit, service, canary, look, found)

    async def _preflight(self, canary: UUID, service: str, row: CanaryRow) -> None:
        """Replay, and store what was found, if it is still waited for; one that is lost is done anew."""
        try:
            report = await self._report(service, row)
            async with self._database.unit_of_work() as session:
                audit_changes(session, Actor(PLATFORM_ACTOR, "replay_requests", ""), self._clock.now())
                await store_preflight(session, service, canary, report)
        except* (*AWAY, *RACES) as failures:
            for failure in failures.exceptions:
                log.warning("preflight of %s: %s", service, describe_error(failure))
        finally:
            self._replaying.pop(canary, None)

    async def _report(self, service: str, row: CanaryRow) -> PreflightReport:
        """What nobody thought of fails the preflight, as recorded requests do that come to it: anew it is the same."""
        try:
            return await self._replay(service, row)
        except Exception as failure:
            unforeseen = _unforeseen(failure)
            if unforeseen is None:
                raise
            log.exception("preflight of %s", service)
            reason = f"the replay failed ({type(unforeseen).__name__}); the controller's log says more"
            return PreflightReport(state="failed", reason=reason, at=self._clock.now())

    async def _baseline(self, look: Look) -> LatencyBaseline | None:
        if look.baseline is None:
            return None
        try:
            answer = await self._monitor.call(CANARY_BASELINE, look.baseline, timeout=ANSWER_WITHIN_S)
        except PenstockError as failure:
            log.info("no baseline of %s: %s", look.baseline.service, failure)
            return None
        assert isinstance(answer, CanaryBaseline)
        return answer.baseline

    async def _verdict(self, look: Look) -> CanaryVerdict | None:
        if look.verdict is None:
            return None
        try:
            answer = await self._monitor.call(CANARY_VERDICT, look.verdict, timeout=ANSWER_WITHIN_S)
        except PenstockError as failure:
            log.info("no verdict on %s: %s", look.verdict.service, failure)
            return None
        assert isinstance(answer, CanaryVerdict)
        return answer


def _unforeseen(failure: Exception) -> Exception | None:
    """What of it does not come of something that is away, or of a race: tried again, it would come to the same."""
    if isinstance(failure, ExceptionGroup):
        return next((found for each in failure.exceptions if (found := _unforeseen(each)) is not None), None)
    return None if isinstance(failure, (*AWAY, *RACES)) else failure
