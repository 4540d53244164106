"""The bus: calls about ground truth."""

from __future__ import annotations

from inference_logger.handlers.labels.coverage import label_coverage
from inference_logger.handlers.labels.intake import LabelIntake
from inference_logger.handlers.sources.schedule import LabelSources
from shared.bus import Bus
from shared.contracts.inference_tables.label_sources import (
    LabelRunList,
    LabelSourceQuery,
    LabelSourceState,
    LabelSourceStates,
)
from shared.contracts.rpc.inference_logger.label_sources import (
    LABEL_SOURCE_RUNS,
    LABEL_SOURCE_STATES,
    RUN_LABEL_SOURCE,
    LabelRunsQuery,
    LabelSourcesOfService,
)
from shared.contracts.rpc.inference_logger.labels import (
    LABEL_COVERAGE,
    RECEIVE_LABELS,
    LabelCoverage,
    LabelCoverageQuery,
    LabelReceipt,
    LabelUpload,
    receive_labels_of,
)
from shared.errors import Unavailable

TAKEN_WITHIN_S = 290.0
"""By another replica; whoever asks this one waits for a little longer."""


def serve_labels(bus: Bus, intake: LabelIntake) -> None:
    """Take labels, and say how many inferences have some."""

    async def receive(upload: LabelUpload) -> LabelReceipt:
        owner = intake.stores.ownership.other_owner(upload.service)
        if owner is None:
            return await intake.receive(upload)
        taken: LabelReceipt = await bus.call(receive_labels_of(owner), upload, timeout=TAKEN_WITHIN_S)
        return taken

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


def serve_handed_labels(bus: Bus, intake: LabelIntake, process: str) -> None:
    """Take labels that another of several inference-loggers was given; `process`: what this one is called."""

    async def receive(upload: LabelUpload) -> LabelReceipt:
        if not intake.stores.ownership.owns(upload.service):
            raise Unavailable("the inference-loggers share the tables anew; try again", retry_after_s=1)
        return await intake.receive(upload)

    bus.serve(receive_labels_of(process), receive)
