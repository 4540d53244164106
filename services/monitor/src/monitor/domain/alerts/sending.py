"""When a channel sends what: its token bucket, digests when its queue grows, back-off when it refuses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar
from uuid import UUID

from shared.contracts.alerting.channels import ChannelLimits

DIRECT = 3
"""Up to so many waiting deliveries are sent one by one; beyond, they are merged."""
MOST_IN_DIGEST = 50
FIRST_RETRY_S = 5.0
LONGEST_RETRY_S = 600.0
ROUNDING = 1e-5
"""Of a token: times are whole microseconds, so that a bucket is never quite as full as was reckoned."""
EXPIRES_AFTER = timedelta(hours=24)
"""A delivery that nobody accepted for so long is given up."""


@dataclass(frozen=True)
class TokenBucket:
    """Messages that may be sent at once as of `at`; it fills up by `per_minute`, to `burst` at most."""

    tokens: float
    at: datetime

    def refilled(self, limits: ChannelLimits, now: datetime) -> TokenBucket:
        """As of `now`; a clock that was set back adds nothing."""
        passed = max((now - self.at).total_seconds(), 0.0)
        return TokenBucket(min(self.tokens + passed * limits.per_minute / 60.0, float(limits.burst)), now)


def take_token(bucket: TokenBucket, limits: ChannelLimits, now: datetime) -> tuple[TokenBucket, datetime | None]:
    """The bucket with one token less; or as it is, and when there will be one."""
    full = bucket.refilled(limits, now)
    if full.tokens >= 1.0 - ROUNDING:
        return TokenBucket(max(full.tokens - 1.0, 0.0), now), None
    return full, now + timedelta(seconds=(1.0 - full.tokens) * 60.0 / limits.per_minute)


class Queued(Protocol):
    """A delivery that waits. `message_id`: of the message that it was put into, which a retry repeats as it was."""

    @property
    def id(self) -> UUID: ...  # noqa: D102
    @property
    def message_id(self) -> UUID | None: ...  # noqa: D102


Q = TypeVar("Q", bound=Queued)


def next_message(waiting: Sequence[Q], limits: ChannelLimits) -> list[Q]:
    """The deliveries of the next message, oldest first.

    A message that was begun comes first, exactly as it was: its receiver may have it, and knows it by its id.
    """
    if not waiting:
        return []
    begun = next((each.message_id for each in waiting if each.message_id is not None), None)
    if begun is not None:
        return [each for each in waiting if each.message_id == begun]
    if len(waiting) <= DIRECT or not limits.takes_digests:
        return [waiting[0]]
    return list(waiting[:MOST_IN_DIGEST])


def retry_at(message: UUID, attempts: int, asked_s: float | None, now: datetime) -> datetime:
    """5 s, doubled each time, to 10 minutes, and up to a quarter more, so that many do not come at the same moment.

    A receiver that asks for longer gets it. The jitter is made of the message's id: nothing is drawn here.
    """
    wait = min(FIRST_RETRY_S * 2.0 ** min(max(attempts - 1, 0), 16), LONGEST_RETRY_S)
    spread = (message.int >> (attempts % 32)) % 1000 / 4000.0
    return now + timedelta(seconds=max(wait * (1.0 + spread), asked_s or 0.0))
