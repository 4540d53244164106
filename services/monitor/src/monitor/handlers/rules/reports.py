"""The report of a window: its stored verdicts, and the rows once more, drawn beside the baseline."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from monitor.domain.rules.signals import JudgedWindow
from monitor.domain.rules.verdicts import Verdict, worst_first
from monitor.domain.statistics.judging.states import worst_of
from monitor.handlers.rules.kinds.estimated_rules import PREFIX
from monitor.handlers.rules.kinds.label_rules import problem_of, read_labelled
from monitor.handlers.rules.kinds.table_rules import ColumnProfiles, ComputedWindow, TableRules
from monitor.handlers.rules.kinds.whole_window import WHOLE_WINDOW
from monitor.handlers.rules.rules import QualityRules
from monitor.store.rules.windows import last_windows
from shared.clock import Clock
from shared.contracts.chunks import MAX_CHUNK_BYTES
from shared.contracts.quality.distributions import ColumnDistribution
from shared.contracts.quality.monitors import Monitor, windows_needed
from shared.contracts.rpc.quality import DistributionQuery, ReportQuery
from shared.database import Database
from shared.errors import InvalidInput, NotFound, PenstockError

if TYPE_CHECKING:
    from monitor.domain.reports.report import (
        HistoryPoint,
        Report,
        ReportCheck,
        ReportColumn,
        ReportHistory,
        ReportSlice,
    )
    from monitor.domain.statistics.quality.figures import ModelQuality

HISTORY = 96
"""Windows that a report's lines reach back over."""
DRAWN_HISTORIES = 5
NOTHING = ComputedWindow(())
OF_COLUMNS = frozenset(("drift", "data_quality"))


@dataclass
class WindowReports:
    """Makes them, each when it is asked for."""

    database: Database
    clock: Clock
    rules: QualityRules
    tables: TableRules

    async def page(self, query: ReportQuery) -> AsyncGenerator[bytes, None]:
        """One HTML document, in pieces. Raises `NotFound`."""
        rule = self.rules.defined(query.id)
        async with self.database.read() as session:
            history = await last_windows(session, rule.id, HISTORY, until=query.end)
        _check_judged(rule, history, query.end)
        computed, notes = await self._computed(rule, history[-1])
        made = await asyncio.to_thread(_rendered, rule, history, computed, (notes, self.clock.now(), query.language))
        return _pieces(made)

    async def distribution(self, query: DistributionQuery) -> ColumnDistribution:
        """A column of a window beside the baseline, as the rows are now.

        Raises `NotFound`, `InvalidInput` where the rule is not of columns, and what opening the tables raises.
        """
        rule = self.rules.defined(query.id)
        if rule.kind not in OF_COLUMNS or rule.metric in WHOLE_WINDOW:
            raise InvalidInput(f"Monitor {rule.name!r} is not of columns: {rule.metric} has no distribution")
        async with self.database.read() as session:
            judged = await last_windows(session, rule.id, 1, until=query.end)
        _check_judged(rule, judged, query.end)
        found = await self.tables.profiles_of(rule, judged[-1].window, query.column, _judged_by(judged[-1]))
        return await asyncio.to_thread(_distribution, query, found)

    async def _computed(self, rule: Monitor, judged: JudgedWindow) -> tuple[ComputedWindow, list[str]]:
        """The window's profiles, as its rows are now; none where there are no rows to draw."""
        is_labelled = rule.kind == "model_quality" and rule.metric != "coverage" and not rule.metric.startswith(PREFIX)
        found = NOTHING
        try:
            if rule.kind in OF_COLUMNS:
                found = await self.tables.compute(rule, judged.window, _judged_by(judged))
            elif is_labelled:
                labelled = await read_labelled(self.tables.sources, rule, judged.window)
                if labelled is not None:
                    found = ComputedWindow((), quality=labelled.quality, worst_rows=labelled.worst_rows)
        except PenstockError as error:
            return NOTHING, [error.message]
        return found, []


def _check_judged(rule: Monitor, judged: Sequence[JudgedWindow], end: datetime) -> None:
    if not judged or judged[-1].window.end != end:
        raise NotFound(f"Monitor {rule.name!r} has judged no window that ends at {end.isoformat()}")


def _judged_by(judged: JudgedWindow) -> str | None:
    """The baseline that the verdicts name: another model may have another one by now."""
    return next((str(each.details["baseline"]) for each in judged.verdicts if "baseline" in each.details), None)


def _distribution(query: DistributionQuery, found: ColumnProfiles) -> ColumnDistribution:
    from monitor.handlers.rules.kinds.column_shares import distribution_of  # noqa: PLC0415 - loads NumPy

    return distribution_of(query, found)


async def _pieces(text: bytes) -> AsyncGenerator[bytes, None]:
    for start in range(0, len(text), MAX_CHUNK_BYTES):
        yield text[start : start + MAX_CHUNK_BYTES]


def _rendered(
    rule: Monitor, history: Sequence[JudgedWindow], computed: ComputedWindow, rest: tuple[list[str], Any, Any]
) -> bytes:
    from monitor.domain.reports.page import render  # noqa: PLC0415 - loads NumPy

    notes, now, language = rest
    return render(_report(rule, history, computed, notes, now), language).encode()


def _report(
    rule: Monitor, history: Sequence[JudgedWindow], computed: ComputedWindow, notes: Sequence[str], now: Any
) -> Report:
    from monitor.domain.reports.report import Report  # noqa: PLC0415

    judged = history[-1]
    whole = [each for each in judged.verdicts if each.slice is None]
    per_column = worst_first((each for each in whole if each.column is not None), rule)
    return Report(
        service=rule.service,
        monitor=rule.name,
        kind=rule.kind,
        metric=rule.metric,
        state=worst_of(each.state for each in judged.verdicts),
        start=judged.window.start,
        end=judged.window.end,
        made_at=now,
        baseline=_judged_by(judged) or "",
        rows=max((each.rows for each in whole), default=0),
        baseline_rows=_baseline_rows(computed),
        columns=[_column(each, computed) for each in per_column],
        checks=_checks(rule, whole),
        histories=_histories(rule, history, per_column),
        quality=computed.quality or _quality(rule, whole),
        label_coverage=_label_coverage(whole),
        slices=_slices(rule, judged.verdicts),
        worst_rows=computed.worst_rows,
        notes=notes,
        windows_needed=windows_needed(rule.windows),
    )


def _baseline_rows(computed: ComputedWindow) -> int | None:
    """None: there is no baseline, or it says what is expected and is made of no rows."""
    if computed.baseline is None or computed.baseline.baseline.expectations:
        return None
    return computed.baseline.baseline.profile.rows


def _checks(rule: Monitor, whole: Sequence[Verdict]) -> list[ReportCheck]:
    from monitor.domain.reports.report import ReportCheck  # noqa: PLC0415

    return [
        ReportCheck(rule.metric, each.state, each.value, each.threshold, rows=each.rows, detail=each.reason or "")
        for each in whole
        if each.column is None
    ]


def _slices(rule: Monitor, verdicts: Sequence[Verdict]) -> list[ReportSlice]:
    """Each by its worst verdict, the worst slice first."""
    from monitor.domain.reports.report import ReportSlice  # noqa: PLC0415

    worst: dict[str, Verdict] = {}
    rows: dict[str, int] = {}
    for each in worst_first(verdicts, rule):
        if each.slice is not None:
            worst.setdefault(each.slice, each)
            rows[each.slice] = max(each.rows, rows.get(each.slice, 0))
    return [
        ReportSlice(name, each.state, rows[name], each.value, each.threshold, each.column)
        for name, each in worst.items()
    ]


def _column(verdict: Verdict, computed: ComputedWindow) -> ReportColumn:
    from monitor.domain.reports.report import ReportColumn  # noqa: PLC0415

    name = verdict.column or ""
    profile = next(iter(computed.profiles.values()), None)
    return ReportColumn(
        name,
        verdict.state,
        verdict.value,
        verdict.threshold,
        verdict.details.get("floor"),
        verdict.details.get("adjusted_p"),
        verdict.reason or "",
        profile.columns.get(name) if profile is not None else None,
        computed.baseline.baseline.column(name) if computed.baseline is not None else None,
    )


def _histories(rule: Monitor, history: Sequence[JudgedWindow], per_column: Sequence[Verdict]) -> list[ReportHistory]:
    """Of the columns that are worst now."""
    from monitor.domain.reports.report import ReportHistory  # noqa: PLC0415

    names = [each.column for each in per_column[:DRAWN_HISTORIES]] or [None]
    return [
        ReportHistory(
            f"{rule.metric} {name}" if name else rule.metric,
            [_point(past, name) for past in history],
            rule.warning,
            rule.critical,
        )
        for name in names
    ]


def _point(past: JudgedWindow, column: str | None) -> HistoryPoint:
    from monitor.domain.reports.report import HistoryPoint  # noqa: PLC0415

    own = (each for each in past.verdicts if each.column == column and each.slice is None)
    found = next(own, None)
    if found is None:
        return HistoryPoint(past.window.end, None)
    margin, is_estimated = float(found.details.get("margin") or 0.0), bool(found.details.get("estimated"))
    return HistoryPoint(past.window.end, found.value, margin, is_estimated, found.state)


def _quality(rule: Monitor, whole: Sequence[Verdict]) -> ModelQuality | None:
    """As far as verdicts keep it."""
    from monitor.domain.statistics.quality.figures import ModelQuality  # noqa: PLC0415

    found = next((each for each in whole if "figures" in each.details), None)
    if found is None:
        return None
    is_estimated = bool(found.details.get("estimated"))
    return ModelQuality(problem_of(rule), found.rows, found.details["figures"], estimated=is_estimated)


def _label_coverage(whole: Sequence[Verdict]) -> float | None:
    """Share of the window's predictions that had a label when it was judged."""
    found = next((each.details["coverage"] for each in whole if "coverage" in each.details), None)
    return found["labelled"] / found["predicted"] if found and found["predicted"] else None
