"""A notification that is sent to try a channel."""

from __future__ import annotations

from datetime import datetime

from monitor.domain.notifications.notification import Notification, NotifiedAlert
from shared.contracts.alerting import ChannelDefinition

_SUMMARY = {
    "en": "This is a test: the channel works. Nothing has to be done.",
    "zh": "这是一条测试消息：通道可用，无需处理。",
}


def trial_notification(channel: ChannelDefinition, at: datetime, link: str | None = None) -> Notification:
    """Of no alert; systems that open something for it close it at once."""
    alert = NotifiedAlert(
        id=f"test-{channel.id}",
        fingerprint=f"test-{channel.id}",
        service="penstock",
        monitor=channel.name,
        kind="test",
        status="firing",
        severity="warning",
        summary=_SUMMARY[channel.language],
        started_at=at,
        labels={"channel": channel.name},
        link=link,
    )
    return Notification(channel.project, (alert,), channel.language, link, is_test=True)
