"""How many inferences have labels by now, and how late these came."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from inference_logger.handlers.labels.places import find_label_tables, labelled_of, place_of
from inference_logger.handlers.stores import Stores
from inference_logger.store.labels.coverage import CoverageCounts, count_coverage
from shared.contracts.rpc.inference_logger.labels import CoverageStep, LabelCoverage, LabelCoverageQuery
from shared.errors import InvalidInput

MOST_STEPS = 10_000


async def label_coverage(stores: Stores, query: LabelCoverageQuery) -> LabelCoverage:
    """By the time of the request. Raises `InvalidInput` for too many steps."""
    if (query.to_time - query.from_time) / timedelta(seconds=query.step) > MOST_STEPS:
        raise InvalidInput(f"more than {MOST_STEPS} steps; ask for a longer one")
    tables = await find_label_tables(stores, query.service)
    pairs = [(await place_of(stores, key), await place_of(stores, labelled_of(key))) for key in tables.inferences]
    counts = await asyncio.to_thread(count_coverage, pairs, query.from_time, query.to_time, query.step)
    steps = tuple(_step(counts, number, query.step) for number in sorted(counts.predicted))
    predicted, labelled = counts.predicted.total(), counts.labelled.total()
    half, most = counts.percentiles()
    return LabelCoverage(
        items=steps,
        predicted=predicted,
        labelled=labelled,
        share=labelled / predicted if predicted else 0.0,
        delay_p50_s=half,
        delay_p90_s=most,
    )


def _step(counts: CoverageCounts, number: int, step_s: int) -> CoverageStep:
    predicted, labelled = counts.predicted[number], counts.labelled[number]
    half, most = counts.percentiles(number)
    start = datetime.fromtimestamp(number * step_s, UTC)
    return CoverageStep(
        start=start,
        predicted=predicted,
        labelled=labelled,
        share=labelled / predicted,
        delay_p50_s=half,
        delay_p90_s=most,
    )
