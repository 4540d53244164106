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
)


def serve_labels(bus: Bus, intake: LabelIntake) -> None:
    """Take labels, and say how many inferences have some."""

    async def receive(upload: LabelUpload) -> LabelReceipt:
        return await intake.receive(upload)

    async def coverage(query: LabelCoverageQuery) -> LabelCoverage:
        return await label_coverage(intake.stores, query)

    bus.serve(RECEIVE_LABELS, receive)
    bus.serve(LABEL_COVERAGE, coverage)
