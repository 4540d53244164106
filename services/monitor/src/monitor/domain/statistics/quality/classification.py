"""Figures of a classifier, from counts of (prediction, label); definitions are scikit-learn's."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from monitor.domain.statistics.quality.figures import Averages, ModelQuality

Z_95 = 1.959964


def label_order(text: str) -> tuple[int, float, str]:
    """Numbers by size before texts by letter; false before true."""
    try:
        return 0, float(text), text
    except ValueError:
        return 1, 0.0, text


def classification_figures(
    confusion: Mapping[tuple[str, str], float],
    positive: str | None = None,
    ranking: Mapping[str, float] | None = None,
    *,
    is_estimated: bool = False,
) -> ModelQuality:
    """`confusion`: counts (expected ones, of an estimate) by (prediction, label). `ranking`: figures from scores."""
    classes = tuple(sorted({name for pair in confusion for name in pair}, key=label_order))
    rows = sum(confusion.values())
    if not rows:
        return ModelQuality("classification", 0, {}, estimated=is_estimated)
    predicted, actual = _sums(confusion, 0, classes), _sums(confusion, 1, classes)
    hits = {name: confusion.get((name, name), 0.0) for name in classes}
    scores = {
        "precision": {name: _ratio(hits[name], predicted[name]) for name in classes},
        "recall": {name: _ratio(hits[name], actual[name]) for name in classes},
        "f1": {name: _ratio(2 * hits[name], predicted[name] + actual[name]) for name in classes},
    }
    averages = {score: _averages(by_class, actual) for score, by_class in scores.items()}
    accuracy = sum(hits.values()) / rows
    figures = {"accuracy": accuracy}
    for score, average in averages.items():
        figures[f"{score}_macro"], figures[f"{score}_weighted"] = average.macro, average.weighted
    chosen = positive if positive is not None else classes[-1]
    if len(classes) <= 2 and chosen in classes:
        figures |= {score: average.per_class[chosen] for score, average in averages.items()}
    return ModelQuality(
        kind="classification",
        rows=round(rows),
        figures={**figures, **(ranking or {})},
        margins={"accuracy": wilson_margin(accuracy, rows)},
        classes=classes,
        per_class=averages,
        confusion=tuple(
            (one, other, round(confusion[one, other]))
            for one in classes
            for other in classes
            if confusion.get((one, other))
        ),
        estimated=is_estimated,
    )


def wilson_margin(share: float, rows: float, z: float = Z_95) -> float:
    """Half of Wilson's interval of a share."""
    if not rows:
        return 1.0
    return z / (1 + z * z / rows) * math.sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows))


def _sums(confusion: Mapping[tuple[str, str], float], side: int, classes: Iterable[str]) -> dict[str, float]:
    sums = dict.fromkeys(classes, 0.0)
    for pair, count in confusion.items():
        sums[pair[side]] += count
    return sums


def _ratio(part: float, whole: float) -> float:
    """0 where nothing was predicted (or nothing was so): scikit-learn's `zero_division=0`."""
    return part / whole if whole else 0.0


def _averages(by_class: Mapping[str, float], weights: Mapping[str, float]) -> Averages:
    total = sum(weights.values())
    return Averages(
        per_class=by_class,
        macro=sum(by_class.values()) / len(by_class),
        weighted=sum(score * weights[name] for name, score in by_class.items()) / total,
    )
