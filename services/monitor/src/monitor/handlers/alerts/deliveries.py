"""Deliveries of one channel: the next message is claimed, sent, and what became of it is noted.

Claiming is committed before anything leaves, with the message's id and what it holds: whoever is killed in between
sends the very same message again, under the same id. Nothing is lost; a receiver that looks at ids sees nothing twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from monitor.domain.alerts.builtin import channel_signal
from monitor.domain.alerts.sending import EXPIRES_AFTER, TokenBucket, next_message, retry_at, take_token
from monitor.domain.notifications.notification import Attempt, Notification, Outcome
from monitor.handlers.alerts.content import notification_of
from monitor.handlers.alerts.observe import observe
from monitor.store.alerts.definitions import channel_state
from monitor.store.alerts.deliveries import end_deliveries, of_message, waiting_of
from monitor.store.tables import ChannelStateRow
from shared.contracts.alerting.alerts import RoutedChannel
from shared.contracts.alerting.channels import LIMITS, ChannelDefinition

LONGEST_OUTCOME = 500


@dataclass(frozen=True)
class Claim:
    """A message that is to be sent now."""

    notification: Notification
    attempt: Attempt


@dataclass(frozen=True)
class Pause:
    """Nothing may be sent before `until`; None: until something changes."""

    until: datetime | None


def definition_of(routed: RoutedChannel) -> str:
    """What a channel's state was found with; another one is tried anew."""
    return f"{routed.channel.revision}.{routed.secret_revision}"


def is_due(routed: RoutedChannel, state: ChannelStateRow | None, oldest: datetime, now: datetime) -> bool:
    """Whether there is anything to do for a channel that something waits for since `oldest`."""
    is_old = oldest < now - EXPIRES_AFTER
    if routed.channel.is_paused:
        return is_old
    if state is None or state.definition != definition_of(routed):
        return True
    if state.state == "dead":
        return is_old
    return state.next_at is None or state.next_at <= now


async def claim_message(
    session: AsyncSession, routed: RoutedChannel, console_url: str | None, now: datetime
) -> Claim | Pause:
    """The next message of a channel, with one attempt and one token more used for it."""
    limits = LIMITS[routed.channel.kind]
    state = await _state_of(session, routed, now)
    if state.state == "dead" or routed.channel.is_paused:
        await _expire(session, routed.channel.id, now)
        return Pause(None)
    if state.next_at is not None and state.next_at > now:
        return Pause(state.next_at)
    await _expire(session, routed.channel.id, now)
    message = next_message(await waiting_of(session, routed.channel.id), limits)
    if not message:
        return Pause(None)
    bucket, free_at = take_token(TokenBucket(state.tokens, state.tokens_at), limits, now)
    state.tokens, state.tokens_at = bucket.tokens, bucket.at
    if free_at is not None:
        state.next_at = free_at
        return Pause(free_at)
    identity = message[0].message_id or message[0].id
    for row in message:
        row.message_id, row.attempts = identity, row.attempts + 1
    number = max(row.attempts for row in message)
    return Claim(notification_of(routed.channel, message, console_url), Attempt(str(identity), now, number))


async def record_outcome(
    session: AsyncSession, routed: RoutedChannel, attempt: Attempt, outcome: Outcome, now: datetime
) -> None:
    """Note what became of an attempt: its deliveries end, or the channel waits, or is dead until it is changed."""
    state = await _state_of(session, routed, now)
    rows = await of_message(session, UUID(attempt.id))
    reason = outcome.reason[:LONGEST_OUTCOME]
    was_dead = state.state == "dead"
    if outcome.state == "sent":
        end_deliveries(rows, "sent", reason or None, now)
        await _set_state(session, routed.channel, state, ("ok", None), now)
        state.last_sent_at, state.next_at = now, None
    elif outcome.state == "rejected":
        end_deliveries(rows, "rejected", reason, now)
        state.next_at = None
        if not was_dead:  # it answers: it is this message that it does not take
            await _set_state(session, routed.channel, state, ("failing", reason), now)
    else:
        for row in rows:
            row.outcome = reason
        state.next_at = retry_at(UUID(attempt.id), attempt.number, outcome.after_s, now)
        is_dead = outcome.state == "channel_dead"
        await _set_state(session, routed.channel, state, ("dead" if is_dead else "failing", reason), now)


async def note_test(
    session: AsyncSession, routed: RoutedChannel, outcome: Outcome | None, now: datetime
) -> datetime | None:
    """Take a token for a test; returns when there is one, else None. With an outcome: a dead channel may live again."""
    state = await _state_of(session, routed, now)
    if outcome is None:
        bucket, free_at = take_token(TokenBucket(state.tokens, state.tokens_at), LIMITS[routed.channel.kind], now)
        state.tokens, state.tokens_at = bucket.tokens, bucket.at
        return free_at
    if outcome.state == "sent":
        state.next_at = None
        await _set_state(session, routed.channel, state, ("ok", None), now)
    elif outcome.state == "channel_dead":
        await _set_state(session, routed.channel, state, ("dead", outcome.reason[:LONGEST_OUTCOME]), now)
    return None


async def _set_state(
    session: AsyncSession,
    channel: ChannelDefinition,
    row: ChannelStateRow,
    found: tuple[str, str | None],
    now: datetime,
) -> None:
    state, reason = found
    before, row.reason = row.state, reason
    if before == state:
        return
    row.state, row.since = state, None if state == "ok" else now
    if state == "dead":
        await observe(session, (channel_signal(channel.name, str(channel.id), "critical", reason or "", now),), now)
    elif state == "ok":
        await observe(session, (channel_signal(channel.name, str(channel.id), "ok", "", now),), now)


async def _state_of(session: AsyncSession, routed: RoutedChannel, now: datetime) -> ChannelStateRow:
    definition = definition_of(routed)
    row = await channel_state(session, routed.channel.id)
    if row is None:
        tokens = float(LIMITS[routed.channel.kind].burst)
        row = ChannelStateRow(
            channel_id=routed.channel.id, definition=definition, state="ok", tokens=tokens, tokens_at=now
        )
        session.add(row)
        await session.flush()
    elif row.definition != definition:  # somebody changed it: what was found out holds no longer
        row.definition, row.next_at = definition, None
        if row.state == "dead":
            row.state, row.reason = "failing", "changed since, and not tried yet"
    return row


async def _expire(session: AsyncSession, channel: UUID, now: datetime) -> None:
    old = [row for row in await waiting_of(session, channel) if row.created_at < now - EXPIRES_AFTER]
    if old:
        end_deliveries(old, "expired", old[0].outcome or "nobody accepted it in time", now)
        await session.flush()
