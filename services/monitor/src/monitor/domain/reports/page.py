"""The page: a pure function from what is known of a window to text."""

from __future__ import annotations

from monitor.domain.reports import numbers, parts, sections
from monitor.domain.reports.markup import Child, Html, element, joined, shortened
from monitor.domain.reports.report import Language, Report
from monitor.domain.reports.style import STYLE
from monitor.domain.reports.words import figure_name, sentence, word

_LANGUAGE_TAGS = {"en": "en", "zh": "zh-CN"}
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"
"""The page needs nothing from outside, has no script, and forbids both, whatever stands in it."""


_COLUMNS_FIRST = (
    sections.moved,
    sections.checks,
    sections.distributions,
    sections.histories,
    sections.slices,
    sections.quality,
    sections.worst_rows,
)
_QUALITY_FIRST = (
    sections.quality,
    sections.histories,
    sections.checks,
    sections.slices,
    sections.worst_rows,
    sections.moved,
    sections.distributions,
)


def render(report: Report, language: Language = "en") -> str:
    """One self-contained HTML document, without scripts and external requests; every text in it is escaped."""
    title = f"{shortened(report.service)} · {shortened(report.monitor)} · {numbers.time(report.start)}"
    order = _QUALITY_FIRST if report.kind == "model_quality" else _COLUMNS_FIRST
    shown = [part(report, language) for part in order]
    body = [part for part in shown if part is not None]
    if not body:
        body = [element("p", word(language, "no_section"), class_="empty")]
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("style", Html(STYLE)),
    )
    main = element("main", _header(report, language), *body, _notes(report, language), _footer(report, language))
    return "<!doctype html>\n" + element("html", head, element("body", main), lang=_LANGUAGE_TAGS[language])


def _header(report: Report, language: Language) -> Html:
    facts = [
        (word(language, "window"), f"{numbers.time(report.start)} – {numbers.time(report.end)} UTC"),
        (word(language, "baseline"), shortened(sentence(language, report.baseline))),
        (word(language, "version"), shortened(report.version or "")),
        (word(language, "slice"), shortened(report.slice or word(language, "all_rows"))),
    ]
    rows = [joined(element("dt", name), element("dd", value)) for name, value in facts if value]
    return element(
        "header",
        element("p", word(language, "title"), " · ", word(language, report.kind), class_="kicker"),
        element(
            "h1",
            shortened(report.service),
            element("span", shortened(report.monitor)),
            parts.badge(report.state, language),
        ),
        element("dl", *rows),
        element("div", *_tiles(report, language), class_="tiles"),
    )


def _tiles(report: Report, language: Language) -> list[Html]:
    tiles = [_tile(word(language, "rows"), numbers.number(report.rows))]
    if report.baseline_rows is not None:
        tiles.append(_tile(word(language, "rows_baseline"), numbers.number(report.baseline_rows)))
    if report.columns:
        moved = sum(one.state in ("warning", "critical") for one in report.columns)
        of = element("small", f" {word(language, 'of')} {len(report.columns)}")
        tiles.append(_tile(word(language, "columns_moved"), joined(str(moved), of)))
        most = parts.ranked(report.columns)[0]
        if most.value is not None:
            name = f"{figure_name(language, report.metric)}: {shortened(most.name, 24)}"
            tiles.append(_tile(name, numbers.number(most.value)))
    if report.label_coverage is not None:
        tiles.append(_tile(word(language, "labels"), numbers.percent(report.label_coverage)))
    return tiles


def _tile(name: str, value: Child) -> Html:
    return element("div", element("small", name), element("b", value), class_="tile")


def _notes(report: Report, language: Language) -> Html | None:
    notes = [shortened(sentence(language, note), 400) for note in report.notes]
    if report.windows_needed is not None:
        needed, of = report.windows_needed
        notes.append(word(language, "windows_needed").format(needed=needed, of=of))
    if not notes:
        return None
    return parts.section(word(language, "notes"), element("ul", *(element("li", note) for note in notes)))


def _footer(report: Report, language: Language) -> Html:
    return element("footer", f"{word(language, 'made')} {numbers.time(report.made_at)} UTC")
