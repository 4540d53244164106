"""Standard Webhooks 1.0 (github.com/standard-webhooks/standard-webhooks), and Alertmanager's body, signed alike.

`webhook-id` and the body are the same in each attempt, so that a receiver knows what it has; the timestamp is that of
the attempt. Accepted is 2xx alone; 410 means that the receiver wants nothing any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from monitor.domain.notifications.answers import redirected, retry_after
from monitor.domain.notifications.fitting import most_that_fits, plain
from monitor.domain.notifications.message import Message
from monitor.domain.notifications.notification import NotifiedAlert, Outcome
from monitor.domain.notifications.request import Answer, HttpRequest, as_json
from monitor.domain.notifications.vendors.access import authorization
from monitor.domain.notifications.vendors.prometheus import webhook_body
from monitor.domain.notifications.vendors.signing import webhook_headers

BODY_BYTES = 20_000
LONGEST_TEXT = 1024
MOST_PAIRS = 16
_REFUSED = frozenset({400, 413, 415, 422})
"""What a receiver says of the message itself; other 4xx are about who we are or where we go, which may be put right."""


def requests(message: Message) -> tuple[HttpRequest, ...]:
    """One message. Raises `ValueError` for a secret that is none."""
    body = webhook_body(message) if message.options.format == "alertmanager" else _body(message)
    secrets = [message.credentials[name] for name in ("secret", "previous_secret") if message.credentials.get(name)]
    signature = webhook_headers(secrets, message.attempt.id, message.attempt.at, body) if secrets else {}
    headers = {"content-type": "application/json", **signature, **authorization(message.credentials)}
    return (HttpRequest(message.options.url, body, headers),)


def classify(answer: Answer, at: datetime) -> Outcome:
    """By the status; bodies are not read."""
    if 200 <= answer.status < 300:
        return Outcome.sent()
    if answer.status == 410:
        return Outcome.channel_dead("HTTP 410: the receiver wants no more messages")
    if answer.status in _REFUSED:
        return Outcome.rejected(f"HTTP {answer.status}: the message is not taken")
    return redirected(answer) or Outcome.retry(f"HTTP {answer.status}", retry_after(answer, at))


def _body(message: Message) -> bytes:
    notification = message.notification
    alerts = notification.alerts
    happened = max(alert.ended_at or alert.started_at for alert in alerts)
    kind = "test" if notification.is_test else "digest" if message.is_digest else alerts[0].status

    def build(count: int, pairs: int = MOST_PAIRS) -> bytes:
        data = {
            "project": notification.project,
            "channel": message.channel.name,
            "alerts": [_alert(alert, pairs) for alert in alerts[:count]],
            "omitted": len(alerts) - count,
        }
        return as_json({"type": f"alert.{kind}", "timestamp": _time(happened), "data": data})

    if len(build(1)) > BODY_BYTES:  # rather without some labels than without the alert
        return most_that_fits(lambda pairs: build(1, pairs), MOST_PAIRS, len, BODY_BYTES)
    return most_that_fits(build, len(alerts), len, BODY_BYTES)


def _alert(alert: NotifiedAlert, pairs: int) -> dict[str, Any]:
    return {
        "id": alert.id,
        "fingerprint": alert.fingerprint,
        "service": alert.service,
        "monitor": alert.monitor,
        "kind": alert.kind,
        "status": alert.status,
        "severity": alert.severity,
        "summary": plain(alert.summary, LONGEST_TEXT),
        "labels": _pairs(alert.labels, pairs),
        "facts": _pairs(alert.facts, pairs),
        "started_at": _time(alert.started_at),
        "ended_at": _time(alert.ended_at) if alert.ended_at else None,
        "acknowledged_by": alert.acknowledged_by,
        "link": alert.link,
    }


def _pairs(texts: Mapping[str, str], most: int) -> dict[str, str]:
    return {plain(name, 64): plain(text, 200) for name, text in list(texts.items())[:most]}


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
