"""Rules of the kind model_quality: predictions beside their labels, as far as these are there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from monitor.domain.rules.timing import Window
from monitor.domain.rules.verdicts import Verdict, bounds_of, insufficient, of_figure
from monitor.domain.statistics.judging.quality import judge_figure
from monitor.handlers.rules.opened import open_rows
from monitor.handlers.rules.sources import INFERENCES, LABELLED, RowSources
from shared.contracts.quality.monitors import Monitor
from shared.errors import InvalidInput

if TYPE_CHECKING:
    import pyarrow as pa

    from monitor.domain.statistics.quality.figures import ModelQuality
    from monitor.domain.statistics.quality.model import QualityBuilder
    from monitor.domain.statistics.slices import Slice
    from monitor.handlers.rules.rows import OpenedRows
    from monitor.store.inference_tables.opening import Role

REGRESSION = frozenset({"mae", "rmse", "r2"})
ROW_KEYS = ("request_id", "row_index")
SHOWN_FEATURES = 8
FIGURES = {"auc": ("roc_auc",), **{name: (name, f"{name}_weighted") for name in ("precision", "recall", "f1")}}
"""Metric → the figures that it may be, the first that there is."""


@dataclass(frozen=True)
class ComparedColumns:
    """Columns of the labelled table."""

    label: str
    prediction: str
    score: str | None = None

    @property
    def all(self) -> list[str]:
        """Those that are read."""
        return [name for name in (self.label, self.prediction, self.score) if name is not None]


@dataclass
class LabelRules:
    """Evaluates them."""

    sources: RowSources

    async def evaluate(self, rule: Monitor, window: Window) -> list[Verdict]:
        """The verdicts of a window. Raises what opening tables raises."""
        places = await self.sources.tables(rule.service, LABELLED)
        if not places and rule.metric != "coverage":
            return [insufficient("no inference of the service has a label yet", 0)]
        opened = await open_rows(places)
        if rule.metric == "coverage":
            inferences = await open_rows(await self.sources.tables(rule.service, INFERENCES))
            return await asyncio.to_thread(_coverage, rule, opened, inferences, window)
        return await asyncio.to_thread(_quality, rule, opened, window)


async def worst_rows(sources: RowSources, rule: Monitor, window: Window) -> list[dict[str, Any]]:
    """Rows that the model was most wrong about, with features, the worst first. Raises what opening raises."""
    places = await sources.tables(rule.service, LABELLED)
    return await asyncio.to_thread(_worst_rows, rule, await open_rows(places), window) if places else []


def _worst_rows(rule: Monitor, opened: OpenedRows, window: Window) -> list[dict[str, Any]]:
    from monitor.domain.statistics.quality.worst import WorstRows  # noqa: PLC0415

    columns = compared_columns(rule, opened)
    features = [column.name for column in opened.columns.values() if column.role == "feature"][:SHOWN_FEATURES]
    shown = list(dict.fromkeys((*columns.all, *ROW_KEYS, *features)))
    worst = WorstRows("regression" if rule.metric in REGRESSION else "classification")
    for batch in opened.batches(shown, window):
        if set(columns.all) <= set(batch.schema.names):
            scores = None
            if columns.score is not None and rule.outcome.positive is not None:
                scores = {rule.outcome.positive: batch.column(columns.score)}
            worst.add(batch.column(columns.label), batch.column(columns.prediction), batch, scores)
    return worst.finish()


def _coverage(rule: Monitor, labelled: OpenedRows, inferences: OpenedRows, window: Window) -> list[Verdict]:
    rows = sum(table.count(window) for table in inferences.tables)
    if not rows:
        return [insufficient("there are no rows in the window", 0)]
    known = sum(table.count(window) for table in labelled.tables)
    return [of_figure(judge_figure(rule.metric, known / rows, rows, bounds_of(rule)))]


def compared_columns(rule: Monitor, opened: OpenedRows) -> ComparedColumns:
    """Raises `InvalidInput` where a column is not there, or which one is meant is not clear."""
    asked = rule.outcome
    label = chosen_column(opened, "label", asked.label)
    prediction = chosen_column(opened, "prediction", asked.prediction)
    score = None if asked.score is None else chosen_column(opened, "prediction", asked.score)
    if rule.metric in {"auc", "log_loss"} and (score is None or asked.positive is None):
        raise InvalidInput(f"{rule.metric} needs outcome.score and outcome.positive: which column holds whose share")
    return ComparedColumns(label, prediction, score)


def chosen_column(opened: OpenedRows, role: Role, asked: str | None) -> str:
    """The column that is asked for, or the only one of the role. Raises `InvalidInput`."""
    known = [column for column in opened.columns.values() if column.role == role]
    if asked is None:
        if len(known) == 1:
            return known[0].name
        names = ", ".join(column.name for column in known) or "none"
        raise InvalidInput(f"outcome.{role} is to be named: there are {names}")
    found = next((column.name for column in opened.columns.values() if asked in {column.name, column.original}), None)
    if found is None:
        raise InvalidInput(f"the labelled table has no column {asked}")
    return found


class _Compared:
    """Gives rows to a builder of quality."""

    def __init__(self, builder: QualityBuilder, columns: ComparedColumns, positive: str | None) -> None:
        self._builder, self._columns, self._positive = builder, columns, positive

    def add(self, batch: pa.RecordBatch) -> None:
        """Labels, predictions, and scores of the positive class."""
        columns = self._columns
        scores = None
        if columns.score is not None and self._positive is not None:
            scores = {self._positive: batch.column(columns.score)}
        self._builder.add(batch.column(columns.label), batch.column(columns.prediction), scores)

    def finish(self) -> ModelQuality:
        """Of all rows."""
        return self._builder.finish()


def _quality(rule: Monitor, opened: OpenedRows, window: Window) -> list[Verdict]:
    from monitor.domain.rules.slicing import SliceBy, Sliced  # noqa: PLC0415
    from monitor.domain.statistics.quality.model import QualityBuilder  # noqa: PLC0415

    columns = compared_columns(rule, opened)
    by = SliceBy.of(rule.slice, opened.schema)
    kind: Any = "regression" if rule.metric in REGRESSION else "classification"
    positive = rule.outcome.positive
    sliced: Sliced[_Compared] = Sliced(lambda: _Compared(QualityBuilder(kind, positive), columns, positive), by)
    for batch in opened.batches([*columns.all, *by.columns], window):
        if set(columns.all) <= set(batch.schema.names):
            sliced.add(batch)
    found = [_judged(rule, quality, part) for part, quality in sliced.finish().items()]
    if not found[0].rows:
        return [insufficient("no row of the window has a label", 0)]
    return [replace(each, details={**each.details, "table_versions": dict(opened.versions)}) for each in found]


def _judged(rule: Monitor, quality: ModelQuality, part: Slice) -> Verdict:
    names: Sequence[str] = FIGURES.get(rule.metric, (rule.metric,))
    name = next((each for each in names if each in quality.figures), names[0])
    value = quality.figures.get(name)
    margin = quality.margins.get(name, 0.0)
    verdict = of_figure(judge_figure(rule.metric, value, quality.rows, bounds_of(rule), margin=margin, slice=part))
    return replace(verdict, details={"figures": dict(quality.figures), "margin": margin})
