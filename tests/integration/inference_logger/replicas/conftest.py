"""One database for several loggers, and a ledger."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from nats.js import JetStreamContext

from inference_logger.main import MIGRATIONS
from running_services.shared_tables import Ledger
from servers.migrated_stores import MigratedStores


@pytest.fixture(params=["postgresql"])
def store_url(request: pytest.FixtureRequest, home: Path, migrated_stores: MigratedStores) -> Iterator[str]:
    """In PostgreSQL: others cannot be shared."""
    with migrated_stores.new(MIGRATIONS, home / "unused.db", request) as url:
        yield url


@pytest.fixture
def ledger(js: JetStreamContext, home: Path) -> Ledger:
    return Ledger(js, home)
