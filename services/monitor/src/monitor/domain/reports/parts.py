"""What several sections are made of."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.domain.reports.markup import Child, Html, element
from monitor.domain.reports.report import Language, ReportColumn
from monitor.domain.reports.scales import Scale
from monitor.domain.reports.words import word
from monitor.domain.statistics.judging.quality import excess
from monitor.domain.statistics.judging.states import BY_SEVERITY, State

_SIGNS: dict[State, str] = {"ok": "✓", "warning": "!", "critical": "✕", "insufficient_data": "…", "error": "?"}


def badge(state: State, language: Language) -> Html:
    """A state as sign and word: never by its colour alone."""
    return element("span", element("i", _SIGNS[state]), word(language, state), class_=f"badge {state}")


def section(title: str, *children: Child) -> Html:
    """With a heading."""
    return element("section", element("h2", title), *children)


def table(heads: Sequence[tuple[str, bool]], rows: Sequence[Sequence[Child]]) -> Html:
    """`heads`: title, and whether the column holds numbers."""
    head = element("tr", *(element("th", title, class_="number" if is_number else None) for title, is_number in heads))
    body = [
        element("tr", *(_cell(cell, is_number) for cell, (_, is_number) in zip(row, heads, strict=True)))
        for row in rows
    ]
    whole = element("table", element("thead", head), element("tbody", *body))
    return element("div", whole, class_="scroll")


def _cell(cell: Child, is_number: bool) -> Html:
    return element("td", cell, class_="number" if is_number else None)


def ranked(columns: Sequence[ReportColumn]) -> list[ReportColumn]:
    """By state, then by how far the value is beyond its threshold."""

    def key(column: ReportColumn) -> tuple[int, float, str]:
        return BY_SEVERITY.index(column.state), -excess(column.value, column.threshold), column.name

    return sorted(columns, key=key)


def bar(column: ReportColumn, top: float) -> Html | None:
    """The value as a bar, and a mark where the threshold is. `top`: where the track ends."""
    if column.value is None:
        return None
    x = Scale(0, top, 2, 198)
    threshold = None if column.threshold is None else x.place(column.threshold)
    return element(
        "svg",
        element("rect", x=0, y=4, width=200, height=8, rx=4, class_="track"),
        element("rect", x=0, y=4, width=max(2.0, x.place(column.value)), height=8, rx=4, class_=f"{column.state}-fill"),
        None if threshold is None else element("line", x1=threshold, x2=threshold, y1=0, y2=16, class_="threshold"),
        viewBox="0 0 200 16",
        class_="bar",
        aria_hidden="true",
    )
