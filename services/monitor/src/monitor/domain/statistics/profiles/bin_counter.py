"""Counts values over frozen bins."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from monitor.domain.statistics.kinds import ColumnKind
from monitor.domain.statistics.profiles.bins import Categories, ColumnBins, Edges
from monitor.domain.statistics.profiles.column import BinCounts


def applies_to(frozen: ColumnBins, kind: ColumnKind) -> bool:
    """Whether values of the kind fall into the bins; they do not where a column has changed its type."""
    if kind == ColumnKind.OTHER:
        return False
    if kind == ColumnKind.CATEGORICAL:
        return isinstance(frozen.bins, Categories)
    return not isinstance(frozen.bins, Categories) or _as_numbers(frozen.bins) is not None


def _as_numbers(categories: Categories) -> npt.NDArray[np.float64] | None:
    try:
        return np.array([float(text) for text in categories.values], dtype=np.float64)
    except ValueError:
        return None


class BinCounter:
    """Of one column."""

    def __init__(self, frozen: ColumnBins, kind: ColumnKind) -> None:
        self._frozen = frozen
        self._below = self._above = 0
        bins = frozen.bins
        self._counts = np.zeros(bins.size if bins else 0, dtype=np.int64)
        self._edges: npt.NDArray[np.float64] | None = None
        self._numbers: npt.NDArray[np.float64] | None = None
        self._places: npt.NDArray[np.intp] | None = None
        self._texts: dict[str, int] = {}
        if isinstance(bins, Edges):
            self._edges = np.array(bins.edges, dtype=np.float64)
        elif isinstance(bins, Categories) and kind == ColumnKind.CATEGORICAL:
            self._texts = {text: place for place, text in enumerate(bins.values)}
        elif isinstance(bins, Categories):
            numbers = _as_numbers(bins)
            assert numbers is not None
            self._places = np.argsort(numbers)
            self._numbers = numbers[self._places]

    def add_numbers(self, finite: npt.NDArray[np.float64]) -> None:
        """Numbers that are neither NaN nor infinite."""
        if self._frozen.low is not None:
            self._below += int((finite < self._frozen.low).sum())
        if self._frozen.high is not None:
            self._above += int((finite > self._frozen.high).sum())
        if self._edges is not None:
            self._add(np.searchsorted(self._edges, finite, side="right"))
        elif self._numbers is not None and self._places is not None:
            self._add(self._places_of(finite, self._numbers, self._places))

    def _places_of(
        self, finite: npt.NDArray[np.float64], known: npt.NDArray[np.float64], places: npt.NDArray[np.intp]
    ) -> npt.NDArray[np.intp]:
        other = len(known)
        if not other:
            return np.zeros(len(finite), dtype=np.intp)
        found = np.minimum(np.searchsorted(known, finite), other - 1)
        return np.where(known[found] == finite, places[found], other)

    def _add(self, places: npt.NDArray[np.intp]) -> None:
        self._counts += np.bincount(places, minlength=len(self._counts))

    def add_texts(self, counted: list[tuple[str, int]]) -> None:
        """Distinct texts with their counts."""
        if not len(self._counts):
            return
        other = len(self._counts) - 1
        for text, count in counted:
            self._counts[self._texts.get(text, other)] += count

    def finish(self) -> BinCounts:
        """Of all that was added."""
        return BinCounts(self._frozen, tuple(int(count) for count in self._counts), self._below, self._above)
