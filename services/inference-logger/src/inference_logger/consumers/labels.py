"""The bus: calls about ground truth."""

from __future__ import annotations

from inference_logger.handlers.labels.coverage import label_coverage
from inference_logger.handlers.labels.intake import LabelIntake
from shared.bus import Bus
from shared.contracts.rpc.inference_logger_labels import (
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


def serve_labels(bus: Bus, intake: LabelIntake, process: str) -> None:
    """Take labels, and say how many inferences have some. `process`: what this one is called among several."""
    ownership = intake.stores.ownership

    async def receive(upload: LabelUpload) -> LabelReceipt:
        owner = ownership.other_owner(upload.service)
        if owner is None:
            return await receive_own(upload)
        taken: LabelReceipt = await bus.call(receive_labels_of(owner), upload, timeout=TAKEN_WITHIN_S)
        return taken

    async def receive_own(upload: LabelUpload) -> LabelReceipt:
        if not ownership.owns(upload.service):
            raise Unavailable("the inference-loggers share the tables anew; try again", retry_after_s=1)
        return await intake.receive(upload)

    async def coverage(query: LabelCoverageQuery) -> LabelCoverage:
        return await label_coverage(intake.stores, query)

    bus.serve(RECEIVE_LABELS, receive)
    if ownership.is_one_of_several:
        bus.serve(receive_labels_of(process), receive_own)
    bus.serve(LABEL_COVERAGE, coverage)
