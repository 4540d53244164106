"""Rules that are evaluated on real Delta tables and a real database of each kind, at a time that the test sets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from monitor.handlers.rules.build import rules_of
from monitor.handlers.rules.rules import QualityRules
from monitor.main import MIGRATIONS
from monitor.store.rules.windows import find_windows
from quality_tables import HOUR, NOON, Lake
from servers.migrated_stores import MigratedStores
from shared.clock import SystemClock
from shared.contracts.monitors import Monitor, MonitorWindow
from shared.contracts.rpc.monitor_rules import WindowsQuery
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
        self.rules._retries_at = 0.0
        await self.rules.evaluate_due()

    async def windows(self, rule: Monitor) -> list[MonitorWindow]:
        """The verdicts of a rule, newest first."""
        async with self.database.read() as session:
            return await find_windows(session, WindowsQuery(id=rule.id), 0)


async def of_store(store_url: str, tmp_path: Path) -> AsyncIterator[Rules]:
    database, clock, lake = Database.open(store_url), StoppedClock(), Lake(tmp_path / "tables")
    yield Rules(lake, rules_of(lake, database, clock), database, clock)
    await database.close()


@pytest.fixture
async def each_quality(store_url: str, tmp_path: Path) -> AsyncIterator[Rules]:
    """With a store of each kind."""
    async for rules in of_store(store_url, tmp_path):
        yield rules


@pytest.fixture
async def quality(
    request: pytest.FixtureRequest, tmp_path: Path, migrated_stores: MigratedStores
) -> AsyncIterator[Rules]:
    """With an SQLite file: what is tested is what is computed."""
    request.param = "sqlite"
    with migrated_stores.new(MIGRATIONS, tmp_path / "monitor.db", request) as url:
        async for rules in of_store(url, tmp_path):
            yield rules
