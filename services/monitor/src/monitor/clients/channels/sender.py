"""Sends notifications. Never raises for what a receiver does or a channel lacks: that is the outcome."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import replace

import httpx

from monitor.clients.channels.http import HttpPoster
from monitor.clients.channels.smtp import send_mail
from monitor.domain.notifications.message import Message
from monitor.domain.notifications.notification import Attempt, Notification, Outcome
from monitor.domain.notifications.rendering import HTTP, scrubbed
from monitor.domain.notifications.vendors.mail import mail
from shared.contracts.alerting.channel_credentials import check_credentials
from shared.contracts.alerting.channels import ChannelDefinition
from shared.errors import InvalidInput, UpstreamFailed
from shared.security.addresses import AddressRule

SETTING = "MONITOR_ALLOWED_CHANNELS"
"""Where an operator allows addresses that are not public."""
TIMEOUT_S = 15.0
"""Standard Webhooks asks senders to wait 15 to 30 s."""


class ChannelSender:
    """Sends to every kind of channel; one for the whole service, made by the composition root.

    `rule`: hosts and networks that may be connected to although they are not public. `tls`: whom to trust; default the
    usual authorities, or those of SSL_CERT_FILE.
    """

    def __init__(self, rule: AddressRule, *, timeout_s: float = TIMEOUT_S, tls: ssl.SSLContext | None = None) -> None:
        self._rule = rule = replace(rule, setting=SETTING)
        self._timeout_s = timeout_s
        self._tls = tls or httpx.create_ssl_context()
        self._poster = HttpPoster(rule, self._tls, timeout_s)

    async def send(
        self, channel: ChannelDefinition, credentials: Mapping[str, str], notification: Notification, attempt: Attempt
    ) -> Outcome:
        """One attempt, which takes `timeout_s` at most."""
        if channel.kind == "event":  # what happens to alerts is published on the bus anyway
            return Outcome.sent()
        try:
            check_credentials(channel.kind, channel.options, credentials)
            message = Message(channel, credentials, notification, attempt)
            outcome = await (self._mail(message) if channel.kind == "smtp" else self._post(message))
        except InvalidInput as wrong:
            outcome = Outcome.channel_dead(wrong.message)
        except ValueError:  # of what was written; another message may be fine
            outcome = Outcome.rejected("the message cannot be written for this receiver")
        return scrubbed(outcome, credentials)

    async def close(self) -> None:
        """Close connections."""
        await self._poster.close()

    async def _post(self, message: Message) -> Outcome:
        """Every request of the message, until one is not accepted: sent again, they change nothing."""
        render, classify = HTTP[message.channel.kind]
        outcome = Outcome.rejected("nothing to send")
        try:
            async with asyncio.timeout(self._timeout_s):
                for request in render(message):
                    outcome = classify(await self._poster.post(request), message.attempt.at)
                    if outcome.state != "sent":
                        break
        except TimeoutError:
            return Outcome.retry("there was no answer in time")
        except UpstreamFailed as failure:
            return Outcome.retry(failure.message)
        return outcome

    async def _mail(self, message: Message) -> Outcome:
        return await send_mail(
            mail(message),
            message.options,
            message.credentials.get("password"),
            rule=self._rule,
            tls=self._tls,
            timeout_s=self._timeout_s,
        )
