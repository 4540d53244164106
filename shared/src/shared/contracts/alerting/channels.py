"""Channels: where notifications of alerts go. What a channel takes is in `channel_options`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.base import Contract

ChannelKind = Literal[
    "wecom", "dingtalk", "feishu", "lark", "slack", "pagerduty", "alertmanager", "webhook", "smtp", "event"
]
Language = Literal["en", "zh"]


class ChannelDefinition(Contract):
    """Where notifications go, as the controller defines it; without credentials."""

    id: UUID
    project: str | None = None
    name: str
    kind: ChannelKind
    revision: int = 1
    language: Language = "en"
    time_zone: str = Field(default="UTC", description="IANA name of the zone that times are written in.")
    options: dict[str, Any] = Field(default_factory=dict, description="What `channel_options.options_of` accepts.")
    secret: str | None = Field(default=None, description="Name of the secret with its credentials; None: none needed.")
    is_paused: bool = False


@dataclass(frozen=True)
class ChannelLimits:
    """How a channel of one kind may be used; deliveries keep to it."""

    per_minute: int
    """Messages a minute, a little under what the vendor takes."""
    burst: int
    """Messages that may be sent at once."""
    takes_digests: bool = True
    """Whether one message may hold several alerts; where not, each alert is a delivery of its own."""
    resend_every_s: float | None = None
    """A firing alert is sent again this often, since the receiver takes silence for an end; None: it is not."""


LIMITS: dict[ChannelKind, ChannelLimits] = {
    "wecom": ChannelLimits(18, 18),
    "dingtalk": ChannelLimits(18, 18),
    "feishu": ChannelLimits(90, 4),
    "lark": ChannelLimits(90, 4),
    "slack": ChannelLimits(50, 1),
    "pagerduty": ChannelLimits(100, 20, takes_digests=False),
    "alertmanager": ChannelLimits(600, 60, resend_every_s=60.0),
    "webhook": ChannelLimits(120, 20),
    "smtp": ChannelLimits(20, 5),
    "event": ChannelLimits(6000, 600),
}
"""WeCom and DingTalk take 20 a minute and robot, Feishu 100 a minute and 5 a second, Slack about one a second."""
