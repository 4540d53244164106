"""A column's distribution over its baseline's, as inline SVG."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from monitor.domain.reports import numbers
from monitor.domain.reports.markup import Html, element, shortened
from monitor.domain.reports.report import Language
from monitor.domain.reports.scales import Scale, path, ticks, widened
from monitor.domain.reports.words import word
from monitor.domain.statistics.kinds import ColumnKind
from monitor.domain.statistics.profiles import reading, sketches
from monitor.domain.statistics.profiles.column import ColumnProfile

Floats = npt.NDArray[np.float64]

_WIDTH, _HEIGHT = 340, 150
_LEFT, _RIGHT, _TOP, _BOTTOM = 6, 334, 8, 126
_BINS = 28
_CATEGORIES = 8
_FEW_NUMBERS = 12
_ROW = 32
_TAIL = 0.005
"""Beyond these quantiles values are drawn at the edge: one outlier must not press the rest into one bar."""


def distribution_chart(
    current: ColumnProfile | None, baseline: ColumnProfile | None, language: Language
) -> Html | None:
    """None: there is nothing that could be drawn."""
    profiles = [profile for profile in (baseline, current) if profile is not None]
    if len({profile.kind for profile in profiles}) != 1:
        return None
    if all(_is_categorical(profile) for profile in profiles):
        return _category_chart(current, baseline, language)
    drawn = [profile for profile in profiles if profile.quantile_sketch is not None]
    return _number_chart(current, baseline, drawn, language) if drawn else None


def _is_categorical(profile: ColumnProfile) -> bool:
    if profile.kind == ColumnKind.CATEGORICAL:
        return bool(reading.frequent(profile, 1))
    is_number = profile.kind == ColumnKind.NUMERIC and bool(profile.value_counts)
    return is_number and len(profile.value_counts or ()) <= _FEW_NUMBERS


def _number_chart(
    current: ColumnProfile | None, baseline: ColumnProfile | None, drawn: Sequence[ColumnProfile], language: Language
) -> Html:
    ends = [reading.quantiles(profile, [_TAIL, 1 - _TAIL]) for profile in drawn]
    low, high = widened(min(end[0] for end in ends), max(end[1] for end in ends), 0.02)
    edges = np.linspace(low, high, _BINS + 1)
    before, now = _shares(baseline, edges), _shares(current, edges)
    top = max(float(part.max()) for part in (before, now) if part is not None)
    x, y = Scale(low, high, _LEFT, _RIGHT), Scale(0, top * 1.05 or 1, _BOTTOM, _TOP)
    write = numbers.moment if drawn[0].kind == ColumnKind.TEMPORAL else numbers.tick
    return element(
        "svg",
        element("title", f"{word(language, 'baseline')} / {word(language, 'current')}"),
        _area(before, edges, x, y, "base"),
        _area(now, edges, x, y, "now"),
        element("line", x1=_LEFT, x2=_RIGHT, y1=_BOTTOM, y2=_BOTTOM, class_="axis"),
        *_axis(x, low, high, write),
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        role="img",
        class_="chart",
    )


def _shares(profile: ColumnProfile | None, edges: Floats) -> Floats | None:
    if profile is None or profile.quantile_sketch is None:
        return None
    points, weights = sketches.weighted_values(profile.quantile_sketch)
    counts, _ = np.histogram(np.clip(points, edges[0], edges[-1]), edges, weights=weights)
    return np.asarray(counts / weights.sum(), dtype=np.float64)


def _area(part: Floats | None, edges: Floats, x: Scale, y: Scale, kind: str) -> Html | None:
    if part is None:
        return None
    steps = [(x.place(edges[0]), y.place(0))]
    for place, share in enumerate(part.tolist()):
        steps += [(x.place(edges[place]), y.place(share)), (x.place(edges[place + 1]), y.place(share))]
    steps.append((x.place(edges[-1]), y.place(0)))
    return element("path", d=path(steps), class_=kind)


def _axis(x: Scale, low: float, high: float, write: Callable[[float], str]) -> list[Html]:
    """Long labels, as of dates, stand at the two ends alone."""
    found = ticks(low, high, 6)
    if max(len(write(tick)) for tick in found) > 7:
        found = [low, high]
    labels = []
    for tick in found:
        place = x.place(tick)
        anchor = "start" if place < _LEFT + 16 else "end" if place > _RIGHT - 16 else "middle"
        labels.append(element("text", write(tick), x=place, y=_BOTTOM + 15, class_="tick", text_anchor=anchor))
    return labels


def _category_chart(current: ColumnProfile | None, baseline: ColumnProfile | None, language: Language) -> Html:
    before, now = _category_shares(baseline), _category_shares(current)
    names = sorted({*before, *now}, key=lambda name: (-max(before.get(name, 0), now.get(name, 0)), name))[:_CATEGORIES]
    numeric = next(profile.kind for profile in (current, baseline) if profile is not None) == ColumnKind.NUMERIC
    if numeric:
        names.sort(key=float)
    rows = [(name, before.get(name, 0.0), now.get(name, 0.0)) for name in names]
    rest = [1 - sum(part.get(name, 0.0) for name in names) if part else 0.0 for part in (before, now)]
    if max(rest) > 0.001:
        rows.append((word(language, "others"), max(0.0, rest[0]), max(0.0, rest[1])))
    top = max((max(pair[1:]) for pair in rows), default=1.0) or 1.0
    return element(
        "svg",
        element("title", f"{word(language, 'baseline')} / {word(language, 'current')}"),
        *(_category_row(place, row, top) for place, row in enumerate(rows)),
        viewBox=f"0 0 {_WIDTH} {len(rows) * _ROW + 6}",
        role="img",
        class_="chart",
    )


def _category_shares(profile: ColumnProfile | None) -> dict[str, float]:
    if profile is None or not profile.values:
        return {}
    return {name: count / profile.values for name, count in reading.frequent(profile, 1_000)}


def _category_row(place: int, row: tuple[str, float, float], top: float) -> Html:
    name, before, now = row
    y = place * _ROW + 4
    x = Scale(0, top, 110, 286)
    bars = [
        element("rect", x=110, y=y + 10 * side, width=round(x.place(share) - 110, 1), height=9, rx=2, class_=kind)
        for side, (share, kind) in enumerate(((before, "base"), (now, "now")))
    ]
    shares = [
        element("text", numbers.percent(share), x=x.place(share) + 5, y=y + 8 + 10 * side, class_=f"share {kind}-text")
        for side, (share, kind) in enumerate(((before, "base"), (now, "now")))
    ]
    label = element("text", shortened(name, 17), x=104, y=y + 13, class_="label", text_anchor="end")
    return element("g", element("title", shortened(name, 200)), label, *bars, *shares)


def legend(language: Language) -> Html:
    """Which is which."""
    return element(
        "p",
        element("span", class_="key base-key"),
        word(language, "baseline"),
        element("span", class_="key now-key"),
        word(language, "current"),
        class_="legend",
    )


def facts(current: ColumnProfile | None, baseline: ColumnProfile | None, language: Language) -> Html | None:
    """A line of figures beneath a chart: this window's, and the baseline's."""
    if current is None:
        return None
    shown: list[tuple[str, Sequence[str]]] = []
    pair = (baseline, current)
    if current.kind == ColumnKind.NUMERIC:
        shown.append((word(language, "mean"), [numbers.number(_mean(one)) for one in pair]))
        shown.append((word(language, "median"), [numbers.number(_median(one)) for one in pair]))
    if current.kind == ColumnKind.CATEGORICAL:
        distinct = [None if one is None else reading.distinct(one) for one in pair]
        shown.append((word(language, "distinct"), [numbers.number(one) for one in distinct]))
    nulls = [None if one is None else reading.share(one.nulls, one) for one in pair]
    shown.append((word(language, "nulls"), [numbers.percent(share) for share in nulls]))
    lines = [element("span", f"{name} {before} → ", element("b", now)) for name, (before, now) in shown]
    return element("p", *lines, class_="facts")


def _mean(profile: ColumnProfile | None) -> float | None:
    return None if profile is None else reading.mean(profile)


def _median(profile: ColumnProfile | None) -> float | None:
    return None if profile is None else next(iter(reading.quantiles(profile, [0.5])), None)
