"""RPC methods of the monitor: what a canary is compared with, and the verdict on it."""

from __future__ import annotations

from pydantic import AwareDatetime, Field

from shared.contracts.base import Contract
from shared.contracts.canaries import ALPHA, CanaryStage, CanaryVerdict, Guardrail, HardStop, LatencyBaseline
from shared.contracts.rpc.method import RpcMethod


class CanaryBaselineQuery(Contract):
    """The stable version's latency in a span before the canary starts."""

    service: str
    version: str
    from_time: AwareDatetime
    to_time: AwareDatetime
    min_requests: int = Field(ge=1, description="With fewer there is no baseline.")


class CanaryBaseline(Contract):
    """The baseline; null: too few requests were measured."""

    requests: int
    baseline: LatencyBaseline | None = None


class CanaryVerdictQuery(Contract):
    """Everything that a verdict depends on; the same query over the same measurements has the same answer."""

    service: str
    stable: str
    canary: str
    stages: tuple[CanaryStage, ...] = Field(min_length=1, description="In order; the first starts the comparison.")
    warm_up_s: float = Field(default=0.0, ge=0, description="Not counted, at the start of the first stage.")
    guardrails: tuple[Guardrail, ...]
    min_requests: int = Field(ge=1, description="Canary requests before which nothing is promoted.")
    alpha: float = Field(default=ALPHA, gt=0, lt=1)
    hard_stop: HardStop | None = HardStop()
    baseline: LatencyBaseline | None = None


CANARY_BASELINE = RpcMethod("monitor", "canary_baseline", CanaryBaselineQuery, CanaryBaseline)
CANARY_VERDICT = RpcMethod("monitor", "canary_verdict", CanaryVerdictQuery, CanaryVerdict)
