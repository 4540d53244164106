"""Labelled rows of both versions: wrong predictions by interval, or squared errors of a regression.

Rows of one interval have the same age in both versions, so that labels which come late are missing of both alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from monitor.domain.canaries.e_values import EventCounts
from monitor.domain.canaries.guardrails import Losses, Quality
from monitor.domain.canaries.intervals import Sample

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass
class QualityCounter:
    """Adds batches of rows up; `step_s` is the length of an interval."""

    step_s: int
    _wrong: dict[int, list[int]] = field(default_factory=dict)
    _losses: dict[bool, list[float]] = field(default_factory=lambda: {True: [0, 0.0, 0.0], False: [0, 0.0, 0.0]})

    def add_classes(self, at: Ints, is_canary: Mask, is_wrong: Mask) -> None:
        """Rows of a classification: unix seconds, whose, and whether the prediction was wrong."""
        steps = at // self.step_s * self.step_s
        for step in np.unique(steps).tolist():
            here = steps == step
            counts = self._wrong.setdefault(step, [0, 0, 0, 0])
            for offset, mine in ((0, here & is_canary), (2, here & ~is_canary)):
                counts[offset] += int(mine.sum())
                counts[offset + 1] += int((mine & is_wrong).sum())

    def add_losses(self, is_canary: Mask, losses: Floats) -> None:
        """Rows of a regression: whose, and the squared error."""
        for key, mine in ((True, is_canary), (False, ~is_canary)):
            chosen = losses[mine]
            sums = self._losses[key]
            sums[0] += len(chosen)
            sums[1] += float(chosen.sum())
            sums[2] += float((chosen * chosen).sum())

    def finish(self) -> Quality | None:
        """Of all rows; None where there were none."""
        if self._wrong:
            return Quality(wrong=[EventCounts(*self._wrong[step]) for step in sorted(self._wrong)])
        if any(sums[0] for sums in self._losses.values()):
            return Quality(losses=Losses(_sample(self._losses[True]), _sample(self._losses[False])))
        return None


def _sample(sums: Sequence[float]) -> Sample:
    count, total, squares = int(sums[0]), sums[1], sums[2]
    mean = total / count if count else 0.0
    variance = max(squares / count - mean * mean, 0.0) if count else 0.0
    return Sample(count, mean, variance)
