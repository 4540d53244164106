"""Labelled rows of both versions, summed up batch by batch."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.domain.canaries.e_values import EventCounts
from monitor.domain.canaries.quality import QualityCounter


def test_wrong_predictions_are_counted_by_interval() -> None:
    counter = QualityCounter(60)
    at = np.array([0, 10, 59, 60, 61])
    is_canary = np.array([True, False, False, True, True])
    counter.add_classes(at, is_canary, np.array([True, False, True, False, True]))
    counter.add_classes(np.array([5]), np.array([True]), np.array([False]))
    found = counter.finish()
    assert found is not None
    assert found.wrong == [EventCounts(2, 1, 2, 1), EventCounts(2, 1, 0, 0)]


def test_losses_have_mean_and_variance() -> None:
    counter = QualityCounter(60)
    assert counter.finish() is None
    counter.add_losses(np.array([True, True, False]), np.array([1.0, 3.0, 2.0]))
    counter.add_losses(np.array([True]), np.array([2.0]))
    found = counter.finish()
    assert found is not None
    assert found.losses is not None
    assert found.losses.canary.count == 3
    assert found.losses.canary.mean == pytest.approx(2.0)
    assert found.losses.canary.variance == pytest.approx(2 / 3)
    assert (found.losses.stable.count, found.losses.stable.variance) == (1, 0.0)
