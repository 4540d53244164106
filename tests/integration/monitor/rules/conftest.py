"""Rules that are evaluated on real Delta tables and a real database of each kind, at a time that the test sets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from monitor.handlers.rules.build import rules_of
from monitor.main import MIGRATIONS
from quality_tables import Lake
from running_services.running_rules import Rules, StoppedClock
from servers.migrated_stores import MigratedStores
from shared.database import Database


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
