"""Rules of the kind model_quality whose metric is estimated: how good predictions are before their labels come.

Confidence-based (`statistics.estimates.cbpe`): the model's own probabilities, calibrated on rows of the service that
have a label by now. Needs a column of scores.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from monitor.domain import sentences
from monitor.domain.rules.timing import Window
from monitor.domain.rules.verdicts import Verdict, bounds_of, insufficient, of_figure
from monitor.domain.statistics.judging.quality import judge_figure
from monitor.handlers.rules.kinds.label_rules import FIGURES, chosen_column, unsuitable_columns
from monitor.handlers.rules.opened import open_rows
from monitor.handlers.rules.sources import INFERENCES, LABELLED, RowSources
from monitor.handlers.rules.threads import in_thread
from shared.contracts.quality.monitors import Monitor
from shared.errors import InvalidInput

if TYPE_CHECKING:
    import pyarrow as pa

    from monitor.domain.statistics.estimates.calibration import Calibration
    from monitor.handlers.rules.rows import OpenedRows

PREFIX = "estimated_"
MOST_ROWS = 2_000_000
"""Of a window: three columns of them are held at once."""
CALIBRATED_ON = 50_000
"""Labelled rows that probabilities are calibrated on, at most."""
LEAST_LABELLED = 500
"""With fewer of them the probabilities are taken as they are."""


@dataclass
class EstimatedRules:
    """Evaluates them."""

    sources: RowSources

    async def evaluate(self, rule: Monitor, window: Window) -> list[Verdict]:
        """The verdict of a window. Raises what opening tables raises."""
        places = await self.sources.tables(rule.service, INFERENCES)
        if not places:
            return [insufficient(sentences.NO_TABLE(), 0)]
        inferences = await open_rows(places)
        labelled = await open_rows(await self.sources.tables(rule.service, LABELLED))
        return await in_thread(_judged, rule, inferences, labelled, window)


def _judged(rule: Monitor, inferences: OpenedRows, labelled: OpenedRows, window: Window) -> list[Verdict]:
    from monitor.domain.statistics.estimates.cbpe import estimate_quality  # noqa: PLC0415 - loads NumPy

    positive = rule.outcome.positive
    if rule.outcome.score is None or positive is None:
        raise InvalidInput(sentences.NEEDS_SCORE(metric=rule.metric))
    prediction = chosen_column(inferences, "prediction", rule.outcome.prediction)
    score = chosen_column(inferences, "prediction", rule.outcome.score)
    rows = _columns(inferences, (prediction, score), window, MOST_ROWS)
    if rows is None:
        return [insufficient(sentences.NO_ROWS(), 0)]
    with unsuitable_columns():
        calibration, labels = _calibration(rule, labelled, score)
        found = estimate_quality({positive: rows.column(score)}, rows.column(prediction), calibration, positive)
    metric = rule.metric.removeprefix(PREFIX)
    name = next((each for each in FIGURES.get(metric, (metric,)) if each in found.figures), metric)
    margin = found.margins.get(name, 0.0)
    judged = of_figure(judge_figure(rule.metric, found.figures.get(name), found.rows, bounds_of(rule), margin=margin))
    details = {"figures": dict(found.figures), "margin": margin, "estimated": True, "calibrated_on": labels}
    return [replace(judged, details=details)]


def _columns(rows: OpenedRows, names: tuple[str, ...], window: Window | None, most: int) -> pa.Table | None:
    import pyarrow as pa  # noqa: PLC0415

    batches, count = [], 0
    for opened in rows.tables:
        if not set(names) <= set(opened.schema.names):
            continue
        for batch in opened.batches(names, window):
            batches.append(batch)
            count += batch.num_rows
            if count >= most:
                break
    return pa.Table.from_batches(batches).slice(0, most) if count else None


def _calibration(rule: Monitor, labelled: OpenedRows, score: str) -> tuple[Calibration | None, int]:
    """And on how many labels it is made; None: there are too few."""
    from monitor.domain.statistics.estimates.calibration import fit_calibration  # noqa: PLC0415

    if not labelled.tables or rule.outcome.positive is None:
        return None, 0
    label = chosen_column(labelled, "label", rule.outcome.label)
    rows = _columns(labelled, (label, score), None, CALIBRATED_ON)
    if rows is None or rows.num_rows < LEAST_LABELLED:
        return None, 0
    scores: Any = {rule.outcome.positive: rows.column(score)}
    return fit_calibration(scores, rows.column(label)), rows.num_rows
