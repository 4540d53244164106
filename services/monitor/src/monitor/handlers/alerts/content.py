"""What a delivery holds: the alert as it was then, as JSON that a notification is made of later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import islice
from typing import Any

from monitor.domain.alerts.alert import RANK, Alert
from monitor.domain.notifications.notification import AlertStatus, Notification, NotifiedAlert
from monitor.store.tables import DeliveryRow
from shared.contracts.alerting.channels import ChannelDefinition

MOST_FACTS = 12
MOST_COLUMNS = 4
API = "/api/v1/"
"""Begins a path of this platform's, such as that of a report."""
NAMES = {"columns": "column"}
"""Names of evidence → those that messages have words for."""
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
        facts=dict(facts_of(alert.evidence, console_url)),
        ended_at=alert.resolved_at,
        link=link,
        acknowledged_by=alert.acknowledged_by,
    )
    times = {"started_at": told.started_at.isoformat(), "ended_at": told.ended_at and told.ended_at.isoformat()}
    return asdict(told) | times


def facts_of(evidence: Mapping[str, Any], console_url: str | None = None) -> Iterable[tuple[str, str]]:
    """What of the evidence fits into a message, in its order: plain values, windows, the first columns of a rule."""
    found = ((name, _text(value, console_url)) for name, value in evidence.items())
    said = ((NAMES.get(name, name), text) for name, text in found if text)
    for name, text in islice(said, MOST_FACTS):
        yield name, text if len(text) <= LONGEST_FACT else text[: LONGEST_FACT - 1] + "…"


def _text(value: Any, console_url: str | None) -> str:
    """As a person reads it; empty for what is too much for a message."""
    if isinstance(value, str):
        return f"{console_url.rstrip('/')}{value}" if console_url and value.startswith(API) else value
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Mapping):
        return f"{value['start']} – {value['end']}" if {"start", "end"} <= value.keys() else ""
    if isinstance(value, list | tuple):
        return _list_text(value)
    return ""


def _list_text(values: Sequence[Any]) -> str:
    columns = [each for each in values if isinstance(each, Mapping) and each.get("column")]
    if columns:
        shown = ", ".join(_column_text(each) for each in columns[:MOST_COLUMNS])
        return f"{shown}, …" if len(columns) > MOST_COLUMNS else shown
    is_short = len(values) <= MOST_COLUMNS and all(isinstance(each, str | int | float) for each in values)
    return " – ".join(str(each) for each in values) if is_short else ""


def _column_text(judged: Mapping[str, Any]) -> str:
    """`alcohol (region = north) 0.41 / 0.25`: value and threshold."""
    slice_text = f" ({judged['slice']})" if judged.get("slice") else ""
    figures = [
        f"{each:.4g}" for each in (judged.get("value"), judged.get("threshold")) if isinstance(each, int | float)
    ]
    return f"{judged['column']}{slice_text} {' / '.join(figures)}".rstrip()


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
