"""RPC methods of the inference logger: ground truth."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from shared.contracts.base import Contract
from shared.contracts.chunks import ChunkStream
from shared.contracts.rpc.method import RpcMethod

MAX_REJECTIONS = 1000
"""Rejected items that an answer lists."""

LabelFormat = Literal["json", "csv", "parquet", "ground_truth"]


class LabelUpload(Contract):
    """Labels of a service, to be fetched from whoever offers them; taken whole or not at all."""

    service: str
    body: ChunkStream
    format: LabelFormat
    key_column: str | None = Field(default=None, description="The column of features that `key` is a value of.")
    upload_id: str | None = Field(default=None, description="The same upload gets the same answer, for a day.")


class RejectedLabel(Contract):
    """An item of an upload that was not taken; `row` counts from 0."""

    row: int
    reason: str


class LabelReceipt(Contract):
    """What became of an upload: `received` is the sum of `joined`, `waiting` and `rejected_rows`."""

    received: int
    joined: int = Field(description="Labels whose inference is recorded.")
    waiting: int = Field(description="Labels that wait for theirs.")
    rejected: tuple[RejectedLabel, ...] = Field(
        default=(), description=f"The first {MAX_REJECTIONS} that were not taken."
    )
    rejected_rows: int = 0
    changed: int = Field(default=0, description="Labels that were not known: new ones, and revisions of others.")
    corrected: int = Field(default=0, description="Those of them that are revisions.")


class LabelCoverageQuery(Contract):
    """How many inferences of a time have labels, in steps of so many seconds."""

    service: str
    from_time: datetime
    to_time: datetime
    step: int = Field(ge=60)


class CoverageStep(Contract):
    """Inferences whose request came between `start` and the next step."""

    start: datetime
    predicted: int = Field(description="Inferences without an error.")
    labelled: int = Field(description="Those of them that have a label.")
    share: float
    delay_p50_s: float | None = Field(default=None, description="From the request to the label's receipt, median.")
    delay_p90_s: float | None = Field(default=None, description="90 % of the labels that there are came within.")


class LabelCoverage(Contract):
    """Steps with inferences, oldest first, and all of them together."""

    items: tuple[CoverageStep, ...]
    predicted: int
    labelled: int
    share: float
    delay_p50_s: float | None = None
    delay_p90_s: float | None = None


RECEIVE_LABELS = RpcMethod("inference-logger", "receive_labels", LabelUpload, LabelReceipt)
"""Any inference-logger takes them, and hands them to the one that owns the service's tables."""
LABEL_COVERAGE = RpcMethod("inference-logger", "label_coverage", LabelCoverageQuery, LabelCoverage)


def receive_labels_of(process: str) -> RpcMethod:
    """The same at one of several inference-loggers, by the name of its process."""
    return RpcMethod("inference-logger", f"{RECEIVE_LABELS.name}.{process}", LabelUpload, LabelReceipt)
