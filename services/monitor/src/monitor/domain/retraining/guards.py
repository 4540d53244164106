"""What keeps retraining from running in a loop: one at a time, a cool-down, a day's maximum, enough labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.contracts.retraining import IN_FLIGHT, RetrainingGuards, RetrainingPhase

DAY = timedelta(hours=24)
COVERAGE_SPAN = timedelta(days=7)
"""How far back labels are counted."""


@dataclass(frozen=True)
class PastRetraining:
    """One of the same service, whatever its trigger was."""

    state: RetrainingPhase
    requested_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True)
class Refusal:
    """Why it does not run: a word for machines, a sentence for people."""

    reason: str
    message: str


def refusal_by_history(
    guards: RetrainingGuards, past: Sequence[PastRetraining], now: datetime, *, is_forced: bool = False
) -> Refusal | None:
    """Whether what ran before forbids another one; `is_forced` leaves only that one runs at a time."""
    if any(each.state in IN_FLIGHT for each in past):
        return Refusal("InFlight", "another retraining of the service has not ended yet")
    if is_forced:
        return None
    counted = [each for each in past if each.state != "refused"]
    free_at = max((each.ended_at + guards.cool_down for each in counted if each.ended_at), default=now)
    if free_at > now:
        return Refusal(
            "CoolDown", f"the last one has just ended: the cool-down lasts until {free_at:%Y-%m-%d %H:%M} UTC"
        )
    today = sum(each.requested_at > now - DAY for each in counted)
    if today >= guards.max_per_day:
        return Refusal(
            "DayMaximum", f"{today} were asked for in the last 24 hours, and {guards.max_per_day} are allowed"
        )
    return None


def refusal_by_coverage(guards: RetrainingGuards, share: float) -> Refusal | None:
    """Whether too few rows have labels to learn anything from. `share`: 0 to 1."""
    least = guards.min_label_coverage
    if least is None or share >= least:
        return None
    return Refusal(
        "LowLabelCoverage", f"{share:.1%} of the last week's rows have a label, and {least:.1%} are needed at least"
    )
