"""Alerts as Prometheus' Alertmanager knows them: into its API v2, and in the body of its webhook (version 4).

Sources: prometheus/alertmanager, api/v2/openapi.yaml and the documentation of `<webhook_config>`. An alert's
identity is its set of labels. A firing one ends `KEPT` after the last time it was told, a resolved one in the past.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.domain.notifications.answers import busy, quote, redirected, unknown, with_quote
from monitor.domain.notifications.fitting import most_that_fits, plain
from monitor.domain.notifications.markup import link_of
from monitor.domain.notifications.message import Message
from monitor.domain.notifications.notification import Notification, NotifiedAlert, Outcome
from monitor.domain.notifications.request import Answer, HttpRequest, as_json, json_request
from monitor.domain.notifications.vendors.access import authorization

KEPT = timedelta(minutes=5)
"""Told again every minute: four may be lost."""
PER_REQUEST = 500
WEBHOOK_BYTES = 512 * 1024
LONGEST_TEXT = 1024
MOST_LABELS = 64
_OWN = frozenset({"alertname", "severity", "service", "project"})
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_]")


def requests(message: Message) -> tuple[HttpRequest, ...]:
    """Every alert, a few hundred a request."""
    base = message.options.url.rstrip("/")
    url = base if base.endswith("/api/v2/alerts") else f"{base}/api/v2/alerts"
    alerts = [_posted(message, alert) for alert in message.notification.alerts]
    chunks = (alerts[at : at + PER_REQUEST] for at in range(0, len(alerts), PER_REQUEST))
    return tuple(json_request(url, chunk, authorization(message.credentials)) for chunk in chunks)


def classify(answer: Answer, at: datetime) -> Outcome:
    """By the status; what Alertmanager refuses it refuses again."""
    if answer.status == 200:
        return Outcome.sent()
    said = quote(answer.body[:LONGEST_TEXT].decode(errors="replace").strip('"\n '))
    if answer.status in (400, 422):
        return Outcome.rejected(with_quote("the alert is not taken", said))
    if answer.status in (401, 403):
        return Outcome.retry(f"HTTP {answer.status}: the credentials are not taken")
    return busy(answer, at, "Alertmanager") or redirected(answer) or unknown(answer)


def webhook_body(message: Message) -> bytes:
    """What an Alertmanager would post; alerts that are too many are counted in `truncatedAlerts`."""
    notification = message.notification
    alerts = [_received(message, alert) for alert in notification.alerts]
    common = _common([alert["labels"] for alert in alerts])
    group = {name: common[name] for name in ("alertname", "service") if name in common}
    whole: dict[str, Any] = {
        "version": "4",
        "groupKey": "{}:{" + ", ".join(f'{name}="{value}"' for name, value in group.items()) + "}",
        "status": "firing" if any(alert["status"] == "firing" for alert in alerts) else "resolved",
        "receiver": message.channel.name,
        "groupLabels": group,
        "commonLabels": common,
        "commonAnnotations": _common([alert["annotations"] for alert in alerts]),
        "externalURL": message.link() or "",
    }

    def build(count: int) -> bytes:
        return as_json({**whole, "truncatedAlerts": len(alerts) - count, "alerts": alerts[:count]})

    return most_that_fits(build, len(alerts), len, WEBHOOK_BYTES)


def labels_of(notification: Notification, alert: NotifiedAlert, added: Mapping[str, str]) -> dict[str, str]:
    """Under names that Prometheus has; a label that is named as one of ours gets `label_` in front."""
    labels = {
        "alertname": plain(alert.monitor, LONGEST_TEXT),
        "severity": alert.severity,
        "service": plain(alert.service, LONGEST_TEXT),
        "project": plain(notification.project, LONGEST_TEXT),
    }
    labels = {name: text for name, text in labels.items() if text}
    for name, text in _named(alert.labels):
        labels[name if name not in _OWN and name not in labels else f"label_{name}"] = text
    return {**dict(_named(added)), **labels} | ({"test": "true"} if notification.is_test else {})


def _posted(message: Message, alert: NotifiedAlert) -> dict[str, Any]:
    at, is_test = message.attempt.at, message.notification.is_test
    ends = min(alert.ended_at or at, at) if alert.status == "resolved" else at + (timedelta() if is_test else KEPT)
    posted: dict[str, Any] = {
        "labels": labels_of(message.notification, alert, message.options.labels),
        "annotations": _annotations(alert),
        "startsAt": _time(min(alert.started_at, ends)),
        "endsAt": _time(ends),
    }
    link = link_of(alert.link)
    return {**posted, "generatorURL": link} if link else posted


def _received(message: Message, alert: NotifiedAlert) -> dict[str, Any]:
    is_resolved = alert.status == "resolved"
    return {
        "status": "resolved" if is_resolved else "firing",
        "labels": labels_of(message.notification, alert, {}),
        "annotations": _annotations(alert),
        "startsAt": _time(alert.started_at),
        "endsAt": _time(alert.ended_at or alert.started_at) if is_resolved else "0001-01-01T00:00:00Z",
        "generatorURL": link_of(alert.link) or "",
        "fingerprint": alert.fingerprint,
    }


def _annotations(alert: NotifiedAlert) -> dict[str, str]:
    facts = "\n".join(f"{plain(name, 64)}: {plain(text, 200)}" for name, text in alert.facts.items())
    found = {"summary": plain(alert.summary, LONGEST_TEXT), "description": facts, "kind": plain(alert.kind, 64)}
    return {name: text for name, text in found.items() if text}


def _named(texts: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    for name, text in list(texts.items())[:MOST_LABELS]:
        safe = _NOT_IN_A_NAME.sub("_", name)[:128] or "_"
        value = plain(text, LONGEST_TEXT)
        if value:  # an empty label is no label to Prometheus
            yield f"_{safe}" if safe[0].isdigit() else safe, value


def _common(all_of: list[dict[str, str]]) -> dict[str, str]:
    first = all_of[0]
    return {name: text for name, text in first.items() if all(each.get(name) == text for each in all_of)}


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
