"""A test message to a channel: what its receiver answers is the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from monitor.domain.notifications.notification import Attempt, Notification, NotifiedAlert, Outcome
from monitor.handlers.alerts.deliveries import note_test
from shared.clock import Clock
from shared.contracts.alerting.alerts import ChannelTest, ChannelTestQuery
from shared.contracts.alerting.channels import LIMITS, ChannelDefinition, Language
from shared.counted import counted
from shared.database import Database
from shared.errors import LimitExceeded, NotFound, PenstockError
from shared.ids import new_id

if TYPE_CHECKING:
    from monitor.handlers.alerts.delivery_loop import AlertingCalls, Sender

_TEXT: Mapping[Language, str] = {
    "en": "This is a test. Alerts of Penstock arrive here.",
    "zh": "这是一条测试消息。Penstock 的告警会发送到这里。",
}
_BY: Mapping[Language, str] = {"en": "sent by", "zh": "发送人"}


@dataclass
class ChannelTester:
    """Sends test messages; they use the channel's tokens, and are delivered once or not at all."""

    database: Database
    calls: AlertingCalls
    sender: Sender
    clock: Clock

    async def test(self, query: ChannelTestQuery) -> ChannelTest:
        """Send one now. Raises `LimitExceeded` while the channel has no token, `Unavailable` without credentials."""
        channel, now = query.routed.channel, self.clock.now()
        async with self.database.unit_of_work() as session:
            free_at = await note_test(session, query.routed, None, now)
        if free_at is not None:
            wait = max((free_at - now).total_seconds(), 1.0)
            limit = LIMITS[channel.kind].per_minute
            raise LimitExceeded(
                f"This channel takes {counted(limit, 'message')} a minute; try again", retry_after_s=wait
            )
        outcome = await self._send(channel, query.by, now)
        async with self.database.unit_of_work() as session:
            await note_test(session, query.routed, outcome, self.clock.now())
        return ChannelTest(state=outcome.state, reason=outcome.reason, retry_after_s=outcome.after_s)

    async def _send(self, channel: ChannelDefinition, by: str, now: datetime) -> Outcome:
        try:
            credentials = await self.calls.credentials(channel.id) if channel.secret is not None else {}
        except NotFound as error:
            return Outcome.channel_dead(error.message)
        except PenstockError as error:
            return Outcome.retry(f"its credentials are not known now: {error.message}")
        identity = new_id()
        alert = NotifiedAlert(
            id=str(identity),
            fingerprint=identity.hex,
            service="",
            monitor="test",
            kind="test",
            status="firing",
            severity="warning",
            summary=_TEXT[channel.language],
            started_at=now,
            facts={_BY[channel.language]: by},
        )
        notification = Notification(channel.project or "", (alert,), channel.language, is_test=True)
        return await self.sender.send(channel, credentials, notification, Attempt(str(identity), now))
