"""A notification as what one channel takes, and the answer to it as an outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from monitor.domain.credentials import without_credentials
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
    return Outcome(outcome.state, without_credentials(outcome.reason, credentials), outcome.after_s)
