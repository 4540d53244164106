"""Whether a figure of quality is out of bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from monitor.domain.statistics.judging.states import State
from monitor.domain.statistics.slices import ALL_ROWS, Slice


@dataclass(frozen=True)
class Bounds:
    """`above`: bad when the figure is that high (null share, RMSE, latency); `below`: when that low (accuracy, AUC)."""

    direction: Literal["above", "below"]
    warning: float | None
    critical: float | None
    min_sample: int = 500


@dataclass(frozen=True)
class FigureVerdict:
    """The state of one figure in one window."""

    name: str
    state: State
    value: float | None
    threshold: float | None
    rows: int
    column: str | None = None
    slice: Slice = ALL_ROWS
    reason: str = ""


def judge_figure(
    name: str,
    value: float | None,
    rows: int,
    bounds: Bounds,
    *,
    margin: float = 0.0,
    column: str | None = None,
    slice: Slice = ALL_ROWS,  # noqa: A002
) -> FigureVerdict:
    """`margin`: half of the figure's interval; a bound counts as passed when the whole interval is past it."""
    raise NotImplementedError
