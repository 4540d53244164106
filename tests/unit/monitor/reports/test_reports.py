"""The report's page: whole, self-contained, and safe whatever stands in names and values."""

import datetime as dt
import html.parser
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.domain import sentences
from monitor.domain.reports import numbers, scales
from monitor.domain.reports.markup import Html, element, escaped, shortened, visible
from monitor.domain.reports.page import render
from monitor.domain.reports.report import HistoryPoint, Report, ReportCheck, ReportColumn, ReportHistory, ReportSlice
from monitor.domain.reports.words import DICTIONARIES, figure_name, word
from monitor.domain.sentences import SENTENCES, in_chinese
from monitor.domain.statistics.baselines.baseline import Baseline
from monitor.domain.statistics.profiles.builder import ProfileBuilder
from monitor.domain.statistics.quality.model import model_quality

START = dt.datetime(2026, 11, 27, 17, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
HOSTILE = "\"><script>alert(1)</script><img src=x onerror='alert(2)'>&amp;\u202egnp\x00</style>`${1}`"


class Page(html.parser.HTMLParser):
    """Elements, attributes and text of a document; unbalanced tags are an error."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: Any, attrs: Any) -> None:
        self.names.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in ("meta", "br"):
            self._open.append(tag)

    def handle_startendtag(self, tag: Any, attrs: Any) -> None:
        self.names.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: Any) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: Any) -> None:
        self.text.append(data)


def report_columns(name: str, value: str) -> list[ReportColumn]:
    """One of each kind, the first one moved."""
    rng = np.random.default_rng(60)
    rows = [
        pa.record_batch(
            {
                name: rng.normal(shift, 1, 800),
                "region": rng.choice([value, "Douro", "Dão"], 800),
                "grade": rng.integers(1, 5, 800),
                "picked": pa.array(rng.integers(1_600_000_000, 1_700_000_000, 800), pa.timestamp("s")),
                "notes": ["x" * 300] * 800,
            }
        )
        for shift in (0, 1)
    ]
    baseline = Baseline.from_batches(lambda: rows[:1])
    builder = ProfileBuilder(frozen=baseline.frozen())
    builder.add(rows[1])
    profile = builder.finish()
    return [
        ReportColumn(
            name=column,
            state="critical" if place == 0 else "ok",
            value=0.4 / (place + 1),
            threshold=0.25,
            floor=0.02,
            p_value=0.00001,
            reason=value if place == 2 else "",
            current=profile.columns[column],
            baseline=baseline.column(column),
            new_values=[value] if column == "region" else (),
        )
        for place, column in enumerate(profile.columns)
    ]


def whole_report(name: str = "alcohol", value: str = "Minho") -> Report:
    points = [HistoryPoint(START + HOUR * place, level, 0.02) for place, level in enumerate((0.8, None, 0.7, 0.6))]
    points.append(HistoryPoint(START + 4 * HOUR, 0.5, is_estimated=True, state="critical"))
    return Report(
        service=value,
        monitor=name,
        kind="drift",
        metric="psi",
        state="critical",
        start=START,
        end=START + HOUR,
        made_at=START + HOUR,
        baseline=value,
        rows=800,
        baseline_rows=800,
        slice=value,
        version=value,
        columns=report_columns(name, value),
        checks=[ReportCheck("null_rate", "warning", 0.081, 0.05, 0.004, name, 800, value)],
        histories=[ReportHistory("accuracy", points, 0.75, 0.6), ReportHistory(name, points[:1])],
        quality=model_quality([value, "b", "b"], [value, "b", value], "classification"),
        label_coverage=0.65,
        slices=[ReportSlice(f"region={value}", "critical", 300, 0.5, 0.25, name)],
        worst_rows=[{name: value, "row": 3, "label": None, "score": 0.123456}],
        notes=[value],
        windows_needed=(2, 3),
    )


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_whole_report(language: Any) -> None:
    report = whole_report()
    text = render(report, language)
    page = Page(text)
    found = " ".join(page.text)
    for key in ("most", "distributions", "history", "checks", "slices", "confusion", "worst_rows", "notes", "critical"):
        assert word(language, key) in found, key
    for shown in ("alcohol", "2026-11-27 17:00 – 2026-11-27 18:00 UTC", "65 %", "8.1 %", "Dão"):
        assert shown in found, shown
    assert page.names.count("svg") == 5 + 5 + 2
    assert page.names.count("article") == 5
    assert dict(page.attributes)["lang"] == ("en" if language == "en" else "zh-CN")
    assert render(report, language) == text


def test_nothing_comes_from_outside() -> None:
    page = Page(render(whole_report()))
    assert not {"script", "link", "img", "iframe", "object", "a", "form", "base", "image", "use"} & set(page.names)
    assert not [name for name, _ in page.attributes if name in ("src", "href", "xlink:href", "style", "srcset")]
    assert not re.search(r"url\(|@import|https?:", render(whole_report()))
    policy = next(value for name, value in page.attributes if name == "content")
    assert policy.startswith("default-src 'none'")


def test_hostile_names_and_values_are_text() -> None:
    plain, hostile = Page(render(whole_report())), Page(render(whole_report(HOSTILE, HOSTILE + "2")))
    assert set(hostile.names) == set(plain.names)
    assert {name for name, _ in hostile.attributes} == {name for name, _ in plain.attributes}
    shown = " ".join(hostile.text)
    assert "<script>alert(1)</script>" in shown
    assert "\u202e" not in shown
    assert "\\u202egnp\\x00" in render(whole_report(HOSTILE, HOSTILE))


@given(st.text(max_size=60))
def test_any_text_stays_text(text: Any) -> None:
    page = Page(element("p", text, title=text))
    assert page.names == ["p"]
    assert "".join(page.text) == visible(text)
    assert page.attributes == [("title", visible(text))]


def test_markup() -> None:
    assert escaped(Html("<b>")) == "<b>"
    assert element("p", "a<", None, 3, element("br"), class_="x", stroke_width=2, title=None) == (
        '<p class="x" stroke-width="2">a&lt;3<br></p>'
    )
    assert element("rect", x=1) == '<rect x="1"/>'
    assert visible("a\u200db żółw 葡萄\n") == "a\u200db żółw 葡萄\\n"
    assert shortened("x" * 100, 30) == "x" * 20 + "…" + "x" * 10
    assert visible("\ud800") == "\\ud800"


def test_an_empty_report_says_so() -> None:
    empty = Report("wine", "rule", "drift", "psi", "insufficient_data", START, START + HOUR, START, "", 0)
    assert word("en", "no_section") in render(empty)
    none = replace(empty, histories=[ReportHistory("psi", [HistoryPoint(START, None)])])
    assert word("en", "no_section") in render(none)


def test_columns_without_anything_to_draw() -> None:
    names = [f"c{number}" for number in range(40)]
    builder = ProfileBuilder()
    builder.add(pa.record_batch({name: pa.nulls(3, pa.float64()) for name in names}))
    profiles = builder.finish().columns
    columns = [ReportColumn(name, "insufficient_data", current=profiles[name]) for name in names]
    columns.append(ReportColumn("constant", "ok", 0.0, current=_constant(1.0), baseline=_constant(1.0)))
    columns.append(
        ReportColumn("retyped", "error", reason="other type", current=_constant("a"), baseline=_constant(1.0))
    )
    text = render(replace(whole_report(), columns=columns))
    assert "Columns that are not drawn: 18 more." in text
    assert text.index(">retyped<") < text.index(">constant<") < text.index(">c0<")
    assert word("en", "no_picture") in text


def _constant(value: Any) -> Any:
    builder = ProfileBuilder()
    builder.add(pa.record_batch({"x": [value] * 10}))
    return builder.finish().columns["x"]


def test_quality_comes_first_where_the_rule_is_of_it() -> None:
    text = render(replace(whole_report(), kind="model_quality"))
    assert text.index("<h2>Model quality") < text.index("<h2>What moved most")
    report = whole_report()
    assert report.quality is not None
    estimated = replace(report.quality, estimated=True)
    assert "Model quality (estimated)" in render(replace(whole_report(), quality=estimated))


def test_both_languages_have_all_words() -> None:
    assert DICTIONARIES["en"].keys() == DICTIONARIES["zh"].keys()
    for key, text in DICTIONARIES["en"].items():
        assert re.findall(r"{\w+}", text) == sorted(re.findall(r"{\w+}", DICTIONARIES["zh"][key]), key=text.index), key
    assert word("zh", "unheard_of") == "unheard_of"
    names = {"psi": "PSI", "psi a b": "PSI · a b", "estimated_auc": "ROC AUC (estimated)", "other": "other"}
    assert {name: figure_name("en", name) for name in names} == names


def test_verdicts_are_said_in_chinese_by_a_chinese_report() -> None:
    names = {name: f"<{name}>" for each in SENTENCES for name in re.findall(r"{(\w+)", each.en)}
    for each in SENTENCES:
        assert set(re.findall(r"{(\w+)", each.en)) == set(re.findall(r"{(\w+)", each.zh)), each
        assert in_chinese(each(**names)) == each.zh.format(**names)
    nested = sentences.FROM_NOW_ON(source=sentences.OF_TRAINING(model="w", version=3, source="artifact a b.csv"))
    assert in_chinese(nested) == "w 3 的训练数据：制品 a b.csv从现在起作为基线"
    few = [sentences.FEW_ROWS(rows=rows, least=300) for rows in (0, 1, 12)]
    assert few == [f"{said}, fewer than 300" for said in ("0 rows", "1 row", "12 rows")]
    assert [in_chinese(said) for said in few] == [f"{rows} 行，少于 300 行" for rows in (0, 1, 12)]
    assert in_chinese("1 rows, fewer than 300") == "1 行，少于 300 行", "as earlier releases stored it"
    assert in_chinese("no sentence of ours") == "no sentence of ours"
    said = [each(**names) for each in SENTENCES]
    columns = [ReportColumn(f"c{place}", "error", reason=reason) for place, reason in enumerate(said)]
    checks = [ReportCheck("psi", "error", None, None, detail=reason) for reason in said]
    report = replace(whole_report(), baseline=nested, columns=columns, checks=checks, notes=said)
    english = re.compile(r"(?:[A-Za-z]{2,}[ ,;:]+){3}")
    assert [text for text in Page(render(report, "zh")).text if english.search(text) and "{" not in text] == []
    assert any(english.search(text) for text in Page(render(report, "en")).text if "{" not in text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (float("nan"), "–"),
        (float("inf"), "∞"),
        (0.0, "0"),
        (12_345, "12,345"),
        (-1234.5, "−1,234"),
        (0.12345, "0.123"),
        (9.999, "10.00"),
        (12.345, "12.3"),
        (0.000012, "1.20e-05"),
        (3e20, "3.00e+20"),
    ],
)
def test_numbers(value: Any, text: Any) -> None:
    assert numbers.number(value) == text


def test_other_figures() -> None:
    shares = {None: "–", 0: "0 %", 0.0004: "<0.1 %", 0.081: "8.1 %", 0.5: "50 %", 1: "100 %"}
    assert {share: numbers.percent(share) for share in shares} == shares
    assert [numbers.p_value(p) for p in (None, 1e-9, 0.0123, 0.5)] == ["–", "<0.0001", "0.0123", "0.50"]
    assert [numbers.tick(tick) for tick in (0.1 + 0.2, -2.0, 1500, 2e7)] == ["0.3", "−2", "1,500", "20,000,000"]
    assert numbers.moment(1e30) == "1.00e+30"


@given(st.floats(-1e12, 1e12), st.floats(1e-6, 1e12))
@example(526657056270.43286, 0.0006816084042302976)
@example(-15774500923.226196, 1e-06)
def test_ticks_are_few_and_inside(low: Any, span: Any) -> None:
    found = scales.ticks(low, low + span)
    assert len(found) <= 6
    assert all(low - span * 1e-6 <= tick <= low + span * (1 + 1e-6) for tick in found)


def test_ranges_are_never_empty() -> None:
    assert scales.widened(2, 2) == (1, 3)
    assert scales.widened(0, 0) == (-0.5, 0.5)
    low, high = scales.widened(-1.8e308, 1.7e308, 0.02)
    assert np.isfinite(high - low)
    assert scales.Scale(low, high, 0, 100).place(0.0) == 50


def test_one_value_and_a_limit_far_beyond_the_others_leave_these_readable() -> None:
    usual = [0.01 * place for place in range(20)]
    assert scales.shown_range([*usual, 1.2e11], [0.1, 1e308]) == (0.0, 0.19)
    assert scales.shown_range([*usual, 3.0], [0.1, 0.25]) == (0.0, 3.0)
    assert scales.shown_range([-4.0, 0.5], [0.9]) == (-4.0, 0.9)
    assert scales.shown_range([0.0, 0.0], [0.1, 0.25]) == (0.0, 0.25)
    assert scales.Scale(0, 10, 100, 0).place(20) == 0
    assert scales.ticks(3, 3) == [3]
