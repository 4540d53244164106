"""The report of a window: its stored verdicts, and the rows once more, drawn beside the baseline."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from monitor.domain.rules.signals import JudgedWindow
from monitor.domain.rules.verdicts import Verdict, worst_of
from monitor.handlers.rules.kinds.estimated_rules import PREFIX
from monitor.handlers.rules.kinds.label_rules import worst_rows
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
    from monitor.domain.reports.report import HistoryPoint, Report, ReportColumn, ReportHistory
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
        found = await self.tables.profiles_of(rule, judged[-1].window, query.column)
        return await asyncio.to_thread(_distribution, query, found)

    async def _computed(self, rule: Monitor, judged: JudgedWindow) -> tuple[ComputedWindow, list[str]]:
        """The window's profiles, as its rows are now; none where there are no rows to draw."""
        is_labelled = rule.kind == "model_quality" and rule.metric != "coverage" and not rule.metric.startswith(PREFIX)
        found = NOTHING
        try:
            if rule.kind in OF_COLUMNS:
                found = await self.tables.compute(rule, judged.window)
            elif is_labelled:
                found = ComputedWindow((), worst_rows=await worst_rows(self.tables.sources, rule, judged.window))
        except PenstockError as error:
            return NOTHING, [error.message]
        return found, []


def _check_judged(rule: Monitor, judged: Sequence[JudgedWindow], end: datetime) -> None:
    if not judged or judged[-1].window.end != end:
        raise NotFound(f"Monitor {rule.name!r} has judged no window that ends at {end.isoformat()}")


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
    from monitor.domain.reports.report import Report, ReportCheck, ReportSlice  # noqa: PLC0415

    judged = history[-1]
    whole = [each for each in judged.verdicts if each.slice is None]
    by_slice: dict[str, list[Verdict]] = {}
    for each in judged.verdicts:
        if each.slice is not None:
            by_slice.setdefault(each.slice, []).append(each)
    per_column = [each for each in whole if each.column is not None]
    return Report(
        service=rule.service,
        monitor=rule.name,
        kind=rule.kind,
        metric=rule.metric,
        state=worst_of([each.state for each in judged.verdicts]),
        start=judged.window.start,
        end=judged.window.end,
        made_at=now,
        baseline=next((str(each.details["baseline"]) for each in whole if "baseline" in each.details), ""),
        rows=max((each.rows for each in whole), default=0),
        baseline_rows=computed.baseline.baseline.profile.rows if computed.baseline is not None else None,
        columns=[_column(each, computed) for each in per_column],
        checks=[
            ReportCheck(rule.metric, each.state, each.value, each.threshold, rows=each.rows, detail=each.reason or "")
            for each in whole
            if each.column is None
        ],
        histories=_histories(rule, history, per_column),
        quality=_quality(rule, whole),
        slices=[
            ReportSlice(
                name,
                worst_of([each.state for each in found]),
                max(each.rows for each in found),
                _worst(found).value,
                _worst(found).threshold,
                _worst(found).column,
            )
            for name, found in by_slice.items()
        ],
        worst_rows=computed.worst_rows,
        notes=notes,
        windows_needed=windows_needed(rule.windows),
    )


def _worst(found: Sequence[Verdict]) -> Verdict:
    return max(found, key=lambda each: each.value if each.value is not None else float("-inf"))


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
    from monitor.domain.reports.report import ReportHistory  # noqa: PLC0415

    ranked = sorted(per_column, key=lambda each: each.value or 0.0, reverse=True)
    names = [each.column for each in ranked[:DRAWN_HISTORIES]] or [None]
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
    return HistoryPoint(past.window.end, found.value, float(found.details.get("margin") or 0.0), state=found.state)


def _quality(rule: Monitor, whole: Sequence[Verdict]) -> ModelQuality | None:
    from monitor.domain.statistics.quality.figures import ModelQuality  # noqa: PLC0415

    found = next((each for each in whole if "figures" in each.details), None)
    if found is None:
        return None
    is_regression = rule.metric in {"mae", "rmse", "r2"}
    return ModelQuality(
        "regression" if is_regression else "classification",
        found.rows,
        found.details["figures"],
        estimated=bool(found.details.get("estimated")),
    )
