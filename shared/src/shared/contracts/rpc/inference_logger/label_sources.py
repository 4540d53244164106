"""RPC methods of the inference logger: label sources."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from shared.contracts.base import Contract
from shared.contracts.inference_tables.label_sources import (
    LabelRunList,
    LabelSourceQuery,
    LabelSourceState,
    LabelSourceStates,
)
from shared.contracts.rpc.method import RpcMethod


class LabelSourcesOfService(Contract):
    """A service."""

    service: str


class LabelRunsQuery(Contract):
    """Runs of one source."""

    id: UUID
    limit: int = Field(default=20, ge=1, le=50)


LABEL_SOURCE_STATES = RpcMethod("inference-logger", "label_source_states", LabelSourcesOfService, LabelSourceStates)
LABEL_SOURCE_RUNS = RpcMethod("inference-logger", "label_source_runs", LabelRunsQuery, LabelRunList)
RUN_LABEL_SOURCE = RpcMethod("inference-logger", "run_label_source", LabelSourceQuery, LabelSourceState)
