"""Figures of the same samples, by Evidently and by `monitor.domain.statistics.drift.samples`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.quality.windows import pairs
from monitor.domain.statistics.drift import samples

_OURS: dict[str, Callable[[Any, Any], float]] = {
    "psi": samples.psi,
    "jensenshannon": samples.js_distance,
    "wasserstein": samples.wasserstein,
    "ks": lambda one, other: samples.ks(one, other).p_value,
    "chisquare": lambda one, other: samples.chi_squared(one, other).p_value,
    "z": lambda one, other: samples.z(one, other).p_value,
}
_NAMES = {"js_distance": "jensenshannon", "chi_squared": "chisquare"}
_IS_P = frozenset(("ks", "chisquare", "z"))


def compare(theirs: Mapping[str, Any]) -> dict[str, Any]:
    """Per method: how many pairs, the largest difference, and how many verdicts and default choices agree."""
    methods: dict[str, dict[str, Any]] = {}
    defaults = same_verdicts = verdicts = 0
    for name, (reference, current, kind) in pairs().items():
        found = theirs[name]
        for method, (score, is_drifted) in ((key, value) for key, value in found.items() if key != "default"):
            ours = _OURS[method](reference, current)
            entry = methods.setdefault(method, {"pairs": 0, "largest_difference": 0.0})
            entry["pairs"] += 1
            entry["largest_difference"] = max(entry["largest_difference"], _difference(ours, score))
            verdicts += 1
            same_verdicts += _is_drifted(method, ours) == is_drifted
        defaults += _default(reference, current, kind) == found["default"][0]
    return {
        "methods": methods,
        "verdicts": verdicts,
        "same_verdicts": same_verdicts,
        "pairs": len(theirs),
        "same_default": defaults,
    }


def _difference(ours: float, theirs: float) -> float:
    """Absolute for small figures, relative for large ones."""
    if math.isinf(ours) or math.isinf(theirs):
        return 0.0 if ours == theirs else math.inf
    return abs(ours - theirs) / max(1.0, abs(theirs))


def _is_drifted(method: str, score: float) -> bool:
    """Evidently's comparisons: KS includes its threshold, the other tests do not, distances do."""
    if method == "ks":
        return score <= 0.05
    return score < 0.05 if method in _IS_P else score >= 0.1


def _default(reference: npt.NDArray[np.generic], current: npt.NDArray[np.generic], kind: str) -> str:
    distinct = len(np.unique(np.concatenate((reference, current))))
    method = samples.default_method(len(reference), distinct, kind == "num")
    return _NAMES.get(method, method)
