"""Quality rules in the test's own process, at a time that the test sets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.handlers.rules.rules import QualityRules
from monitor.store.rules.windows import find_windows
from quality_tables import HOUR, NOON, Lake
from shared.clock import SystemClock
from shared.contracts.quality.monitors import Monitor, MonitorWindow
from shared.contracts.rpc.quality import WindowsQuery
from shared.database import Database


class StoppedClock(SystemClock):
    """Says the time that a test has set."""

    at = NOON + HOUR + timedelta(minutes=2)

    def now(self) -> datetime:
        return self.at


@dataclass
class Rules:
    """The rules of a lake."""

    lake: Lake
    rules: QualityRules
    database: Database
    clock: StoppedClock

    async def evaluate(self) -> None:
        """List what is defined, and evaluate what is due."""
        self.rules.changed()
        await self.rules.refresh()
        self.rules._retries_at.clear()
        await self.rules.evaluate_due()

    async def windows(self, rule: Monitor) -> list[MonitorWindow]:
        """The verdicts of a rule, newest first."""
        async with self.database.read() as session:
            return await find_windows(session, WindowsQuery(id=rule.id), 0)
