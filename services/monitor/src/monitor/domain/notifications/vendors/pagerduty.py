"""PagerDuty's Events API v2 (developer.pagerduty.com, "Send an Alert Event").

One event for one alert: it opens, acknowledges or resolves the incident that `dedup_key` names, so that a repeated
event changes nothing. 202 is the only yes; 400 is never sent again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from monitor.domain.notifications.answers import busy, quote, redirected, unknown, with_quote
from monitor.domain.notifications.fitting import most_that_fits, plain
from monitor.domain.notifications.markup import link_of
from monitor.domain.notifications.message import Message
from monitor.domain.notifications.notification import AlertStatus, NotifiedAlert, Outcome
from monitor.domain.notifications.request import Answer, HttpRequest, as_json, json_request

DEDUP_KEY = 255
SUMMARY = 1024
BODY_BYTES = 512 * 1024
LONGEST_DETAIL = 1024
MOST_DETAILS = 64
_ACTIONS: Mapping[AlertStatus, str] = {"firing": "trigger", "acknowledged": "acknowledge", "resolved": "resolve"}


def requests(message: Message) -> tuple[HttpRequest, ...]:
    """An event for each alert; a test opens and resolves."""
    events = [_event(message, alert, _ACTIONS[alert.status]) for alert in message.notification.alerts]
    if message.notification.is_test:
        events += [_event(message, alert, "resolve") for alert in message.notification.alerts]
    return tuple(events)


def classify(answer: Answer, at: datetime) -> Outcome:
    """By the status."""
    if answer.status == 202:
        return Outcome.sent()
    fields = answer.fields()
    errors = fields.get("errors")
    said = quote("; ".join(map(str, errors)) if isinstance(errors, list) and errors else fields.get("message"))
    if answer.status == 400:
        if "routing_key" in said or "routing key" in said.lower():
            return Outcome.channel_dead(with_quote("the integration key is not valid", said))
        return Outcome.rejected(with_quote("the event is not taken", said))
    if answer.status == 413:
        return Outcome.rejected("the event is too large")
    return busy(answer, at, "PagerDuty") or redirected(answer) or unknown(answer)


def dedup_key(alert: NotifiedAlert) -> str:
    """The same for all that is told of one alert."""
    key = f"penstock/{alert.fingerprint}"
    if len(key) <= DEDUP_KEY:
        return key
    return f"penstock/{hashlib.sha256(key.encode(errors='replace')).hexdigest()}"


def _event(message: Message, alert: NotifiedAlert, action: str) -> HttpRequest:
    event: dict[str, Any] = {
        "routing_key": message.credentials["routing_key"],
        "event_action": action,
        "dedup_key": dedup_key(alert),
    }
    if action == "trigger":
        event |= {"client": "Penstock", "payload": _payload(message, alert)}
        if link := link_of(alert.link):
            event |= {"client_url": link, "links": [{"href": link, "text": "Penstock"}]}

    details = list(_details(alert).items()) if action == "trigger" else []

    def build(count: int) -> bytes:
        return as_json(event | {"payload": event["payload"] | {"custom_details": dict(details[:count])}})

    body = most_that_fits(build, len(details), len, BODY_BYTES) if action == "trigger" else as_json(event)
    return HttpRequest(message.options.url, body, json_request("", None).headers)


def _payload(message: Message, alert: NotifiedAlert) -> dict[str, Any]:
    name = " / ".join(part for part in (alert.service, alert.monitor) if part)
    test = "[test] " if message.notification.is_test else ""
    return {
        "summary": plain(f"{test}{name}: {alert.summary}", SUMMARY),
        "source": plain(alert.service, 255) or "penstock",
        "severity": alert.severity,
        "timestamp": alert.started_at.isoformat(),
        "component": plain(alert.monitor, 255),
        "group": plain(message.notification.project, 255) or "penstock",
        "class": plain(alert.kind, 255),
    }


def _details(alert: NotifiedAlert) -> dict[str, str]:
    named = [*alert.facts.items(), *((f"label {name}", text) for name, text in alert.labels.items())]
    return {plain(name, 128): plain(text, LONGEST_DETAIL) for name, text in named[:MOST_DETAILS]}
