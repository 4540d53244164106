"""Labels that come late: the windows that they touch are computed again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from monitor.domain.rules.timing import RuleTiming, touched_windows
from monitor.handlers.rules.kinds.estimated_rules import PREFIX
from monitor.handlers.rules.sources import LABELLED, RowSources
from monitor.handlers.rules.threads import in_thread
from monitor.store.inference_tables.places import TablePlace
from monitor.store.rules.progress import load_progress
from monitor.store.rules.windows import compute_again
from monitor.store.tables import RuleProgressRow
from shared.clock import Clock
from shared.contracts.quality.monitors import Monitor
from shared.database import Database
from shared.errors import PenstockError

log = logging.getLogger(__name__)

LONGEST_S = 600.0
"""So long the labels of a rule may take to be looked for."""


@dataclass
class LateLabels:
    """Looks for labels that came since the last look."""

    database: Database
    sources: RowSources
    clock: Clock

    async def look(self, rules: Iterable[Monitor], progress: Mapping[UUID, RuleProgressRow]) -> None:
        """Have windows of rules on labels computed again where labels came for rows of them."""
        known: dict[str, Sequence[TablePlace]] = {}
        for rule in rules:
            behind = progress.get(rule.id)
            if not _has_labels(rule) or behind is None or behind.evaluated_until is None:
                continue
            try:
                if rule.service not in known:
                    known[rule.service] = await self.sources.tables(rule.service, LABELLED)
                async with asyncio.timeout(LONGEST_S):
                    await self._look(rule, behind, known[rule.service])
            except TimeoutError:
                log.warning("late labels of %s are not known: its table does not answer", rule.service)
                return
            except PenstockError as error:
                log.debug("late labels of %s are not known now: %s", rule.service, error.message)

    async def _look(self, rule: Monitor, behind: RuleProgressRow, places: Sequence[TablePlace]) -> None:
        version = sum(place.version or 0 for place in places)
        if not places or version == behind.labels_version:
            return
        since = behind.labels_seen_at or behind.evaluated_at
        assert since is not None
        assert behind.evaluated_until is not None
        times, newest = await in_thread(_labelled_since, places, since)
        windows = touched_windows(RuleTiming.of(rule), times, behind.evaluated_until)
        async with self.database.unit_of_work() as session:
            await compute_again(session, rule.id, windows, self.clock.now())
            row = await load_progress(session, rule)
            row.labels_version, row.labels_seen_at = version, newest or since
        behind.labels_version, behind.labels_seen_at = version, newest or since


def _has_labels(rule: Monitor) -> bool:
    return rule.kind == "model_quality" and not rule.metric.startswith(PREFIX) and not rule.paused


def _labelled_since(places: Sequence[TablePlace], since: datetime) -> tuple[list[datetime], datetime | None]:
    """When the rows were predicted whose label came after `since` (to the second), and when the last one came."""
    import pyarrow as pa  # noqa: PLC0415 - loads Arrow and delta-rs
    import pyarrow.compute as pc  # noqa: PLC0415

    from monitor.store.inference_tables.opening import DeltaRows  # noqa: PLC0415

    times: set[datetime] = set()
    newest: datetime | None = None
    for place in places:
        condition = pc.field("label_received_at") > pa.scalar(since, pa.timestamp("us", "UTC"))
        for batch in DeltaRows.open(place).batches(["request_time", "label_received_at"], None, condition):
            if batch.num_rows:
                times.update(pc.unique(pc.floor_temporal(batch.column("request_time"), unit="second")).to_pylist())
                last = pc.max(batch.column("label_received_at")).as_py()
                newest = last if newest is None else max(newest, last)
    return sorted(times), newest
