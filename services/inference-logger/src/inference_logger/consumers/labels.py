"""The bus: calls about ground truth."""

from __future__ import annotations

from inference_logger.handlers.labels.coverage import label_coverage
from inference_logger.handlers.labels.intake import LabelIntake
from inference_logger.handlers.sources.schedule import LabelSources
from shared.bus import Bus
from shared.contracts.label_sources import LabelRunList, LabelSourceQuery, LabelSourceState, LabelSourceStates
from shared.contracts.rpc.inference_logger_labels import (
    LABEL_COVERAGE,
    RECEIVE_LABELS,
    LabelCoverage,
    LabelCoverageQuery,
    LabelReceipt,
    LabelUpload,
)
from shared.contracts.rpc.inference_logger_sources import (
    LABEL_SOURCE_RUNS,
    LABEL_SOURCE_STATES,
    RUN_LABEL_SOURCE,
    LabelRunsQuery,
    LabelSourcesOfService,
)


def serve_labels(bus: Bus, intake: LabelIntake) -> None:
    """Take labels, and say how many inferences have some."""

    async def receive(upload: LabelUpload) -> LabelReceipt:
        return await intake.receive(upload)

    async def coverage(query: LabelCoverageQuery) -> LabelCoverage:
        return await label_coverage(intake.stores, query)

    bus.serve(RECEIVE_LABELS, receive)
    bus.serve(LABEL_COVERAGE, coverage)


def serve_label_sources(bus: Bus, sources: LabelSources) -> None:
    """Say how label sources do, and read one at once."""

    async def states(query: LabelSourcesOfService) -> LabelSourceStates:
        return LabelSourceStates(items=tuple(await sources.states(query.service)))

    async def runs(query: LabelRunsQuery) -> LabelRunList:
        return LabelRunList(items=tuple(await sources.runs(query.id, query.limit)))

    async def run(query: LabelSourceQuery) -> LabelSourceState:
        return await sources.run_now(query.id)

    bus.serve(LABEL_SOURCE_STATES, states)
    bus.serve(LABEL_SOURCE_RUNS, runs)
    bus.serve(RUN_LABEL_SOURCE, run)
