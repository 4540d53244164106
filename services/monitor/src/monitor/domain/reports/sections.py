"""The sections of a report. Each gives None where it has nothing to show."""

from __future__ import annotations

from monitor.domain.reports import numbers
from monitor.domain.reports.distributions import distribution_chart, facts, legend
from monitor.domain.reports.histories import history_chart
from monitor.domain.reports.markup import Child, Html, element, joined, shortened
from monitor.domain.reports.parts import badge, bar, ranked, section, table
from monitor.domain.reports.report import Language, Report, ReportColumn
from monitor.domain.reports.words import figure_name, sentence, word
from monitor.domain.statistics.judging.states import BY_SEVERITY
from monitor.domain.statistics.quality.classification import label_order
from monitor.domain.statistics.quality.figures import ModelQuality

MAX_LISTED = 50
MAX_DRAWN = 24
_MAX_CLASSES = 20
_MAX_ROWS = 20
_MAX_CELLS = 14


def moved(report: Report, language: Language) -> Html | None:
    """What moved most."""
    columns = ranked(report.columns)[:MAX_LISTED]
    if not columns:
        return None
    largest, limit = (
        max((getattr(one, name) or 0.0 for one in columns), default=0.0) for name in ("value", "threshold")
    )
    # One column far away must not hide how the others stand to their thresholds.
    top = max(min(largest, 4 * limit) if limit else largest, limit) or 1.0
    heads = [
        (word(language, "column"), False),
        (word(language, "state"), False),
        (figure_name(language, report.metric), True),
        ("", False),
        (word(language, "threshold"), True),
        (word(language, "floor"), True),
        (word(language, "p_value"), True),
    ]
    rows: list[list[Child]] = [
        [
            element("span", shortened(one.name, 60), title=shortened(one.name, 300), class_="name"),
            joined(
                badge(one.state, language),
                element("small", shortened(sentence(language, one.reason), 200)) if one.reason else None,
            ),
            numbers.number(one.value),
            bar(one, top),
            numbers.number(one.threshold),
            numbers.number(one.floor),
            numbers.p_value(one.p_value),
        ]
        for one in columns
    ]
    note = element("p", word(language, "most_note"), class_="note") if report.kind == "drift" else None
    return section(word(language, "most"), note, table(heads, rows))


def distributions(report: Report, language: Language) -> Html | None:
    """A card per column, the most moved first."""
    columns = [one for one in ranked(report.columns) if one.current is not None or one.baseline is not None]
    cards = [_card(one, report, language) for one in columns[:MAX_DRAWN]]
    if not cards:
        return None
    more = len(columns) - len(cards)
    rest = word(language, "more_columns").format(count=more)
    return section(
        word(language, "distributions"),
        legend(language),
        element("div", *cards, class_="cards"),
        element("p", rest, class_="note") if more else None,
    )


def _card(column: ReportColumn, report: Report, language: Language) -> Html:
    chart = distribution_chart(column.current, column.baseline, language)
    new = ", ".join(shortened(value, 40) for value in column.new_values[:5])
    return element(
        "article",
        element(
            "h3",
            element("span", shortened(column.name, 34), title=shortened(column.name, 300), class_="name"),
            badge(column.state, language),
        ),
        element(
            "p", f"{figure_name(language, report.metric)} ", element("b", numbers.number(column.value)), class_="metric"
        )
        if column.value is not None
        else None,
        chart if chart is not None else element("p", word(language, "no_picture"), class_="empty"),
        facts(column.current, column.baseline, language),
        element("p", f"{word(language, 'new_values')}: ", element("b", new), class_="facts") if new else None,
        class_="card",
    )


def histories(report: Report, language: Language) -> Html | None:
    """Figures over time."""
    drawn = [(one.name, chart) for one in report.histories if (chart := history_chart(one, language)) is not None]
    if not drawn:
        return None
    figures = [
        element("div", element("h3", shortened(figure_name(language, name))), chart, class_="card")
        for name, chart in drawn
    ]
    return section(word(language, "history"), *figures)


def checks(report: Report, language: Language) -> Html | None:
    """Figures with bounds, those that are past them first."""
    if not report.checks:
        return None
    found = sorted(report.checks, key=lambda one: BY_SEVERITY.index(one.state))[:MAX_LISTED]
    heads = [
        (word(language, "check"), False),
        (word(language, "column"), False),
        (word(language, "state"), False),
        (word(language, "value"), True),
        (word(language, "expected"), True),
        (word(language, "threshold"), True),
        (word(language, "detail"), False),
    ]
    rows: list[list[Child]] = [
        [
            figure_name(language, one.name),
            element("span", shortened(one.column or "–", 60), class_="name"),
            badge(one.state, language),
            _figure(one.name, one.value),
            _figure(one.name, one.expected),
            _figure(one.name, one.threshold),
            shortened(sentence(language, one.detail), 160),
        ]
        for one in found
    ]
    return section(word(language, "checks"), table(heads, rows))


def _figure(name: str, value: float | None) -> str:
    return numbers.percent(value) if name.endswith("_rate") else numbers.number(value)


def slices(report: Report, language: Language) -> Html | None:
    """By slice, the worst first."""
    if not report.slices:
        return None
    found = report.slices[:MAX_LISTED]
    heads = [
        (word(language, "slice"), False),
        (word(language, "state"), False),
        (word(language, "rows"), True),
        (figure_name(language, report.metric), True),
        (word(language, "threshold"), True),
        (word(language, "worst_column"), False),
    ]
    rows: list[list[Child]] = [
        [
            element("span", shortened(one.name, 60), class_="name"),
            badge(one.state, language),
            numbers.number(one.rows),
            numbers.number(one.value),
            numbers.number(one.threshold),
            shortened(one.worst_column or "–", 60),
        ]
        for one in found
    ]
    return section(word(language, "slices"), table(heads, rows))


def quality(report: Report, language: Language) -> Html | None:
    """The model's figures, and its confusion matrix."""
    found = report.quality
    if found is None or not found.figures:
        return None
    tiles = [
        element(
            "div",
            element("small", word(language, name)),
            element("b", numbers.number(value)),
            element("small", f"± {numbers.number(found.margins[name])}") if name in found.margins else None,
            class_="tile",
        )
        for name, value in found.figures.items()
    ]
    title = word(language, "model_quality") + (f" ({word(language, 'estimated')})" if found.estimated else "")
    note = element("p", word(language, "estimate_note"), class_="note") if found.estimated else None
    return section(title, note, element("div", *tiles, class_="tiles"), _confusion(found, language))


def _confusion(found: ModelQuality, language: Language) -> Html | None:
    names = sorted({name for said, label, _ in found.confusion for name in (said, label)}, key=label_order)
    if not names or len(names) > _MAX_CLASSES:
        return None
    counts = {(said, label): count for said, label, count in found.confusion}
    totals = {label: sum(counts.get((said, label), 0) for said in names) or 1 for label in names}
    head = element("tr", element("th", ""), *(element("th", shortened(name, 16), class_="number") for name in names))
    rows = [
        element(
            "tr",
            element("th", shortened(said, 24)),
            *(_cell(counts.get((said, label), 0), totals[label], said == label) for label in names),
        )
        for said in names
    ]
    whole = element("table", element("thead", head), element("tbody", *rows), class_="confusion")
    return joined(
        element("h3", word(language, "confusion")),
        element("p", word(language, "confusion_note"), class_="note"),
        element("div", whole, class_="scroll fit"),
    )


def _cell(count: int, total: int, is_right: bool) -> Html:
    level = min(5, round(5 * count / total)) if count else 0
    return element("td", numbers.number(count), class_=f"number {'right' if is_right else 'wrong'}-{level}")


def worst_rows(report: Report, language: Language) -> Html | None:
    """Rows as they are, cut to what fits."""
    rows = report.worst_rows[:_MAX_ROWS]
    if not rows:
        return None
    names = list(dict.fromkeys(name for row in rows for name in row))[:_MAX_CELLS]
    heads = [
        (shortened(name, 30), all(isinstance(row.get(name), int | float | None) for row in rows)) for name in names
    ]
    cells = [[_value(row.get(name)) for name in names] for row in rows]
    return section(word(language, "worst_rows"), table(heads, cells))


def _value(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "–" if value is None else shortened(value, 60)
    return numbers.number(value)
