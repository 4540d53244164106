"""What a delivery holds: the alert as it was then, as JSON that a notification is made of later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from monitor.domain.alerts.alert import RANK, Alert
from monitor.domain.notifications.notification import AlertStatus, Notification, NotifiedAlert
from monitor.store.tables import DeliveryRow
from shared.contracts.alerting import ChannelDefinition

MOST_FACTS = 12
LONGEST_FACT = 300
_STATUS_RANK: Mapping[str, int] = {"firing": 0, "acknowledged": 1, "resolved": 2}


def content_of(alert: Alert, status: AlertStatus, console_url: str | None) -> dict[str, Any]:
    """As JSON; times in ISO 8601."""
    link = None if console_url is None else f"{console_url.rstrip('/')}/#/alerts/{alert.id}"
    told = NotifiedAlert(
        id=str(alert.id),
        fingerprint=alert.fingerprint,
        service=alert.service,
        monitor=alert.monitor,
        kind=alert.kind,
        status=status,
        severity=alert.severity,
        summary=alert.summary,
        started_at=alert.opened_at,
        labels=dict(alert.labels),
        facts=dict(facts_of(alert.evidence)),
        ended_at=alert.resolved_at,
        link=link,
        acknowledged_by=alert.acknowledged_by,
    )
    times = {"started_at": told.started_at.isoformat(), "ended_at": told.ended_at and told.ended_at.isoformat()}
    return asdict(told) | times


def facts_of(evidence: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """What of the evidence fits into a message: plain values, and lists of few, in their order."""
    shown = 0
    for name, value in evidence.items():
        if isinstance(value, list | tuple) and len(value) <= 4:
            text = " – ".join(str(item) for item in value)
        elif isinstance(value, float):
            text = f"{value:.6g}"
        elif isinstance(value, str | int):
            text = str(value)
        else:
            continue
        yield name, text if len(text) <= LONGEST_FACT else text[: LONGEST_FACT - 1] + "…"
        shown += 1
        if shown == MOST_FACTS:
            return


def notification_of(channel: ChannelDefinition, rows: Sequence[DeliveryRow], console_url: str | None) -> Notification:
    """The message of these deliveries: each alert once, as it was last, the most urgent first."""
    newest = {row.alert_id: row for row in rows}
    alerts = sorted(
        (read_content(row.content) for row in newest.values()),
        key=lambda alert: (_STATUS_RANK[alert.status], -RANK[alert.severity], alert.started_at, alert.id),
    )
    link = None if console_url is None else f"{console_url.rstrip('/')}/#/alerts"
    return Notification(channel.project or "", tuple(alerts), channel.language, link)


def read_content(content: Mapping[str, Any]) -> NotifiedAlert:
    """The alert of a delivery."""
    ended = content["ended_at"]
    times = {
        "started_at": datetime.fromisoformat(content["started_at"]),
        "ended_at": None if ended is None else datetime.fromisoformat(ended),
    }
    return NotifiedAlert(**{**content, **times})
