"""Sends notifications. Never raises for what a receiver does or a channel lacks: that is the outcome."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.domain.notifications.notification import Attempt, Notification, Outcome
from shared.contracts.alerting import ChannelDefinition
from shared.security.addresses import AddressRule


class ChannelSender:
    """Sends to every kind of channel; one for the whole service, made by the composition root."""

    def __init__(self, rule: AddressRule, *, timeout_s: float = 15.0) -> None:
        self._rule = rule
        self._timeout_s = timeout_s

    async def send(
        self, channel: ChannelDefinition, credentials: Mapping[str, str], notification: Notification, attempt: Attempt
    ) -> Outcome:
        """One attempt, which takes `timeout_s` at most."""
        return Outcome.retry("not built yet")

    async def close(self) -> None:
        """Close connections."""
