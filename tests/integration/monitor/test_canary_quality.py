"""Quality of a canary, out of real labelled Delta tables."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.domain.canaries.windows import CanaryWindow
from monitor.handlers.canaries.quality import CanaryQuality
from monitor.handlers.rules.sources import RowSources
from quality_tables import HOUR, NOON, Lake, wine_rows
from shared.clock import SystemClock
from shared.contracts.canaries import CanaryStage, Guardrail
from shared.contracts.rpc.canaries import CanaryVerdictQuery
from shared.storage.destinations import DestinationDefinitions

WINDOW = CanaryWindow(int(NOON.timestamp()), int((NOON + HOUR).timestamp()), 60)


def query(*kinds: str) -> CanaryVerdictQuery:
    rules: Any = tuple(Guardrail.model_validate({"kind": kind}) for kind in kinds)
    stages = (CanaryStage(from_time=NOON, weight=50),)
    return CanaryVerdictQuery(service="wine", stable="v1", canary="v2", stages=stages, guardrails=rules, min_requests=1)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "tables")


@pytest.fixture
def quality(lake: Lake) -> CanaryQuality:
    return CanaryQuality(RowSources(lake, DestinationDefinitions(lake, SystemClock())))


async def test_losses_of_both_versions_are_compared_once_there_are_labels(lake: Lake, quality: CanaryQuality) -> None:
    assert await quality.read(query("quality"), WINDOW) is None
    rows = wine_rows(NOON, 200, version=["v1", "v2"] * 100)
    before = wine_rows(NOON - HOUR, 50, seed=2)
    lake.write(rows)
    lake.write(before)
    wrong = [value + (1.0 if place % 2 else 0.1) for place, value in enumerate(rows["prediction"])]
    lake.label(rows, wrong, NOON + HOUR)
    lake.label(before, [9.0] * 50, NOON + HOUR)
    found = await quality.read(query("errors", "quality"), WINDOW)
    assert found is not None
    assert found.losses is not None
    assert (found.losses.canary.count, found.losses.stable.count) == (100, 100)
    assert found.losses.canary.mean == pytest.approx(1.0)
    assert found.losses.stable.mean == pytest.approx(0.01)
    assert await quality.read(query("quality"), WINDOW) is found
    assert await quality.read(query("errors"), WINDOW) is None

    late = wine_rows(NOON + timedelta(minutes=30), 10, seed=3, version=["v2"] * 10)
    lake.write(late)
    lake.label(late, late["prediction"], NOON + HOUR)
    again = await quality.read(query("quality"), WINDOW)
    assert again is not None
    assert again.losses is not None
    assert again.losses.canary.count == 110
