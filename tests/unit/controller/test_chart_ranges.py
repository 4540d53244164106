from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from controller.domain.services.chart_ranges import chart_range
from shared.errors import InvalidInput

NOW = datetime(2026, 5, 1, 12, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "step", "steps"),
    [
        (1, None, (60, 61)),
        (24, None, (60, 1441)),
        (7 * 24, None, (300, 2017)),
        (30 * 24, None, (1800, 1441)),
        (1, 10, (10, 360)),
    ],
)
def test_a_range_is_cut_into_whole_steps_that_fit_its_length(
    hours: int, step: int | None, steps: tuple[int, int]
) -> None:
    found = chart_range(NOW - timedelta(hours=hours), None, step, NOW)
    assert (found.step_s, found.count) == steps
    assert found.start.timestamp() % found.step_s == 0
    assert found.start <= NOW - timedelta(hours=hours)
    assert NOW <= found.end < NOW + timedelta(seconds=found.step_s)


def test_without_a_range_it_is_the_last_hour() -> None:
    assert chart_range(None, None, None, NOW) == chart_range(NOW - timedelta(hours=1), NOW, 60, NOW)


@pytest.mark.parametrize(
    ("hours", "step", "told"),
    [(2, 10, "at most one hour"), (1, 90, "multiple of 60"), (30 * 24, 60, "at most 5000"), (-1, 60, "before to")],
)
def test_a_range_that_cannot_be_drawn_is_refused_with_the_reason(hours: int, step: int, told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        chart_range(NOW - timedelta(hours=hours), NOW, step, NOW)
    old = NOW - timedelta(days=1)
    with pytest.raises(InvalidInput, match="no further back"):
        chart_range(old, old + timedelta(minutes=5), 10, NOW)
