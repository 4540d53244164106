"""Profiles of a window beside a baseline, judged as a rule says. Blocking; loads Arrow and SciPy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from monitor.domain.rules.verdicts import Verdict, bounds_of, failed, of_drift, of_figure
from monitor.domain.statistics.judging.drift import DriftRule, judge_drift
from monitor.domain.statistics.judging.quality import judge_figure
from monitor.handlers.rules.baselines import FoundBaseline
from shared.contracts.quality.monitors import Monitor

if TYPE_CHECKING:
    from monitor.domain.statistics.drift.figures import DriftFigures
    from monitor.domain.statistics.profiles.table import TableProfile
    from monitor.domain.statistics.quality.data_quality import QualityFigure
    from monitor.domain.statistics.slices import Slice


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
        if known is None:
            why = failed(f"the baseline has no column {name}: it was made of {baseline.source}", name)
            found[name] = why if is_asked else None
        elif now is not None and now.kind != known.kind:
            found[name] = failed(f"{name} holds {now.data_type}, in the baseline {known.data_type}", name)
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
    judged = judge_drift(
        [each for each in figures if each.value(rule.metric) is not None],
        DriftRule(rule.metric, rule.warning, rule.critical, rule.min_sample),
    )
    found = [of_drift(each) for each in judged] + [each for each in unlike.values() if each is not None]
    return Judged(found or [failed(f"no column has a {rule.metric}: it is of another type")], figures)


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
    for part, profile in profiles.items():
        if rule.metric == "zero_rate":
            found += _zeros(rule, profile, part)
            continue
        figures = data_quality(profile, baseline.baseline if baseline else None, (), part)
        chosen = [each for each in figures if each.check == rule.metric and each.column not in unlike]
        found += [_judged(rule, each, part) for each in chosen]
    return Judged(found or [failed(f"no column has a {rule.metric}: it is of another type")])


def _judged(rule: Monitor, each: QualityFigure, part: Slice) -> Verdict:
    bounds = bounds_of(rule)
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
