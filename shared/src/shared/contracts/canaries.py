"""A canary as controller and monitor speak of it: guardrails, what is counted, and the verdict on it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime, Field

from shared.contracts.base import Contract

GuardrailKind = Literal["errors", "client_errors", "latency_p95", "latency_p99", "quality"]
Decision = Literal["promote", "roll_back", "hold", "error"]
ALPHA = 0.01
"""The chance that a canary without a difference is rolled back, over all of its guardrails together."""


class Guardrail(Contract):
    """One figure that a canary must not make worse.

    It is non-inferior once the upper end of the interval of the difference lies below `margin`, or below what `ratio`
    allows beyond the stable version's own figure.
    """

    kind: GuardrailKind = Field(
        description="errors: answers 5xx; client_errors: 4xx but 401, 403, 404, 429; latency_p95, latency_p99: "
        "requests slower than the stable version's percentile before the start; quality: wrong predictions of "
        "labelled rows, or their squared error (a version's largest 0.1 % as its 99.9th percentile)."
    )
    margin: float = Field(default=0.0, ge=0, le=1, description="What the share may grow by; 0.002 is 0.2 points.")
    ratio: float = Field(default=1.1, ge=1, le=100, description="How many times the stable version's figure it may be.")
    is_required: bool = Field(
        default=True, description="False: where too little was counted, the version is promoted without it."
    )


class CanaryStage(Contract):
    """From when on the canary had which share of the traffic."""

    from_time: AwareDatetime
    weight: int = Field(ge=0, le=100)


class HardStop(Contract):
    """Rolls back at once, without waiting for a test: this share of 5xx among the last so many canary requests."""

    share: float = Field(default=0.2, gt=0, le=1, description="Share of 5xx among the canary's latest requests.")
    requests: int = Field(default=50, ge=10, le=10_000, description="So many of them at least.")


class LatencyBaseline(Contract):
    """The stable version's percentiles, frozen before requests are compared with them."""

    requests: int
    p95_s: float
    p99_s: float
    frozen_at: AwareDatetime


class GuardrailFigures(Contract):
    """What one guardrail found; null: nothing was counted."""

    kind: GuardrailKind
    state: Literal["harm", "non_inferior", "undecided", "insufficient_data"]
    canary_requests: int = 0
    canary_events: int = 0
    stable_requests: int = 0
    stable_events: int = 0
    canary_value: float | None = Field(default=None, description="Share of events, or mean loss.")
    stable_value: float | None = None
    difference: float | None = Field(default=None, description="canary_value - stable_value.")
    lower: float | None = Field(default=None, description="Ends of the always-valid interval of the difference.")
    upper: float | None = None
    allowed: float | None = Field(default=None, description="`upper` must be below it for a promotion.")
    e_value: float | None = Field(default=None, description="The largest so far; capped at 1e12.")
    rolls_back_at: float | None = Field(default=None, description="The e-value from which on it is rolled back.")
    threshold_s: float | None = Field(default=None, description="Of latency: slower than this is an event.")
    canary_quantile_s: float | None = Field(default=None, description="Of latency: the percentile, as it is now.")
    stable_quantile_s: float | None = None


class SampleRatio(Contract):
    """Whether the canary gets the share that its weight says."""

    expected: float
    observed: float | None
    e_value: float
    is_suspect: bool


class CanaryVerdict(Contract):
    """What the figures say now: promote, roll back, hold, or error where they cannot be judged."""

    decision: Decision
    reason: str
    at: datetime
    canary_requests: int = 0
    stable_requests: int = 0
    requests_of_stage: int = Field(default=0, description="Of the canary, since its last step.")
    sample_ratio: SampleRatio | None = None
    guardrails: tuple[GuardrailFigures, ...] = ()
    counted_until: datetime | None = None
