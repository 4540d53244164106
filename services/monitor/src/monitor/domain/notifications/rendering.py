"""A notification as what one channel takes, and the answer to it as an outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from monitor.domain.notifications.message import Message
from monitor.domain.notifications.notification import Outcome
from monitor.domain.notifications.request import Answer, HttpRequest
from monitor.domain.notifications.vendors import dingtalk, feishu, pagerduty, prometheus, slack, webhook, wecom
from shared.contracts.alerting.channels import ChannelKind

Render = Callable[[Message], tuple[HttpRequest, ...]]
Classify = Callable[[Answer, datetime], Outcome]

HTTP: Mapping[ChannelKind, tuple[Render, Classify]] = {
    "wecom": (wecom.requests, wecom.classify),
    "dingtalk": (dingtalk.requests, dingtalk.classify),
    "feishu": (feishu.requests, feishu.classify),
    "lark": (feishu.requests, feishu.classify),
    "slack": (slack.requests, slack.classify),
    "pagerduty": (pagerduty.requests, pagerduty.classify),
    "alertmanager": (prometheus.requests, prometheus.classify),
    "webhook": (webhook.requests, webhook.classify),
}
"""Kinds that are sent by HTTP; `smtp` is `vendors.mail`, `event` needs nothing."""


def scrubbed(outcome: Outcome, credentials: Mapping[str, str]) -> Outcome:
    """Without what a receiver may have repeated of the credentials."""
    reason = outcome.reason
    for value in sorted((value for value in credentials.values() if len(value) >= 4), key=len, reverse=True):
        reason = reason.replace(value, "***")
        for part in value.partition("?")[2].replace("=", "&").split("&"):
            if len(part) >= 8:
                reason = reason.replace(part, "***")
        tail = value.rstrip("/").rpartition("/")[2].partition("?")[0]
        if "://" in value and len(tail) >= 8:
            reason = reason.replace(tail, "***")
    return Outcome(outcome.state, reason, outcome.after_s)
