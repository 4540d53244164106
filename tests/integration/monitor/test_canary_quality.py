"""Quality of a canary, out of real labelled Delta tables."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from monitor.domain.canaries.windows import CanaryWindow
from monitor.handlers.canaries.quality import CanaryQuality
from monitor.handlers.rules.sources import RowSources
from quality_tables import HOUR, LABELS, NOON, Lake, named, wine_rows
from shared.clock import SystemClock
from shared.contracts.canaries import CanaryStage, Guardrail
from shared.contracts.rpc.canaries import CanaryVerdictQuery
from shared.storage.destinations import DestinationDefinitions

COUNTED = ("canary_requests", "canary_events", "stable_requests", "stable_events")
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
    (losses,) = found.losses
    assert (losses.canary.count, losses.stable.count) == (100, 100)
    assert losses.canary.mean == pytest.approx(1.0)
    assert losses.stable.mean == pytest.approx(0.01)
    assert await quality.read(query("quality"), WINDOW) is found
    assert await quality.read(query("errors"), WINDOW) is None

    late = wine_rows(NOON + timedelta(minutes=30), 10, seed=3, version=["v2"] * 10)
    lake.write(late)
    lake.label(late, late["prediction"], NOON + HOUR)
    again = await quality.read(query("quality"), WINDOW)
    assert again is not None
    assert [each.canary.count for each in again.losses] == [110]


async def test_classes_are_compared_whatever_the_types_of_their_columns(lake: Lake, quality: CanaryQuality) -> None:
    rows = wine_rows(NOON, 200, version=["v1", "v2"] * 100, prediction=[1, 0] * 100)
    times = {name: [NOON + HOUR] * 200 for name in ("labelled_at", "label_received_at")}
    labelled = {**rows, **times, "label_revision": [1] * 200, "label": [1.0] * 200}
    place = LABELS.get_field_index("prediction")
    classes = LABELS.set(place, named("prediction", pa.int64(), "prediction", ""))
    lake.write(labelled, "labelled", classes)
    found = await quality.read(query("quality"), WINDOW)
    assert found is not None
    assert [sum(getattr(each, name) for each in found.wrong or ()) for name in COUNTED] == [100, 100, 100, 0]


async def test_labels_that_are_no_numbers_say_nothing_of_a_regression(lake: Lake, quality: CanaryQuality) -> None:
    rows = wine_rows(NOON, 20)
    times = {name: [NOON + HOUR] * 20 for name in ("labelled_at", "label_received_at")}
    texts = LABELS.set(LABELS.get_field_index("label"), named("label", pa.string(), "label", ""))
    lake.write({**rows, **times, "label_revision": [1] * 20, "label": ["good"] * 20}, "labelled", texts)
    assert await quality.read(query("quality"), WINDOW) is None
