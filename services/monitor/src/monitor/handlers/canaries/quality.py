"""Quality of a canary, read anew only once the labelled table has another version."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor.domain.canaries.guardrails import Quality
from monitor.domain.canaries.windows import CanaryWindow
from monitor.handlers.rules.sources import LABELLED, RowSources
from monitor.store.inference_tables.places import TablePlace
from shared.contracts.rpc.canaries import CanaryVerdictQuery
from shared.errors import PenstockError

log = logging.getLogger(__name__)

REMEMBERED = 64
"""Canaries whose last answer is kept."""

Known = tuple[tuple[str, int | None], ...]


@dataclass
class CanaryQuality:
    """Counts labelled rows of both versions."""

    sources: RowSources
    _known: OrderedDict[tuple[str, ...], tuple[Known, Quality | None]] = field(default_factory=OrderedDict)

    async def read(self, query: CanaryVerdictQuery, window: CanaryWindow) -> Quality | None:
        """None: nothing asks for it, no row has a label, or the table cannot be read now."""
        if not any(rule.kind == "quality" for rule in query.guardrails):
            return None
        try:
            return await self._read(query, window)
        except PenstockError as failure:
            log.info("quality of a canary of %s: %s", query.service, failure)
            return None

    async def _read(self, query: CanaryVerdictQuery, window: CanaryWindow) -> Quality | None:
        places = await self.sources.tables(query.service, LABELLED)
        if not places:
            return None
        key = (query.service, query.canary, query.stable, str(window.since), str(window.step_s))
        versions = tuple((place.location, place.version) for place in places)
        if (known := self._known.get(key)) is not None and known[0] == versions:
            return known[1]
        found = await asyncio.to_thread(_count, places, query, window)
        self._known[key] = (versions, found)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return found


def _count(places: Sequence[TablePlace], query: CanaryVerdictQuery, window: CanaryWindow) -> Quality | None:
    from monitor.domain.canaries.quality import QualityCounter  # noqa: PLC0415
    from monitor.handlers.canaries.labelled import count_labelled  # noqa: PLC0415

    since = datetime.fromtimestamp(window.since, tz=query.stages[0].from_time.tzinfo)
    until = since + timedelta(days=366)
    counter = QualityCounter(window.step_s, query.stages)
    return count_labelled(places, (query.canary, query.stable), since, until, counter)
