"""Labelled rows of both versions, summed up batch by batch."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from monitor.domain.canaries.e_values import EventCounts
from monitor.domain.canaries.quality import QualityCounter
from shared.contracts.canaries import CanaryStage

STAGES = tuple(
    CanaryStage(from_time=datetime.fromtimestamp(at, UTC), weight=weight) for at, weight in ((0, 5), (60, 25))
)


def test_wrong_predictions_are_counted_by_interval() -> None:
    counter = QualityCounter(60, STAGES)
    at = np.array([0, 10, 59, 60, 61])
    is_canary = np.array([True, False, False, True, True])
    counter.add_classes(at, is_canary, np.array([True, False, True, False, True]))
    counter.add_classes(np.array([5]), np.array([True]), np.array([False]))
    found = counter.finish()
    assert found is not None
    assert found.wrong == [EventCounts(2, 1, 2, 1, 5), EventCounts(2, 1, 0, 0, 25)]


def test_losses_have_mean_and_variance() -> None:
    counter = QualityCounter(60, STAGES)
    assert counter.finish() is None
    counter.add_losses(np.array([0, 30, 59]), np.array([True, True, False]), np.array([1.0, 3.0, 2.0]))
    counter.add_losses(np.array([59, 60]), np.array([True, False]), np.array([2.0, 7.0]))
    found = counter.finish()
    assert found is not None
    first, second = found.losses
    assert first.canary.count == 3
    assert first.canary.mean == pytest.approx(2.0)
    assert first.canary.variance == pytest.approx(2 / 3)
    assert (first.stable.count, first.stable.variance) == (1, 0.0)
    assert (second.canary.count, second.stable.mean) == (0, 7.0)
