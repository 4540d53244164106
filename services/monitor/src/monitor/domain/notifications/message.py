"""All that is known when one attempt is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from monitor.domain.notifications.markup import link_of
from monitor.domain.notifications.notification import Attempt, Notification
from monitor.domain.notifications.wording import Escape, Wording
from shared.contracts.alerting.channel_options import options_of
from shared.contracts.alerting.channels import ChannelDefinition


@dataclass(frozen=True)
class Message:
    """A notification on its way to one channel."""

    channel: ChannelDefinition
    credentials: Mapping[str, str] = field(repr=False)
    notification: Notification
    attempt: Attempt

    @cached_property
    def options(self) -> Any:
        """The options of the channel's kind; raises `InvalidInput`."""
        return options_of(self.channel.kind, self.channel.options)

    def wording(self, escape: Escape) -> Wording:
        """Its texts, escaped for the receiver."""
        return Wording(self.notification, self.channel.time_zone, escape)

    @property
    def is_digest(self) -> bool:
        """Whether it tells of several alerts."""
        return len(self.notification.alerts) > 1

    def link(self) -> str | None:
        """Where a person reads on."""
        return link_of(self.notification.link) or link_of(self.notification.alerts[0].link)
