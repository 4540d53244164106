"""Every rule, as the controller defines it; those that are due are evaluated one after the other."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from monitor.domain.rules.timing import RuleTiming, Window
from monitor.handlers.alerts.observe import close_alerts
from monitor.handlers.rules.evaluation import Evaluator
from monitor.handlers.rules.late_labels import LateLabels
from monitor.handlers.rules.sources import PeerCalls
from monitor.store.rules.progress import every_progress, forget_others
from monitor.store.rules.windows import rules_to_retry, windows_to_retry
from monitor.store.tables import RuleProgressRow
from shared.clock import Clock
from shared.contracts.quality.monitors import Monitor
from shared.contracts.rpc.quality import MonitorState
from shared.database import Database
from shared.errors import NotFound, PenstockError

log = logging.getLogger(__name__)

LIST_EVERY_S = 15.0
LIST_AGAIN_S = 2.0
"""After the controller did not answer."""
TICK_S = 1.0
RETRIES_EVERY_S = 10.0
SKIPPED_S = 60.0
"""A rule whose verdicts cannot be kept is left alone for so long: others go on, and so does the monitor."""


@dataclass
class QualityRules:
    """Follows what is defined, and evaluates what is due."""

    calls: PeerCalls
    evaluator: Evaluator
    late_labels: LateLabels
    database: Database
    clock: Clock
    _defined: Mapping[UUID, Monitor] = field(default_factory=dict)
    _progress: dict[UUID, RuleProgressRow] = field(default_factory=dict)
    _forced: set[UUID] = field(default_factory=set)
    _skipped: dict[UUID, float] = field(default_factory=dict)
    _running: UUID | None = None
    _list_at: float = 0.0
    _retries_at: float = 0.0
    _wakeup: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.refresh()
                await self.evaluate_due()
            except PenstockError as error:
                log.debug("rules are not evaluated now: %s", error.message)
            await self._rest()

    async def _rest(self) -> None:
        """Until the next tick, or until something has changed."""
        waiting = asyncio.create_task(self._wakeup.wait())
        resting = asyncio.create_task(self.clock.sleep(TICK_S))
        try:
            await asyncio.wait((waiting, resting), return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            resting.cancel()
        self._wakeup.clear()

    def changed(self) -> None:
        """What is defined, or which model answers, has changed: list it anew at once."""
        self._list_at = 0.0
        self._wakeup.set()

    async def refresh(self) -> None:
        """Ask what is defined, where the last answer is old. Raises `PenstockError`."""
        now = self.clock.monotonic()
        if now < self._list_at:
            return
        self._list_at = now + LIST_AGAIN_S
        found = {rule.id: rule for rule in await self.calls.monitors()}
        if self._list_at == now + LIST_AGAIN_S:  # and has not been told of a change meanwhile
            self._list_at = now + LIST_EVERY_S
        async with self.database.unit_of_work() as session:
            for service, name in await forget_others(session, found):
                await close_alerts(session, service, name, "the rule is gone", self.clock.now())
            for rule in found.values():
                if self._alerts_otherwise(rule):
                    await close_alerts(session, rule.service, rule.name, "the rule alerts otherwise", self.clock.now())
        async with self.database.read() as session:
            self._progress = await every_progress(session)
        self._defined = found

    def _alerts_otherwise(self, rule: Monitor) -> bool:
        """Whether alerts of before are none of the rule's any more; of one that alerts nobody, at the start too."""
        before = self._defined.get(rule.id)
        return rule.alert == "none" if before is None else before.alert != rule.alert

    async def evaluate_due(self) -> None:
        """Every window that is closed and not judged, or is to be computed again."""
        again = await self._to_retry()
        for rule in list(self._defined.values()):
            if rule.paused and rule.id not in self._forced:
                continue
            now = self.clock.now()
            windows = list(RuleTiming.of(rule).due(self._evaluated_until(rule), now))
            if rule.id in self._forced:
                self._forced.discard(rule.id)
                windows = windows or [RuleTiming.of(rule).last_closed(now)]
            if rule.id in again:
                async with self.database.read() as session:
                    windows = sorted({*windows, *await windows_to_retry(session, rule.id, now)})
            for window in windows:
                await self._evaluate(rule, window)

    async def _to_retry(self) -> set[UUID]:
        now = self.clock.monotonic()
        if now < self._retries_at:
            return set()
        self._retries_at = now + RETRIES_EVERY_S
        await self.late_labels.look(self._defined.values(), self._progress)
        async with self.database.read() as session:
            return await rules_to_retry(session, self.clock.now())

    async def _evaluate(self, rule: Monitor, window: Window) -> None:
        if self._defined.get(rule.id) is None or self._skipped.get(rule.id, 0.0) > self.clock.monotonic():
            return  # deleted meanwhile, or left alone for a while
        self._running = rule.id
        try:
            self._progress[rule.id] = await self.evaluator.evaluate(rule, window)
        except PenstockError:
            raise
        except Exception:
            log.exception("a window of rule %s/%s could not be kept", rule.service, rule.name)
            self._skipped[rule.id] = self.clock.monotonic() + SKIPPED_S
        finally:
            self._running = None

    def _evaluated_until(self, rule: Monitor) -> datetime | None:
        known = self._progress.get(rule.id)
        return known.evaluated_until if known is not None else None

    def defined(self, identity: UUID) -> Monitor:
        """A rule that is defined. Raises `NotFound`."""
        rule = self._defined.get(identity)
        if rule is None:
            raise NotFound("There is no such monitor")
        return rule

    async def run_now(self, identity: UUID) -> MonitorState:
        """Have the last closed window computed. Raises `NotFound`, `Unavailable`."""
        if identity not in self._defined:
            self._list_at = 0.0
            await self.refresh()
        rule = self.defined(identity)
        self._forced.add(identity)
        self._wakeup.set()
        return self._state(rule)

    def states(self, service: str) -> list[MonitorState]:
        """How the rules of a service do."""
        return [self._state(rule) for rule in self._defined.values() if rule.service == service]

    def _state(self, rule: Monitor) -> MonitorState:
        known = self._progress.get(rule.id)
        until = self._evaluated_until(rule)
        return MonitorState(
            id=rule.id,
            state=known.state if known is not None else None,  # one that was stored
            reason=known.reason if known is not None else None,
            is_running=self._running == rule.id or rule.id in self._forced,
            last_window_end=until,
            last_evaluated_at=known.evaluated_at if known is not None else None,
            next_at=None if rule.paused else RuleTiming.of(rule).next_at(until, self.clock.now()),
        )
