"""How many predictions have a label by now, and how old their rows were when it came."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from monitor.domain.statistics.profiles import sketches


@dataclass(frozen=True)
class Coverage:
    """Labels of a window."""

    predicted: int
    labelled: int
    delay_p50_s: float | None = None
    """Median of the time from a request to its label, seconds; None: no labels."""
    delay_p90_s: float | None = None

    @property
    def share(self) -> float:
        """Labelled of predicted rows, 0 to 1; 0 without rows."""
        return self.labelled / self.predicted if self.predicted else 0.0


class LabelAges:
    """Sums up labels batch by batch, in bounded memory."""

    def __init__(self) -> None:
        self._labelled = 0
        self._delays = sketches.new_quantiles()

    def add(self, delays_s: npt.NDArray[np.float64]) -> None:
        """Of labelled rows: seconds from the request to the label, NaN where it is not known when that came."""
        self._labelled += len(delays_s)
        self._delays.update(delays_s[np.isfinite(delays_s)])

    def finish(self, predicted: int) -> Coverage:
        """Beside the number of predictions."""
        if self._delays.is_empty():
            return Coverage(predicted, self._labelled)
        half, most = (float(each) for each in self._delays.get_quantiles([0.5, 0.9]))
        return Coverage(predicted, self._labelled, half, most)
