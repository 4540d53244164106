"""Adds up batches of one column."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from monitor.domain.statistics.kinds import ColumnKind
from monitor.domain.statistics.profiles import sketches, values
from monitor.domain.statistics.profiles.bin_counter import BinCounter, applies_to
from monitor.domain.statistics.profiles.bins import ColumnBins, number_text
from monitor.domain.statistics.profiles.column import ColumnProfile, Lengths, Moments
from monitor.domain.statistics.profiles.merging import merged_lengths, merged_moments, most_counted

MAX_CATEGORY_LENGTH = 200
"""Characters; a column with a longer text is free text, not categories."""


class ColumnAccumulator:
    """What has been seen of a column so far."""

    def __init__(self, name: str, kind: ColumnKind, data_type: str, frozen: ColumnBins | None) -> None:
        self.name = name
        self.kind = kind
        self.data_type = data_type
        self._rows = self._nulls = self._nans = self._zeros = self._infinities = 0
        self._moments = Moments()
        self._lengths = Lengths()
        self._quantiles = sketches.new_quantiles()
        self._distinct = sketches.new_distinct()
        self._counts: dict[str, int] | None = {}
        self._frequent = sketches.new_frequent()
        self._bins = BinCounter(frozen, kind) if frozen is not None and applies_to(frozen, kind) else None

    def add(self, array: pa.Array) -> None:
        """An array of the column's type."""
        self._rows += len(array)
        self._nulls += array.null_count
        if self.kind == ColumnKind.OTHER:
            return
        present = array.drop_null() if array.null_count else array
        if self.kind == ColumnKind.CATEGORICAL:
            self._add_texts(values.texts(present))
        else:
            self._add_numbers(values.numbers(present))

    def _add_texts(self, present: pa.Array) -> None:
        if not len(present):
            return
        lengths = pc.utf8_length(present)
        bounds = pc.min_max(lengths).as_py()
        added = Lengths(len(present), int(pc.sum(lengths).as_py()), bounds["min"], bounds["max"])
        self._lengths = merged_lengths(self._lengths, added)
        whole = values.counted_texts(present)
        sketches.count_distinct(self._distinct, [text for text, _ in whole])
        counted = [(text[:MAX_CATEGORY_LENGTH], count) for text, count in whole]
        self._count_values(counted)
        if self._bins:
            self._bins.add_texts(counted)

    def _add_numbers(self, found: values.Numbers) -> None:
        self._nans += found.nans
        self._infinities += found.infinities
        finite = found.finite
        if not len(finite):
            return
        self._zeros += len(finite) - int(np.count_nonzero(finite))
        with np.errstate(over="ignore", invalid="ignore"):  # of sentinels such as the largest float there is no mean
            self._moments = merged_moments(self._moments, _moments(finite))
        # The sketch takes no read-only array, which Arrow's are.
        self._quantiles.update(finite if finite.flags.writeable else finite.copy())
        self._count_numbers(finite)
        if self._bins:
            self._bins.add_numbers(finite)

    def _count_numbers(self, finite: npt.NDArray[np.float64]) -> None:
        counted = None if self._counts is None else values.counted_numbers(finite, most_counted(self.kind))
        if counted is None:
            self._counts = None
            sketches.count_distinct(self._distinct, finite.tolist())
            return
        sketches.count_distinct(self._distinct, [value for value, _ in counted])
        self._count_values([(number_text(value), count) for value, count in counted])

    def _count_values(self, counted: list[tuple[str, int]]) -> None:
        if self._counts is not None:
            is_free_text = (self._lengths.maximum or 0) > MAX_CATEGORY_LENGTH
            added = sum(text not in self._counts for text, _ in counted)
            if not is_free_text and len(self._counts) + added <= most_counted(self.kind):
                for text, count in counted:
                    self._counts[text] = self._counts.get(text, 0) + count
                return
            self._keep_frequent(list(self._counts.items()))
            self._counts = None
        self._keep_frequent(counted)

    def _keep_frequent(self, counted: list[tuple[str, int]]) -> None:
        if self.kind == ColumnKind.CATEGORICAL:
            for text, count in counted:
                self._frequent.update(text, count)

    def finish(self, rows: int) -> ColumnProfile:
        """Of a table that has so many rows: where it lacked the column, the column is null."""
        has_values = self._moments.count > 0 or self._lengths.count > 0
        is_overflown = self._counts is None
        is_text = self.kind == ColumnKind.CATEGORICAL
        return ColumnProfile(
            name=self.name,
            kind=self.kind,
            data_type=self.data_type,
            count=rows,
            nulls=self._nulls + rows - self._rows,
            nans=self._nans,
            zeros=self._zeros,
            infinities=self._infinities,
            moments=self._moments,
            lengths=self._lengths,
            quantile_sketch=bytes(self._quantiles.serialize()) if self._moments.count else None,
            distinct_sketch=bytes(self._distinct.serialize_compact()) if has_values else None,
            value_counts=None if self._counts is None else tuple(self._counts.items()),
            frequent_sketch=bytes(self._frequent.serialize()) if is_overflown and is_text else None,
            bin_counts=self._bins.finish() if self._bins else None,
        )


def _moments(finite: npt.NDArray[np.float64]) -> Moments:
    mean = float(finite.mean())
    shifted = finite - mean
    # np.dot would hand each batch to the threads of BLAS, which cost fifty times as much as the sum
    return Moments(len(finite), mean, float(np.square(shifted).sum()), float(finite.min()), float(finite.max()))
