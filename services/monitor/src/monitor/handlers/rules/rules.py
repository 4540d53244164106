"""Every rule, as the controller defines it; those that are due are evaluated.

Those of one project one after the other, of several projects some at once: a table that hangs holds up the rules of its
own project, until it answers.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from monitor.domain.rules.timing import RuleTiming, Window
from monitor.handlers.alerts.observe import close_alerts
from monitor.handlers.rules.evaluation import Evaluator
from monitor.handlers.rules.late_labels import LateLabels
from monitor.handlers.rules.sources import PeerCalls
from monitor.handlers.rules.threads import TableThreads
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
"""After the controller did not answer, or the database was busy."""
LISTING_REST = 10
"""Facts come by hundreds where many services start: what took long to list is listed again after so many times as long,
but after `LIST_EVERY_S` at the latest."""
TICK_S = 1.0
RETRIES_EVERY_S = 10.0
AT_ONCE = 4
"""Windows that are computed at the same time, each of another project: memory is that of so many."""
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
    _running: set[UUID] = field(default_factory=set)
    _list_at: float = 0.0
    _has_changed: bool = False
    _rested_at: float = 0.0
    """When it may be listed again because of a change."""
    _retries_at: dict[str, float] = field(default_factory=dict)
    _passes: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    """By project, the pass over its rules that goes on."""
    _threads: dict[str, TableThreads] = field(default_factory=dict)
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    _wakeup: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                try:
                    await self.refresh()
                    self._start_passes()
                except PenstockError as error:
                    log.debug("rules are not evaluated now: %s", error.message)
                await self._rest()
        finally:
            for task in self._passes.values():
                task.cancel()
            await asyncio.gather(*self._passes.values(), return_exceptions=True)

    async def _rest(self) -> None:
        """Until the next tick, or until something has changed."""
        waiting = asyncio.create_task(self._wakeup.wait())
        until_listed = max(0.0, self._rested_at - self.clock.monotonic()) if self._has_changed else TICK_S
        resting = asyncio.create_task(self.clock.sleep(min(TICK_S, until_listed)))
        try:
            await asyncio.wait((waiting, resting), return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            resting.cancel()
        self._wakeup.clear()

    def changed(self) -> None:
        """What is defined, or which model answers, has changed: list it anew, at once if that takes no long time."""
        self._has_changed = True
        self._wakeup.set()

    async def refresh(self) -> None:
        """Ask what is defined, where the last answer is old. Raises `PenstockError`."""
        begun = self.clock.monotonic()
        if begun < (self._rested_at if self._has_changed else self._list_at):
            return
        self._has_changed = False  # before it is asked: what is told of meanwhile may not be in the answer
        self._list_at = self._rested_at = begun + LIST_AGAIN_S
        found = {rule.id: rule for rule in await self.calls.monitors()}
        took_s = self.clock.monotonic() - begun
        async with self.database.unit_of_work() as session:
            for service, name in await forget_others(session, found):
                await close_alerts(session, service, name, "the rule is gone", self.clock.now())
            for rule in found.values():
                if self._alerts_otherwise(rule):
                    await close_alerts(session, rule.service, rule.name, "the rule alerts otherwise", self.clock.now())
        async with self.database.read() as session:
            self._progress = await every_progress(session)
        self._defined = found
        self._list_at = begun + LIST_EVERY_S
        self._rested_at = begun + min(LIST_EVERY_S, took_s * LISTING_REST)

    def _alerts_otherwise(self, rule: Monitor) -> bool:
        """Whether alerts of before are none of the rule's any more; of one that alerts nobody, at the start too."""
        before = self._defined.get(rule.id)
        return rule.alert == "none" if before is None else before.alert != rule.alert

    async def evaluate_due(self) -> None:
        """Every window that is closed and not judged, or is to be computed again; of projects whose tables answer."""
        self._start_passes()
        await asyncio.gather(*self._passes.values())

    def _start_passes(self) -> None:
        """A pass over each project's rules, but where one goes on. Raises what ended the last one unexpectedly."""
        for project, task in list(self._passes.items()):
            if task.done():
                del self._passes[project]
                task.result()
        for project in {rule.project for rule in self._defined.values()} - self._passes.keys():
            if not self._is_hanging(project):
                self._passes[project] = asyncio.create_task(self._pass(project), name=f"rules of {project}")

    def _is_hanging(self, project: str) -> bool:
        return project in self._threads and self._threads[project].is_hanging

    async def _pass(self, project: str) -> None:
        """What is due of a project, one window after the other."""
        threads = self._threads.setdefault(project, TableThreads())
        try:
            with threads.used():
                await self._evaluate_rules(
                    project, [each for each in self._defined.values() if each.project == project]
                )
        except PenstockError as error:
            log.debug("rules of project %s are not evaluated now: %s", project, error.message)
        if threads.is_hanging:
            log.warning("a table of project %r does not answer: its rules wait until it does", project)

    async def _evaluate_rules(self, project: str, rules: Sequence[Monitor]) -> None:
        again = await self._to_retry(project, rules)
        for rule in rules:
            for window in await self._due(rule, is_again=rule.id in again):
                if self._is_hanging(project):
                    return
                async with self._slots:
                    await self._evaluate(rule, window)

    async def _due(self, rule: Monitor, *, is_again: bool) -> list[Window]:
        if rule.paused and rule.id not in self._forced:
            return []
        now = self.clock.now()
        windows = list(RuleTiming.of(rule).due(self._evaluated_until(rule), now))
        if rule.id in self._forced:
            self._forced.discard(rule.id)
            windows = windows or [RuleTiming.of(rule).last_closed(now)]
        if is_again:
            async with self.database.read() as session:
                windows = sorted({*windows, *await windows_to_retry(session, rule.id, now)})
        return windows

    async def _to_retry(self, project: str, rules: Sequence[Monitor]) -> set[UUID]:
        now = self.clock.monotonic()
        if now < self._retries_at.get(project, 0.0):
            return set()
        self._retries_at[project] = now + RETRIES_EVERY_S
        async with self._slots:
            await self.late_labels.look(rules, self._progress)
        async with self.database.read() as session:
            return await rules_to_retry(session, self.clock.now())

    async def _evaluate(self, rule: Monitor, window: Window) -> None:
        if self._defined.get(rule.id) is None or self._skipped.get(rule.id, 0.0) > self.clock.monotonic():
            return  # deleted meanwhile, or left alone for a while
        self._running.add(rule.id)
        try:
            self._progress[rule.id] = await self.evaluator.evaluate(rule, window)
        except PenstockError:
            raise
        except Exception:
            log.exception("a window of rule %s/%s could not be kept", rule.service, rule.name)
            self._skipped[rule.id] = self.clock.monotonic() + SKIPPED_S
        finally:
            self._running.discard(rule.id)

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
            self._list_at = self._rested_at = 0.0
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
            is_running=rule.id in self._running or rule.id in self._forced,
            last_window_end=until,
            last_evaluated_at=known.evaluated_at if known is not None else None,
            next_at=None if rule.paused else RuleTiming.of(rule).next_at(until, self.clock.now()),
        )
