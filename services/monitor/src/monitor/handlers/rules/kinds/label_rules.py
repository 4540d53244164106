"""Rules of the kind model_quality: predictions beside their labels, as far as these are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from monitor.domain import sentences
from monitor.domain.rules.timing import Window
from monitor.domain.rules.verdicts import Verdict, bounds_of, insufficient, of_figure
from monitor.domain.statistics.judging.quality import judge_figure
from monitor.handlers.rules.opened import open_rows
from monitor.handlers.rules.sources import INFERENCES, LABELLED, RowSources
from monitor.handlers.rules.threads import in_thread
from shared.contracts.quality.monitors import Monitor
from shared.errors import InvalidInput

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from monitor.domain.statistics.columns import Role
    from monitor.domain.statistics.quality.figures import ModelQuality, ProblemKind
    from monitor.domain.statistics.quality.model import QualityBuilder
    from monitor.domain.statistics.slices import Slice
    from monitor.handlers.rules.rows import OpenedRows

REGRESSION = frozenset({"mae", "rmse", "r2"})
ROW_KEYS = ("request_id", "row_index")
TIMES = ("request_time", "label_received_at")
SHOWN_FEATURES = 8
SHOWN_CLASSES = 5
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

    def scores(self, batch: pa.RecordBatch, positive: str | None) -> dict[str, pa.Array] | None:
        """Probabilities of the positive class, where there are such."""
        if self.score is None or positive is None:
            return None
        return {positive: batch.column(self.score)}


@dataclass
class LabelRules:
    """Evaluates them."""

    sources: RowSources

    async def evaluate(self, rule: Monitor, window: Window) -> list[Verdict]:
        """The verdicts of a window. Raises what opening tables raises."""
        places = await self.sources.tables(rule.service, LABELLED)
        if not places and rule.metric != "coverage":
            return [insufficient(sentences.NO_LABEL_YET(), 0)]
        labelled = await open_rows(places)
        inferences = await open_rows(await self.sources.tables(rule.service, INFERENCES))
        judge = _coverage if rule.metric == "coverage" else _quality
        return await in_thread(judge, rule, labelled, inferences, window)


@dataclass(frozen=True)
class LabelledWindow:
    """Quality of a window in full, and the rows that the model was most wrong about, the worst first."""

    quality: ModelQuality
    worst_rows: Sequence[Mapping[str, object]]


async def read_labelled(sources: RowSources, rule: Monitor, window: Window) -> LabelledWindow | None:
    """None: no row of the service has a label. Raises what opening tables raises."""
    places = await sources.tables(rule.service, LABELLED)
    return await in_thread(_labelled_window, rule, await open_rows(places), window) if places else None


def _labelled_window(rule: Monitor, opened: OpenedRows, window: Window) -> LabelledWindow:
    from monitor.domain.statistics.quality.model import QualityBuilder  # noqa: PLC0415
    from monitor.domain.statistics.quality.worst import WorstRows  # noqa: PLC0415

    columns, positive, kind = compared_columns(rule, opened), rule.outcome.positive, problem_of(rule)
    features = [column.name for column in opened.columns.values() if column.role == "feature"][:SHOWN_FEATURES]
    shown = list(dict.fromkeys((*columns.all, *ROW_KEYS, *features)))
    worst, compared = WorstRows(kind), _Compared(QualityBuilder(kind, positive), columns, positive)
    with unsuitable_columns():
        for batch in opened.batches(shown, window):
            if set(columns.all) <= set(batch.schema.names):
                scores = columns.scores(batch, positive)
                worst.add(batch.column(columns.label), batch.column(columns.prediction), batch, scores)
                compared.add(batch)
    return LabelledWindow(compared.finish(), worst.finish())


def problem_of(rule: Monitor) -> ProblemKind:
    """What the model solves, by the metric that is asked for."""
    return "regression" if rule.metric in REGRESSION else "classification"


def _coverage(rule: Monitor, labelled: OpenedRows, inferences: OpenedRows, window: Window) -> list[Verdict]:
    from monitor.domain.statistics.quality.coverage import LabelAges  # noqa: PLC0415

    ages = LabelAges()
    for batch in labelled.batches(TIMES, window):
        ages.add(_delays(batch))
    found = ages.finish(inferences.count(window))
    if not found.predicted:
        return [insufficient(sentences.NO_ROWS(), 0)]
    verdict = of_figure(judge_figure(rule.metric, found.share, found.predicted, bounds_of(rule)))
    return [replace(verdict, details={"coverage": asdict(found)})]


def _delays(batch: pa.RecordBatch) -> npt.NDArray[np.float64]:
    """Seconds from requests to labels."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    requested, received = (batch.column(name).cast(pa.timestamp("us", "UTC")).cast(pa.int64()) for name in TIMES)
    delays: npt.NDArray[np.float64] = pc.divide(pc.subtract(received, requested).cast(pa.float64()), 1e6).to_numpy(
        zero_copy_only=False
    )
    return delays


@contextmanager
def unsuitable_columns() -> Iterator[None]:
    """Columns that hold no classes, numbers or probabilities are the rule's error, and no other try helps."""
    try:
        yield
    except ValueError as error:
        raise InvalidInput(str(error)) from error


def compared_columns(rule: Monitor, opened: OpenedRows) -> ComparedColumns:
    """Raises `InvalidInput` where a column is not there, or which one is meant is not clear."""
    asked = rule.outcome
    label = chosen_column(opened, "label", asked.label)
    prediction = chosen_column(opened, "prediction", asked.prediction)
    score = None if asked.score is None else chosen_column(opened, "prediction", asked.score)
    if rule.metric in {"auc", "log_loss"} and (score is None or asked.positive is None):
        raise InvalidInput(sentences.NEEDS_SCORE(metric=rule.metric))
    return ComparedColumns(label, prediction, score)


def chosen_column(opened: OpenedRows, role: Role, asked: str | None) -> str:
    """The column that is asked for, or the only one of the role. Raises `InvalidInput`."""
    known = [column for column in opened.columns.values() if column.role == role]
    if asked is None:
        if len(known) == 1:
            return known[0].name
        names = ", ".join(column.name for column in known) or "none"
        raise InvalidInput(sentences.UNCLEAR_COLUMN(role=role, names=names))
    found = next((column.name for column in opened.columns.values() if asked in {column.name, column.original}), None)
    if found is None:
        raise InvalidInput(sentences.NO_SUCH_LABEL_COLUMN(column=asked))
    return found


class _Compared:
    """Gives rows to a builder of quality."""

    def __init__(self, builder: QualityBuilder, columns: ComparedColumns, positive: str | None) -> None:
        self._builder, self._columns, self._positive = builder, columns, positive

    def add(self, batch: pa.RecordBatch) -> None:
        """Labels, predictions, and scores of the positive class."""
        columns = self._columns
        scores = columns.scores(batch, self._positive)
        self._builder.add(batch.column(columns.label), batch.column(columns.prediction), scores)

    def finish(self) -> ModelQuality:
        """Of all rows."""
        return self._builder.finish()


def _quality(rule: Monitor, opened: OpenedRows, inferences: OpenedRows, window: Window) -> list[Verdict]:
    from monitor.domain.rules.slicing import SliceBy, Sliced  # noqa: PLC0415
    from monitor.domain.statistics.quality.coverage import LabelAges  # noqa: PLC0415
    from monitor.domain.statistics.quality.model import QualityBuilder  # noqa: PLC0415

    columns = compared_columns(rule, opened)
    by = SliceBy.of(rule.slice, opened.schema)
    kind, positive = problem_of(rule), rule.outcome.positive
    sliced: Sliced[_Compared] = Sliced(lambda: _Compared(QualityBuilder(kind, positive), columns, positive), by)
    ages = LabelAges()
    with unsuitable_columns():
        for batch in opened.batches([*columns.all, *by.columns, *TIMES], window):
            ages.add(_delays(batch))
            if set(columns.all) <= set(batch.schema.names):
                sliced.add(batch)
    finished = sliced.finish()
    whole = next(iter(finished.values()))
    found = [_judged(rule, quality, part) for part, quality in finished.items()]
    _check_classes(whole)
    if not found[0].rows:
        return [insufficient(sentences.NO_LABEL_HERE(), 0)]
    details = {"table_versions": dict(opened.versions), "coverage": asdict(ages.finish(inferences.count(window)))}
    return [replace(each, details={**each.details, **details}) for each in found]


def _check_classes(quality: ModelQuality) -> None:
    """Raise `InvalidInput` where labels are words and predictions numbers, or the other way round, and no row is right:
    an accuracy of 0 would say something of the model.
    """
    said, true = {said for said, _, _ in quality.confusion}, {true for _, true, _ in quality.confusion}
    kinds = [{_is_number(each) for each in side} for side in (said, true)]
    if kinds in ([{True}, {False}], [{False}, {True}]):
        labels, predictions = (", ".join(sorted(side)[:SHOWN_CLASSES]) for side in (true, said))
        raise InvalidInput(sentences.OTHER_CLASSES(labels=labels, predictions=predictions))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _judged(rule: Monitor, quality: ModelQuality, part: Slice) -> Verdict:
    names: Sequence[str] = FIGURES.get(rule.metric, (rule.metric,))
    name = next((each for each in names if each in quality.figures), names[0])
    value = quality.figures.get(name)
    margin = quality.margins.get(name, 0.0)
    verdict = of_figure(judge_figure(rule.metric, value, quality.rows, bounds_of(rule), margin=margin, slice=part))
    return replace(verdict, details={"figures": dict(quality.figures), "margin": margin})
