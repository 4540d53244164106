"""RPC methods of retraining: triggers at the controller, runs at the monitor, jobs at the scheduler."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from shared.contracts.base import Contract
from shared.contracts.jobs import JobOrder, JobQuery, JobState
from shared.contracts.retraining import (
    AwaitedModelList,
    RetrainedModel,
    Retraining,
    RetrainingAccess,
    RetrainingPage,
    RetrainingTrigger,
    RetrainingTriggerList,
    RetrainingTriggerQuery,
)
from shared.contracts.rpc.method import Nothing, RpcMethod


class RetrainOrder(Contract):
    """A retraining by hand; `id` names it, so that asking again starts nothing anew."""

    id: UUID
    trigger: RetrainingTrigger
    requested_by: str
    note: str | None = None
    force: bool = Field(default=False, description="Whatever the guards say, save that one runs at a time.")


class RetrainingsQuery(Contract):
    """Retrainings of a service."""

    service_id: UUID
    trigger_id: UUID | None = None
    limit: int = Field(default=100, ge=1, le=1000)
    cursor: str | None = None


class RetrainingQuery(Contract):
    """One retraining of a service."""

    service_id: UUID
    id: UUID


class RetrainingResult(Contract):
    """A registered version that a retraining made."""

    id: UUID
    model: RetrainedModel


RETRAINING_TRIGGERS = RpcMethod("controller", "retraining_triggers", Nothing, RetrainingTriggerList)
RETRAINING_ACCESS = RpcMethod("controller", "retraining_access", RetrainingTriggerQuery, RetrainingAccess)
RETRAIN = RpcMethod("monitor", "retrain", RetrainOrder, Retraining)
RETRAININGS = RpcMethod("monitor", "retrainings", RetrainingsQuery, RetrainingPage)
RETRAINING = RpcMethod("monitor", "retraining", RetrainingQuery, Retraining)
CANCEL_RETRAINING = RpcMethod("monitor", "cancel_retraining", RetrainingQuery, Retraining)
AWAITED_MODELS = RpcMethod("monitor", "awaited_models", Nothing, AwaitedModelList)
RETRAINING_RESULT = RpcMethod("monitor", "retraining_result", RetrainingResult, Nothing)
RUN_JOB = RpcMethod("scheduler", "run_job", JobOrder, JobState)
JOB = RpcMethod("scheduler", "job", JobQuery, JobState)
CANCEL_JOB = RpcMethod("scheduler", "cancel_job", JobQuery, JobState)
