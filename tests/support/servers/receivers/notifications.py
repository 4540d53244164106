"""Notifications and channels as tests send them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from monitor.domain.notifications.message import Message
from monitor.domain.notifications.notification import Attempt, Notification, NotifiedAlert
from shared.contracts.alerting.channels import ChannelDefinition, ChannelKind

AT = datetime(2026, 11, 27, 10, 40, tzinfo=UTC)


def an_alert(number: int = 0, **changes: Any) -> NotifiedAlert:
    values: dict[str, Any] = {
        "id": f"0198-{number}",
        "fingerprint": f"f00d{number:04}",
        "service": "wine-quality",
        "monitor": "drift-of-features",
        "kind": "drift",
        "status": "firing",
        "severity": "critical",
        "summary": "PSI of alcohol is 0.41, above 0.25, in 2 of 3 windows",
        "started_at": AT - timedelta(minutes=65),
        "labels": {"column": "alcohol", "version": "v2"},
        "facts": {"value": "0.41", "threshold": "0.25", "window": "09:00 to 10:00", "rows": "12840"},
        "link": f"https://penstock.example/alerts/0198-{number}?tab=evidence&at=1",
    }
    return NotifiedAlert(**{**values, **changes})


def a_channel(kind: ChannelKind, /, **changes: Any) -> ChannelDefinition:
    values: dict[str, Any] = {"id": UUID(int=7), "project": "default", "name": "team", "kind": kind, "secret": "theirs"}
    return ChannelDefinition(**{**values, **changes})


def a_notification(*alerts: NotifiedAlert, **changes: Any) -> Notification:
    values: dict[str, Any] = {"project": "default", "link": "https://penstock.example/alerts"}
    return Notification(alerts=alerts or (an_alert(),), **{**values, **changes})


def a_message(
    channel: ChannelDefinition, credentials: dict[str, str], *alerts: NotifiedAlert, **changes: Any
) -> Message:
    notification = a_notification(*alerts, language=channel.language, **changes)
    return Message(channel, credentials, notification, Attempt("0198-delivery", AT))
