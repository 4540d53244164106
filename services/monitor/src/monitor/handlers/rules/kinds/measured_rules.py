"""Rules of the kinds service_quality and cost: from what routers and the scheduler have measured."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from monitor.domain.metrics.rollup import MINUTE_S
from monitor.domain.rules.service_quality import figure, gather
from monitor.domain.rules.timing import Window
from monitor.domain.rules.verdicts import Verdict, bounds_of, insufficient, of_figure
from monitor.domain.statistics.judging.quality import judge_figure
from monitor.domain.statistics.slices import ALL_ROWS, Slice
from monitor.store.metrics.minutes import read_span
from monitor.store.metrics.recent import read_recent
from shared.clock import Clock
from shared.contracts.quality.monitors import Monitor
from shared.contracts.rpc.monitor import RECENT_KEPT, RECENT_STEP_S
from shared.database import Database

NOT_BY_REQUESTS = frozenset({"requests", "pod_hours", "cpu_core_hours", "memory_gib_hours"})
"""Metrics that have a value without any request."""


@dataclass
class MeasuredRules:
    """Evaluates them."""

    database: Database
    clock: Clock

    async def evaluate(self, rule: Monitor, window: Window) -> list[Verdict]:
        """The verdicts of a window: of the service, or of each of its versions."""
        step_s = self._step_s(window)
        since, until = int(window.start.timestamp()), int(window.end.timestamp())
        read = read_recent if step_s == RECENT_STEP_S else read_span
        rows = []
        async with self.database.read() as session:
            for kind in ("traffic", "usage", "replicas"):
                rows += await read(session, kind, (rule.service,), since, until)
        if not rows:
            return [insufficient("nothing was measured in the window", 0)]
        measured = gather(rows, step_s, by_version=rule.slice is not None)
        parts = {name: of for name, of in measured.items() if name or rule.slice is None}
        found = []
        for name, of in sorted(parts.items()):
            requests = of.traffic.requests
            if requests < rule.min_sample and rule.metric not in NOT_BY_REQUESTS:
                found.append(insufficient(f"{requests} requests, fewer than {rule.min_sample}", requests))
                continue
            part = Slice("version", name) if name else ALL_ROWS
            bounds = bounds_of(rule, min_sample=0)
            found.append(of_figure(judge_figure(rule.metric, figure(rule.metric, of), requests, bounds, slice=part)))
        return found or [insufficient("nothing was measured in the window", 0)]

    def _step_s(self, window: Window) -> int:
        """10 s where the window does not lie on minutes and these are still kept, else minutes."""
        is_whole = window.start.timestamp() % MINUTE_S == 0 and window.end.timestamp() % MINUTE_S == 0
        is_kept = window.start > self.clock.now() - RECENT_KEPT + timedelta(seconds=RECENT_STEP_S)
        return RECENT_STEP_S if not is_whole and is_kept else MINUTE_S
