"""The loop that follows the controller's definitions, routes what is due, and has each channel send on its own.

A channel that hangs, refuses or has died keeps nobody else waiting: each has a task of its own, one message at a time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from monitor.domain.notifications.notification import Attempt, Notification, Outcome
from monitor.handlers.alerts.definitions import ROUTED_TOGETHER, route_due, take_definitions
from monitor.handlers.alerts.deliveries import Claim, claim_message, is_due, record_outcome
from monitor.handlers.alerts.metrics import AlertMetrics
from monitor.store.alerts.alerts import count_open, has_due
from monitor.store.alerts.definitions import channel_states, known_revision, load_definitions
from monitor.store.alerts.deliveries import waiting_channels
from monitor.store.tables import ChannelStateRow
from shared.clock import Clock
from shared.contracts.alerting.alerts import AlertingDefinitions, RoutedChannel
from shared.contracts.alerting.channels import ChannelDefinition
from shared.database import Database
from shared.errors import NotFound, PenstockError, describe_error

log = logging.getLogger(__name__)

TICK_S = 0.5
LIST_EVERY_S = 5.0
LIST_AGAIN_S = 2.0
"""After the controller did not answer."""
SHOW_EVERY_S = 5.0
REST_S = 60.0


class AlertingCalls(Protocol):
    """What the controller is asked."""

    async def definitions(self, known: str | None) -> AlertingDefinitions:
        """All that is defined; marked as unchanged where it is what was known. Raises `PenstockError`."""
        ...

    async def credentials(self, channel: UUID) -> Mapping[str, str]:
        """What the secret of a channel holds. Raises `PenstockError`."""
        ...


class Sender(Protocol):
    """Sends notifications; see `clients.channels.sender`."""

    async def send(
        self, channel: ChannelDefinition, credentials: Mapping[str, str], notification: Notification, attempt: Attempt
    ) -> Outcome:
        """One attempt."""
        ...


@dataclass
class DeliveryLoop:
    """Alerts are routed and their deliveries sent, until cancelled."""

    database: Database
    calls: AlertingCalls
    sender: Sender
    clock: Clock
    metrics: AlertMetrics
    _sending: dict[UUID, asyncio.Task[None]] = field(default_factory=dict)
    _resting: dict[UUID, float] = field(default_factory=dict)
    _listed_at: float | None = None
    _shown_at: float | None = None
    _listing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def run(self) -> None:
        """Until cancelled; what the database or the controller cannot do now is done with the next tick."""
        try:
            while True:
                try:
                    await self.step()
                except (PenstockError, IntegrityError) as error:
                    log.info("alerts are not delivered now: %s", describe_error(error))
                await self.clock.sleep(TICK_S)
        finally:
            for task in self._sending.values():
                task.cancel()
            await asyncio.gather(*self._sending.values(), return_exceptions=True)

    async def step(self) -> None:
        """One look: definitions, routing, channels that have something to send, metrics."""
        try:
            await self.refresh(LIST_EVERY_S)
        except PenstockError as error:
            log.debug("definitions of alerting are not known now: %s", error.message)
        now = self.clock.now()
        async with self.database.read() as session:
            is_any_due = await has_due(session, now)
        routed = ROUTED_TOGETHER if is_any_due else 0
        while routed == ROUTED_TOGETHER:
            async with self.database.unit_of_work() as session:
                routed = await route_due(session, now)
        await self._start_channels(now)

    async def refresh(self, older_than_s: float = 0.0) -> None:
        """Ask what is defined, where the last answer is older. Raises `PenstockError`."""
        async with self._listing:
            monotonic = self.clock.monotonic()
            if self._listed_at is not None and monotonic - self._listed_at < older_than_s:
                return
            self._listed_at = monotonic - LIST_EVERY_S + LIST_AGAIN_S
            async with self.database.read() as session:
                known = await known_revision(session)
            answer = await self.calls.definitions(known)
            self._listed_at = monotonic
            if not answer.is_unchanged:
                async with self.database.unit_of_work() as session:
                    await take_definitions(session, answer, self.clock.now())

    async def _start_channels(self, now: datetime) -> None:
        async with self.database.read() as session:
            definitions = await load_definitions(session)
            waiting = await waiting_channels(session)
            states = await channel_states(session)
            await self._show(session, definitions, waiting, states)
        self._sending = {channel: task for channel, task in self._sending.items() if not task.done()}
        for routed in () if definitions is None else definitions.channels:
            channel = routed.channel.id
            if channel not in waiting or channel in self._sending:
                continue
            if self._resting.get(channel, 0.0) > self.clock.monotonic():
                continue
            if is_due(routed, states.get(channel), waiting[channel][1], now):
                drain = self._drain(routed, definitions.console_url if definitions is not None else None)
                self._sending[channel] = asyncio.create_task(drain, name=f"alert channel {routed.channel.name}")

    async def _drain(self, routed: RoutedChannel, console_url: str | None) -> None:
        """Send what waits for one channel, until it may not or need not."""
        while True:
            try:
                async with self.database.unit_of_work() as session:
                    claim = await claim_message(session, routed, console_url, self.clock.now())
                if not isinstance(claim, Claim):
                    return
                outcome = await self._send(routed.channel, claim)
                self.metrics.count_attempt(routed.channel.name, outcome.state)
                async with self.database.unit_of_work() as session:
                    await record_outcome(session, routed, claim.attempt, outcome, self.clock.now())
            except (PenstockError, IntegrityError) as error:
                log.info("channel %s waits: %s", routed.channel.name, describe_error(error))
                return
            except Exception:  # a defect that one channel meets must not end the others, nor come twice a second
                log.exception("channel %s waits", routed.channel.name)
                self._resting[routed.channel.id] = self.clock.monotonic() + REST_S
                return

    async def _send(self, channel: ChannelDefinition, claim: Claim) -> Outcome:
        try:
            credentials = await self.calls.credentials(channel.id) if channel.secret is not None else {}
        except NotFound as error:
            return Outcome.channel_dead(error.message)
        except PenstockError as error:
            return Outcome.retry(f"its credentials are not known now: {error.message}")
        try:
            return await self.sender.send(channel, credentials, claim.notification, claim.attempt)
        except Exception as error:  # a defect of one kind of channel must not end the others
            log.exception("channel %s", channel.name)
            return Outcome.retry(f"it could not be sent: {type(error).__name__}")

    async def _show(
        self,
        session: AsyncSession,
        definitions: AlertingDefinitions | None,
        waiting: Mapping[UUID, tuple[int, datetime]],
        states: Mapping[UUID, ChannelStateRow],
    ) -> None:
        monotonic = self.clock.monotonic()
        if self._shown_at is not None and monotonic - self._shown_at < SHOW_EVERY_S:
            return
        self._shown_at = monotonic
        names = {} if definitions is None else {each.channel.id: each.channel.name for each in definitions.channels}
        self.metrics.show(
            await count_open(session),
            {names.get(channel, str(channel)): found for channel, found in waiting.items()},
            {names[channel]: row.state == "dead" for channel, row in states.items() if channel in names},
            self.clock.now(),
        )
