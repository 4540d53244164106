"""When the rules that are defined are asked for again."""

from __future__ import annotations

import pytest

from monitor.handlers.rules import rules
from running_services.running_rules import Rules
from shared import sqlite
from shared.errors import Unavailable


async def test_soon_where_the_database_was_busy(quality: Rules, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "TURN_TIMEOUT_S", 0.1)
    monkeypatch.setattr(rules, "LIST_AGAIN_S", 0.0)
    rule = quality.lake.rule("nulls", "data_quality", "null_rate", columns=("alcohol",), critical=0.5)
    async with quality.database.unit_of_work():
        with pytest.raises(Unavailable):
            await quality.rules.refresh()
    await quality.rules.refresh()
    assert quality.rules.defined(rule.id) == rule
