"""A column's distribution over its baseline's, as inline SVG."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from monitor.domain.reports import numbers
from monitor.domain.reports.markup import Html, element, shortened
from monitor.domain.reports.report import Language
from monitor.domain.reports.scales import Scale, path, ticks
from monitor.domain.reports.shares import BinShares, Floats, ValueShares, compared_shares
from monitor.domain.reports.words import word
from monitor.domain.statistics.kinds import ColumnKind
from monitor.domain.statistics.profiles import reading
from monitor.domain.statistics.profiles.column import ColumnProfile

_WIDTH, _HEIGHT = 340, 150
_LEFT, _RIGHT, _TOP, _BOTTOM = 6, 334, 8, 126
_ROW = 32


def distribution_chart(
    current: ColumnProfile | None, baseline: ColumnProfile | None, language: Language
) -> Html | None:
    """None: there is nothing that could be drawn."""
    shares = compared_shares(current, baseline)
    if shares is None:
        return None
    if isinstance(shares, ValueShares):
        return _value_chart(shares, language)
    known = current or baseline
    is_time = known is not None and known.kind == ColumnKind.TEMPORAL
    return _number_chart(shares, numbers.moment if is_time else numbers.tick, language)


def _number_chart(shares: BinShares, write: Callable[[float], str], language: Language) -> Html:
    edges, before, now = shares.edges, shares.baseline, shares.window
    low, high = float(edges[0]), float(edges[-1])
    top = max(float(part.max()) for part in (before, now) if part is not None)
    x, y = Scale(low, high, _LEFT, _RIGHT), Scale(0, top * 1.05 or 1, _BOTTOM, _TOP)
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


def _value_chart(shares: ValueShares, language: Language) -> Html:
    rows = [(word(language, "others") if name is None else name, before, now) for name, before, now in shares.rows]
    top = max((max(pair[1:]) for pair in rows), default=1.0) or 1.0
    return element(
        "svg",
        element("title", f"{word(language, 'baseline')} / {word(language, 'current')}"),
        *(_value_row(place, row, top) for place, row in enumerate(rows)),
        viewBox=f"0 0 {_WIDTH} {len(rows) * _ROW + 6}",
        role="img",
        class_="chart",
    )


def _value_row(place: int, row: tuple[str, float, float], top: float) -> Html:
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
