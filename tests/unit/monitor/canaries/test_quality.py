"""Labelled rows of both versions, summed up batch by batch."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from monitor.domain.canaries.e_values import EventCounts
from monitor.domain.canaries.guardrails import judge_guardrail
from monitor.domain.canaries.quality import QualityCounter
from shared.contracts.canaries import CanaryStage, Guardrail

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


def test_a_row_that_is_off_by_a_thousand_leaves_the_interval_narrow() -> None:
    """In the wines of `tests/data` one of 4,898 lacks a decimal point; a model that never saw it is 1,288 off."""
    rng = np.random.default_rng(7)
    counter = QualityCounter(60, STAGES)
    rows = 3456
    for is_canary, spread in ((True, 0.75), (False, 1.0)):
        losses = (rng.standard_normal(rows) * spread) ** 2
        if is_canary:
            losses[17] = 1288.0**2
        for part in np.array_split(losses, 7):
            counter.add_losses(np.zeros(len(part), np.int64), np.full(len(part), is_canary), part)
    found = counter.finish()
    figures = judge_guardrail(Guardrail(kind="quality", ratio=1.1), [], 0.005, None, found)
    assert figures.state == "non_inferior"
    assert figures.canary_value == pytest.approx(0.75**2, rel=0.1)


@pytest.mark.parametrize("every", [50, 400])
def test_what_a_canary_does_badly_in_one_of_some_hundred_rows_is_harm(every: int) -> None:
    rng = np.random.default_rng(7)
    counter = QualityCounter(60, STAGES)
    rows = 40_000
    for is_canary in (True, False):
        losses = rng.standard_normal(rows) ** 2
        if is_canary:
            losses[::every] = 1000.0
        counter.add_losses(np.zeros(rows, np.int64), np.full(rows, is_canary), losses)
    found = counter.finish()
    assert judge_guardrail(Guardrail(kind="quality", ratio=1.1), [], 0.005, None, found).state == "harm"


def test_few_losses_are_all_counted_as_they_are() -> None:
    counter = QualityCounter(60, STAGES)
    losses = np.array([*[0.0] * 998, 4.0])
    counter.add_losses(np.zeros(999, np.int64), np.full(999, True), losses)
    counter.add_losses(np.zeros(1, np.int64), np.full(1, False), np.array([1e300]))
    found = counter.finish()
    assert found is not None
    assert found.losses[0].canary.mean == pytest.approx(4 / 999)
    assert found.losses[0].stable.mean == 1e140
