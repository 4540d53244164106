"""Percentiles of steps that are over: read once from the merged sketches of a step, and kept beside them.

They answer for exactly the steps and series that they were read for, and are never merged: what is coarser, or not
over yet, is read from sketches. Values are bins, so that the answer is the same number either way.
"""

from __future__ import annotations

import numpy as np

from monitor.domain.metrics.entries import NOTHING, Entries
from monitor.domain.metrics.series import NO_BIN, SHARES, By, Merged, Steps

LEVELS: tuple[By, ...] = ("none", "version", "pod")
"""What the series are told apart by: each has percentiles of its own."""


def percentiles_of(sketches: Entries, by: By, step_s: int) -> Entries:
    """An entry for each share, series and step with requests, in that order; its value is the bin."""
    if not len(sketches):
        return NOTHING
    first, last = (int(at) // step_s * step_s for at in (sketches.at.min(), sketches.at.max()))
    merged = Merged(by, Steps(first, step_s, (last - first) // step_s + 1, last), sketches)
    tables = np.stack([merged.quantile_bins(share) for share in SHARES.values()])
    field, owner, place = np.nonzero(tables != NO_BIN)
    values = tables[field, owner, place]
    at = (first + place * step_s).astype(np.int64)
    return Entries(tuple(merged.groups), tuple(SHARES), at, owner.astype(np.int32), field.astype(np.int32), values)
