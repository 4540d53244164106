"""The plan of a canary: its steps, what must have been seen before each, and what it is judged by.

Every duration is an ISO-8601 duration (`PT10M`) or a number of seconds.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field, StrictBool, model_validator

from controller.domain.commands import STRICT, Command, ShortText, VersionName
from shared.contracts.canaries import ALPHA, Guardrail, GuardrailKind, HardStop
from shared.errors import Detail, InvalidInput

LONGEST = timedelta(days=30)
"""The monitor keeps minutes of traffic so long."""

Span = Annotated[timedelta, Field(ge=timedelta(0), le=LONGEST)]
Step = Annotated[int, Field(strict=True, ge=1, le=99)]
Count = Annotated[int, Field(strict=True, ge=0, le=100_000_000)]
Margin = Annotated[float, Field(ge=0, le=1)]
Ratio = Annotated[float, Field(ge=1, le=100)]

_MARGINS: dict[GuardrailKind, tuple[float, float]] = {
    "errors": (0.002, 1.1),
    "client_errors": (0.01, 1.1),
    "latency_p95": (0.0, 1.1),
    "latency_p99": (0.0, 1.1),
    "quality": (0.01, 1.1),
}
"""Kind → margin and ratio where the plan names none."""


class GuardrailRule(Command):
    """One figure that the canary must not make worse."""

    kind: GuardrailKind = Field(description=Guardrail.model_fields["kind"].description)
    margin: Margin | None = Field(
        default=None,
        description="What the share may grow by: 0.002 is 0.2 points. None: 0.002 for errors, 0.01 for client_errors "
        "and quality. Latency has none.",
    )
    ratio: Ratio | None = Field(
        default=None, description="How many times the stable version's figure it may be; the larger of both holds."
    )
    required: StrictBool | None = Field(
        default=None,
        description="Whether the canary waits until enough was counted for it. None: true, but for quality.",
    )

    def contract(self) -> Guardrail:
        """With its defaults."""
        margin, ratio = _MARGINS[self.kind]
        return Guardrail(
            kind=self.kind,
            margin=margin if self.margin is None else self.margin,
            ratio=ratio if self.ratio is None else self.ratio,
            is_required=self.kind != "quality" if self.required is None else self.required,
        )


class HardStopRule(HardStop):
    """`HardStop` as a body: unknown fields are refused."""

    model_config = STRICT


class PreflightRule(Command):
    """Recorded requests are asked of the candidate's pods before it gets any traffic; nothing of that is recorded."""

    requests: Annotated[int, Field(strict=True, ge=1, le=2000)] = Field(
        default=200, description="The newest ones that the stable version answered."
    )
    max_age: Span = Field(default=timedelta(days=7), description="Older ones are not replayed.")
    time_limit: Annotated[timedelta, Field(ge=timedelta(seconds=1), le=timedelta(hours=1))] = Field(
        default=timedelta(minutes=5), description="What was not asked by then is left out."
    )
    max_errors: Margin = Field(
        default=0.01, description="Share that may fail of the requests that the stable version answered."
    )
    max_changed: Margin | None = Field(
        default=None, description="Share of rows whose prediction may be another; null: as many as there are."
    )
    tolerance: Annotated[float, Field(ge=0, le=1)] = Field(
        default=1e-6, description="Numbers that differ by no more than this, relatively, are the same."
    )
    max_latency_ratio: Annotated[float, Field(ge=1, le=1000)] | None = Field(
        default=None, description="How many times the recorded median latency it may take; null: any."
    )
    slice: ShortText | None = Field(default=None, description="An input column: differences by each of its values.")


class CanaryPlan(Command):
    """How a canary goes, and what it is judged by."""

    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=20)] = Field(
        default=(5, 25, 50), description="The canary's shares of the traffic, per cent, growing; then it is promoted."
    )
    guardrails: Annotated[tuple[GuardrailRule, ...], Field(max_length=5)] = Field(
        default=tuple(
            GuardrailRule(kind=kind) for kind in ("errors", "client_errors", "latency_p95", "latency_p99", "quality")
        ),
        description="Figures that it must not make worse; one of each kind.",
    )
    alpha: Annotated[float, Field(ge=1e-6, le=0.2)] = Field(
        default=ALPHA, description="Chance that a canary without a difference is rolled back, over all guardrails."
    )
    hard_stop: HardStopRule | None = Field(
        default=HardStopRule(), description="Rolls back without waiting for a test; null: nothing does."
    )
    preflight: PreflightRule | None = Field(
        default=PreflightRule(), description="Replay of recorded requests before it gets any traffic; null: none."
    )
    step_requests: Count = Field(default=300, description="Canary requests before the next step.")
    step_duration: Span = Field(default=timedelta(minutes=10), description="Shortest time of a step.")
    min_requests: Count = Field(default=1000, description="Canary requests before it is promoted.")
    min_duration: Span = Field(default=timedelta(minutes=30), description="Shortest time until it is promoted.")
    time_limit: Span = Field(
        default=timedelta(hours=24), description="Longest time; then it is held at its weight for somebody to decide."
    )
    waiting_limit: Span = Field(
        default=timedelta(hours=24), description="Longest time until it can start; then it is aborted."
    )
    warm_up: Span = Field(default=timedelta(seconds=30), description="Not counted, after the first step begins.")
    baseline_window: Span = Field(
        default=timedelta(hours=1),
        description="The stable version's percentiles are taken from so long before the first step.",
    )
    baseline_requests: Annotated[int, Field(strict=True, ge=20)] = Field(
        default=200, description="Its requests that percentiles take; with fewer, they are taken as soon as they came."
    )
    stop_previous_after: Span | None = Field(
        default=timedelta(hours=1),
        description="Once it is promoted, the version before runs on for so long without traffic; null: until stopped.",
    )
    stop_when_rolled_back: StrictBool = Field(default=True, description="Whether a canary that is rolled back stops.")

    @model_validator(mode="after")
    def _growing_and_single(self) -> CanaryPlan:
        if list(self.steps) != sorted(set(self.steps)):
            raise InvalidInput("steps must grow", (Detail(("steps",), "must grow"),))
        kinds = [rule.kind for rule in self.guardrails]
        if len(set(kinds)) != len(kinds):
            raise InvalidInput("guardrails: one of each kind", (Detail(("guardrails",), "a kind stands twice"),))
        return self


class NewCanary(CanaryPlan):
    """A version that is to take over step by step, as long as it is no worse."""

    version: VersionName = Field(description="The version; it is started where it does not run.")
