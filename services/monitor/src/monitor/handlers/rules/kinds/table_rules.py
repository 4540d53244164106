"""Rules of the kinds data_quality and drift: the rows of a window beside the baseline's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from monitor.domain import sentences
from monitor.domain.rules.timing import Window
from monitor.domain.rules.verdicts import Verdict, failed, insufficient
from monitor.handlers.rules.baselines import Baselines, FoundBaseline
from monitor.handlers.rules.kinds.judging import judged_drift, judged_quality
from monitor.handlers.rules.kinds.whole_window import WHOLE_WINDOW, judged_window
from monitor.handlers.rules.metric_tables import EarlierWindow, MetricTables, WindowMetrics, is_written
from monitor.handlers.rules.opened import open_rows
from monitor.handlers.rules.sources import INFERENCES, RowSources
from monitor.handlers.rules.threads import in_thread
from shared.contracts.quality.monitors import Monitor
from shared.errors import NotFound

if TYPE_CHECKING:
    from monitor.domain.statistics.drift.figures import DriftFigures
    from monitor.domain.statistics.profiles.table import TableProfile
    from monitor.domain.statistics.quality.figures import ModelQuality
    from monitor.domain.statistics.slices import Slice
    from monitor.handlers.rules.rows import OpenedRows


@dataclass(frozen=True)
class ComputedWindow:
    """What was computed of a window, as far as it went: verdicts, and what they were made of."""

    verdicts: Sequence[Verdict]
    profiles: Mapping[Slice, TableProfile] = field(default_factory=dict)
    baseline: FoundBaseline | None = None
    figures: Sequence[DriftFigures] = ()
    opened: OpenedRows | None = None
    """The tables that it was read from."""
    quality: ModelQuality | None = None
    """Of rules on labels."""
    worst_rows: Sequence[Mapping[str, object]] = ()
    """Rows that the model was most wrong about, of rules on labels."""


@dataclass(frozen=True)
class ColumnProfiles:
    """One column of a window: of all rows and of each slice, and what it is compared with."""

    name: str
    """As the table calls it."""
    profiles: Mapping[Slice, TableProfile]
    baseline: FoundBaseline | None


@dataclass
class TableRules:
    """Evaluates them."""

    sources: RowSources
    baselines: Baselines
    metrics: MetricTables

    async def evaluate(self, rule: Monitor, window: Window) -> list[Verdict]:
        """The verdicts of a window; its profiles are written beside the inference table. Raises what opening raises."""
        computed = await self.compute(rule, window)
        baseline = computed.baseline.baseline if computed.baseline is not None else None
        before = await self._before(rule, window, computed)
        await self.metrics.write(WindowMetrics(rule, window, computed.profiles, computed.figures, baseline, before))
        return list(computed.verdicts)

    async def _before(self, rule: Monitor, window: Window, computed: ComputedWindow) -> EarlierWindow | None:
        """The window that ends where this one starts; None where nothing is to be compared with it."""
        opened, found = computed.opened, next(iter(computed.profiles.values()), None)
        if rule.kind != "drift" or not computed.figures or opened is None or found is None or not is_written(window):
            return None
        before = window.before(window.end - window.start)
        profiles = await in_thread(_profiled, rule, opened, list(found.columns), before, computed.baseline)
        return EarlierWindow(before, profiles)

    async def compute(self, rule: Monitor, window: Window, judged_by: str | None = None) -> ComputedWindow:
        """The same, with what the verdicts were made of; nothing is written but a baseline.

        `judged_by`: the baseline that its verdicts name; None where they name none, or there are none yet.
        """
        places = await self.sources.tables(rule.service, INFERENCES)
        if not places:
            return ComputedWindow([insufficient(sentences.NO_TABLE(), 0)])
        opened = await open_rows(places)
        if rule.metric in WHOLE_WINDOW:
            return ComputedWindow(await in_thread(judged_window, rule, opened, window))
        columns, missing = opened.named(rule.columns)
        absent = [failed(sentences.NO_SUCH_COLUMN(column=name), name) for name in missing]
        if not columns:
            return ComputedWindow(absent or [failed(sentences.NO_COLUMN())])
        found = await self._columns(rule, opened, columns, window, judged_by)
        details = {"table_versions": dict(opened.versions)}
        verdicts = [*absent, *(replace(each, details={**each.details, **details}) for each in found.verdicts)]
        return replace(found, verdicts=verdicts, opened=opened)

    async def profiles_of(self, rule: Monitor, window: Window, name: str, judged_by: str | None) -> ColumnProfiles:
        """One column of a window, by its name in the table or the model's, beside the baseline; see `compute`.

        Nothing is written but a baseline. Raises `NotFound`, and what opening raises.
        """
        opened = await open_rows(await self.sources.tables(rule.service, INFERENCES))
        columns, _ = opened.named([name])
        if not columns:
            raise NotFound(f"The inference tables of {rule.service!r} have no column {name!r}")
        # A baseline that is kept is of all columns of the rule.
        is_seasonal = rule.baseline is not None and rule.baseline.kind == "seasonal"
        wanted = columns if is_seasonal else opened.named(rule.columns)[0]
        baseline = await self._baseline(rule, opened, wanted, window, judged_by)
        profiles = await in_thread(_profiled, rule, opened, columns, window, baseline)
        return ColumnProfiles(columns[0], profiles, baseline)

    async def _baseline(
        self, rule: Monitor, opened: OpenedRows, columns: Sequence[str], window: Window, judged_by: str | None
    ) -> FoundBaseline | None:
        if rule.baseline is None:
            return None
        if judged_by is not None and rule.baseline.kind != "seasonal":
            return await self.baselines.judged_by(rule, judged_by)
        return await self.baselines.of(rule, opened, columns, window)

    async def _columns(
        self, rule: Monitor, opened: OpenedRows, columns: Sequence[str], window: Window, judged_by: str | None
    ) -> ComputedWindow:
        baseline = await self._baseline(rule, opened, columns, window, judged_by)
        profiles = await in_thread(_profiled, rule, opened, columns, window, baseline)
        rows = next(iter(profiles.values())).rows
        if not rows:
            return ComputedWindow([insufficient(sentences.NO_ROWS(), 0)])
        if (few := _too_few(rule, rows, baseline)) is not None:
            return ComputedWindow([insufficient(few, rows)], profiles)
        if rule.baseline is None:
            judged = await in_thread(judged_quality, rule, profiles, None, columns)
            return ComputedWindow(judged.verdicts, profiles)
        if baseline is None and judged_by is not None:  # it is not kept any more
            return ComputedWindow((), profiles)
        if baseline is None:
            made = await self.baselines.freeze_window(rule, opened, columns, window)
            reason = sentences.FROM_NOW_ON(source=made.source)
            return ComputedWindow([insufficient(reason, rows)], profiles)
        judge = judged_drift if rule.kind == "drift" else judged_quality
        judged = await in_thread(judge, rule, profiles, baseline, columns)
        verdicts = [replace(each, details={**each.details, "baseline": baseline.source}) for each in judged.verdicts]
        return ComputedWindow(verdicts, profiles, baseline, judged.figures)


def _too_few(rule: Monitor, rows: int, found: FoundBaseline | None) -> str | None:
    """Why nothing can be said; None: there are enough rows, and a baseline has some, or says what is expected."""
    if rows < rule.min_sample:
        return sentences.FEW_ROWS(rows=rows, least=rule.min_sample)
    if found is None or found.baseline.profile.rows or found.baseline.expectations:
        return None
    return sentences.NO_BASELINE_ROWS(source=found.source)


def _profiled(
    rule: Monitor, opened: OpenedRows, columns: Sequence[str], window: Window, baseline: FoundBaseline | None
) -> Mapping[Slice, TableProfile]:
    from monitor.domain.rules.slicing import SliceBy  # noqa: PLC0415
    from monitor.handlers.rules.rows import profile_window  # noqa: PLC0415

    by = SliceBy.of(rule.slice, opened.schema)
    return profile_window(opened, columns, window, by, baseline.baseline if baseline else None)
