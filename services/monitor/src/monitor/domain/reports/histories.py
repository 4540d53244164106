"""A figure over time, as inline SVG."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise

from monitor.domain.reports import numbers
from monitor.domain.reports.markup import Html, element
from monitor.domain.reports.report import HistoryPoint, Language, ReportHistory
from monitor.domain.reports.scales import Scale, path, shown_range, ticks, widened
from monitor.domain.reports.words import figure_name, word

_WIDTH, _HEIGHT = 1056, 214
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 1046, 10, 182


def history_chart(history: ReportHistory, language: Language) -> Html | None:
    """Gaps stay gaps; what is estimated is dashed and hollow. None: no window says anything."""
    known = [point for point in history.points if point.value is not None]
    if not known:
        return None
    limits = [limit for limit in (history.warning, history.critical) if limit is not None]
    low, high = widened(*shown_range([value for point in known for value in _reach(point)], limits), 0.08)
    times = [point.at.timestamp() for point in history.points]
    x = Scale(*widened(min(times), max(times)), _LEFT, _RIGHT)
    y = Scale(low, high, _BOTTOM, _TOP)
    return element(
        "svg",
        element("title", figure_name(language, history.name)),
        *_grid(y, low, high),
        *_dates(x, history.points),
        *_limits(history, y),
        *_lines(history.points, x, y),
        *(_dot(point, x, y, language) for point in known),
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        role="img",
        class_="chart wide",
    )


def _reach(point: HistoryPoint) -> tuple[float, float]:
    value = point.value or 0.0
    return value - point.margin, value + point.margin


def _grid(y: Scale, low: float, high: float) -> list[Html]:
    lines: list[Html] = []
    for tick in ticks(low, high):
        place = y.place(tick)
        lines.append(element("line", x1=_LEFT, x2=_RIGHT, y1=place, y2=place, class_="grid"))
        lines.append(element("text", numbers.tick(tick), x=_LEFT - 8, y=place + 4, class_="tick", text_anchor="end"))
    return lines


def _dates(x: Scale, points: Sequence[HistoryPoint]) -> list[Html]:
    ends = [(points[0], "start"), (points[-1], "end")] if len(points) > 1 else [(points[0], "middle")]
    return [
        element(
            "text",
            numbers.time(point.at),
            x=x.place(point.at.timestamp()),
            y=_BOTTOM + 22,
            class_="tick",
            text_anchor=anchor,
        )
        for point, anchor in ends
    ]


def _limits(history: ReportHistory, y: Scale) -> list[Html]:
    limits = (("warning", history.warning), ("critical", history.critical))
    return [
        element("line", x1=_LEFT, x2=_RIGHT, y1=y.place(limit), y2=y.place(limit), class_=f"limit {name}-line")
        for name, limit in limits
        if limit is not None
    ]


def _lines(points: Sequence[HistoryPoint], x: Scale, y: Scale) -> list[Html]:
    drawn: list[Html] = []
    for is_known, run in groupby(points, key=lambda point: point.value is not None):
        if not is_known:
            continue
        line = list(run)
        drawn.append(element("path", d=_band(line, x, y), class_="band"))
        for one, other in pairwise(line):
            ends = [(x.place(point.at.timestamp()), y.place(point.value or 0.0)) for point in (one, other)]
            is_dashed = one.is_estimated or other.is_estimated
            drawn.append(element("path", d=path(ends), class_="line estimate" if is_dashed else "line"))
    return drawn


def _band(line: Sequence[HistoryPoint], x: Scale, y: Scale) -> str:
    upper = [(x.place(point.at.timestamp()), y.place(_reach(point)[1])) for point in line]
    lower = [(x.place(point.at.timestamp()), y.place(_reach(point)[0])) for point in reversed(line)]
    return path([*upper, *lower])


def _dot(point: HistoryPoint, x: Scale, y: Scale, language: Language) -> Html:
    said = f"{numbers.time(point.at)}: {numbers.number(point.value)}"
    if point.margin:
        said += f" ± {numbers.number(point.margin)}"
    if point.is_estimated:
        said += f" ({word(language, 'estimated')})"
    kind = "dot estimate-dot" if point.is_estimated else "dot"
    return element(
        "circle",
        element("title", said),
        cx=x.place(point.at.timestamp()),
        cy=y.place(point.value or 0.0),
        r=4 if point.state in ("warning", "critical") else 3,
        class_=f"{kind} {point.state}-dot",
    )
