"""Labelled rows of both versions: wrong predictions by interval, or squared errors of a regression by stage.

Rows of one interval have the same age in both versions, so that labels which come late are missing of both alike.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from monitor.domain.canaries.e_values import EventCounts
from monitor.domain.canaries.guardrails import Quality
from monitor.domain.canaries.intervals import Pair
from monitor.domain.canaries.losses import LossBins, cap_of
from monitor.domain.canaries.windows import weight_at
from shared.contracts.canaries import CanaryStage

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass
class _Losses:
    """Of both versions, while the canary had one weight."""

    canary: LossBins = field(default_factory=LossBins)
    stable: LossBins = field(default_factory=LossBins)


@dataclass
class QualityCounter:
    """Adds batches of rows up; `step_s` is the length of an interval, which belongs to the stage that it begins in."""

    step_s: int
    stages: Sequence[CanaryStage]
    _wrong: dict[int, tuple[int, int, int, int]] = field(default_factory=dict)
    _losses: dict[int, _Losses] = field(default_factory=lambda: defaultdict(_Losses))

    def add_classes(self, at: Ints, is_canary: Mask, is_wrong: Mask) -> None:
        """Rows of a classification: unix seconds, whose, and whether the prediction was wrong."""
        for step, here in self._steps(at):
            canary, stable = here & is_canary, here & ~is_canary
            found = (canary, canary & is_wrong, stable, stable & is_wrong)
            known = self._wrong.get(step, (0, 0, 0, 0))
            a, b, c, d = (before + int(rows.sum()) for before, rows in zip(known, found, strict=True))
            self._wrong[step] = (a, b, c, d)

    def add_losses(self, at: Ints, is_canary: Mask, losses: Floats) -> None:
        """Rows of a regression: unix seconds, whose, and the squared error."""
        for step, here in self._steps(at):
            of_stage = self._losses[weight_at(self.stages, step)]
            of_stage.canary.add(losses[here & is_canary])
            of_stage.stable.add(losses[here & ~is_canary])

    def _steps(self, at: Ints) -> Iterator[tuple[int, Mask]]:
        """The steps of some rows, and which rows each has."""
        steps = at // self.step_s * self.step_s
        for step in np.unique(steps).tolist():
            yield step, steps == step

    def finish(self) -> Quality | None:
        """Of all rows; None where there were none."""
        if self._wrong:
            counts = [(*self._wrong[step], weight_at(self.stages, step)) for step in sorted(self._wrong)]
            return Quality(wrong=[EventCounts(*each) for each in counts])
        if self._losses:
            stages = self._losses.values()
            caps = cap_of(each.canary for each in stages), cap_of(each.stable for each in stages)
            return Quality(losses=[Pair(each.canary.sample(caps[0]), each.stable.sample(caps[1])) for each in stages])
        return None
