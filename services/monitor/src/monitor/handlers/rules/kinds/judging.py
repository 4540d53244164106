"""Profiles of a window beside a baseline, judged as a rule says. Blocking; loads Arrow and SciPy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from monitor.domain import sentences
from monitor.domain.rules.verdicts import Verdict, bounds_of, failed, insufficient, of_drift, of_figure
from monitor.domain.statistics.judging.drift import DriftRule, judge_drift
from monitor.domain.statistics.judging.quality import judge_figure
from monitor.domain.statistics.slices import ALL_ROWS, Slice
from monitor.handlers.rules.baselines import FoundBaseline
from shared.contracts.quality.monitors import Monitor

if TYPE_CHECKING:
    from monitor.domain.statistics.baselines.expectations import ColumnExpectation
    from monitor.domain.statistics.drift.figures import DriftFigures
    from monitor.domain.statistics.profiles.table import TableProfile
    from monitor.domain.statistics.quality.data_quality import QualityFigure


@dataclass(frozen=True)
class Judged:
    """Verdicts, and for drift the figures behind them."""

    verdicts: list[Verdict]
    figures: Sequence[DriftFigures] = field(default_factory=tuple)


def _unlike(
    rule: Monitor, profile: TableProfile, baseline: FoundBaseline, columns: Sequence[str]
) -> dict[str, Verdict | None]:
    """Columns that cannot be compared → why; None where nobody asked for them by name."""
    found: dict[str, Verdict | None] = {}
    is_asked = list(rule.columns) != ["*"]
    for name in columns:
        known, now = baseline.baseline.column(name), profile.columns.get(name)
        if baseline.baseline.expectation(name) is not None:
            continue
        if known is None:
            why = failed(sentences.NO_BASELINE_COLUMN(column=name, source=baseline.source), name)
            found[name] = why if is_asked else None
        elif now is not None and now.kind != known.kind:
            found[name] = failed(sentences.OTHER_TYPE(column=name, found=now.data_type, known=known.data_type), name)
    return found


def judged_drift(
    rule: Monitor, profiles: Mapping[Slice, TableProfile], baseline: FoundBaseline, columns: Sequence[str]
) -> Judged:
    """Verdicts of columns and slices, judged together, and the figures that they were judged by."""
    from monitor.domain.statistics.drift.compare import drift_of_table  # noqa: PLC0415
    from monitor.domain.statistics.profiles.table import TableProfile  # noqa: PLC0415

    unlike = _unlike(rule, next(iter(profiles.values())), baseline, columns)
    figures: list[DriftFigures] = []
    for part, profile in profiles.items():
        alike = {name: column for name, column in profile.columns.items() if name not in unlike}
        figures += drift_of_table(TableProfile(profile.rows, alike), baseline.baseline, part)
    # Of `*`, columns that the metric means nothing for are passed over; those without values say so.
    is_asked, least = list(rule.columns) != ["*"], max(rule.min_sample, 1)
    judged = judge_drift(
        [
            each
            for each in figures
            if is_asked or each.value(rule.metric) is not None or min(each.rows, each.baseline_rows) < least
        ],
        DriftRule(rule.metric, rule.warning, rule.critical, least),
    )
    found = [of_drift(each) for each in judged] + [each for each in unlike.values() if each is not None]
    if is_asked:
        known = {each.column for each in found}
        found += [_without_bins(rule, baseline, name) for name in columns if name not in known]
    return Judged(found or [failed(sentences.NO_SUCH_METRIC(metric=rule.metric))], figures)


def _without_bins(rule: Monitor, baseline: FoundBaseline, name: str) -> Verdict:
    """A column that was asked for and is compared with nothing: the baseline has no value of it, or it is free text."""
    column = baseline.baseline.column(name)
    if column is not None and not column.values:
        few = sentences.FEW_IN_BASELINE(rows=0, column=name, least=max(rule.min_sample, 1))
        return replace(insufficient(few, 0), column=name)
    kind, data_type = (column.kind.value, column.data_type) if column is not None else ("other", "null")
    return failed(sentences.NOT_DEFINED_FOR(metric=rule.metric, column=name, kind=kind, data_type=data_type), name)


def judged_quality(
    rule: Monitor,
    profiles: Mapping[Slice, TableProfile],
    baseline: FoundBaseline | None,
    columns: Sequence[str],
) -> Judged:
    """Verdicts of columns and slices."""
    from monitor.domain.statistics.quality.data_quality import data_quality  # noqa: PLC0415

    unlike = _unlike(rule, next(iter(profiles.values())), baseline, columns) if baseline else {}
    found = [each for each in unlike.values() if each is not None]
    expected = _expected(rule, baseline, columns)
    for part, profile in profiles.items():
        if rule.metric == "zero_rate":
            found += _zeros(rule, profile, part)
            continue
        figures = data_quality(profile, baseline.baseline if baseline else None, expected, part)
        if part == ALL_ROWS and expected:
            violated = _violated(figures)
            found += violated.values()
            unlike |= violated
        chosen = [each for each in figures if each.check == rule.metric and each.column not in unlike]
        found += [_judged(rule, each, part, is_allowed=bool(expected)) for each in chosen]
    return Judged(found or [failed(sentences.NO_SUCH_METRIC(metric=rule.metric))])


def _expected(rule: Monitor, baseline: FoundBaseline | None, columns: Sequence[str]) -> tuple[ColumnExpectation, ...]:
    """What a baseline says of the rule's columns; of `*`, of columns that are not there, too."""
    if baseline is None:
        return ()
    is_asked = list(rule.columns) != ["*"]
    return tuple(each for each in baseline.baseline.expectations if not is_asked or each.name in columns)


def _violated(figures: Sequence[QualityFigure]) -> dict[str, Verdict]:
    """Columns that are expected and not there, or hold something of another kind."""
    found: dict[str, Verdict] = {}
    for each in figures:
        name = each.column or ""
        if each.check == "missing_column":
            found[name] = failed(sentences.EXPECTED_COLUMN(column=name), name)
        elif each.check == "data_type" and each.value:
            found[name] = failed(f"{name} holds {each.detail}", name)
    return found


def _judged(rule: Monitor, each: QualityFigure, part: Slice, *, is_allowed: bool) -> Verdict:
    """`is_allowed`: the share that is expected is none too many."""
    bounds = bounds_of(rule)
    if is_allowed and each.expected is not None:
        bounds = bounds.allowing(each.expected)
    judged = judge_figure(
        rule.metric, each.value, each.rows, bounds, margin=each.margin, column=each.column, slice=part
    )
    return of_figure(judged)


def _zeros(rule: Monitor, profile: TableProfile, part: Slice) -> list[Verdict]:
    return [
        of_figure(
            judge_figure(
                rule.metric, column.zeros / column.count, column.count, bounds_of(rule), column=name, slice=part
            )
        )
        for name, column in profile.columns.items()
        if column.kind == "numeric" and column.count
    ]
