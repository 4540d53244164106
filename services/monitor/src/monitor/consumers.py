"""Door: the bus. Facts one by one through the inbox; samples and log lines in batches; questions."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from nats.aio.msg import Msg
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from monitor import handlers
from monitor.domain.events import WORDINGS
from shared import events
from shared.bus import Bus
from shared.bus.bulk import consume_batches, wait_until_consumed
from shared.bus.consumers.dead_letters import dead_letter
from shared.clock import Clock
from shared.contracts.base import Contract
from shared.contracts.rpc.monitor import (
    EVENTS,
    LOGS,
    METRICS,
    EventPage,
    EventsQuery,
    LogPage,
    LogsQuery,
    MetricsQuery,
    SeriesList,
)
from shared.contracts.samples import PodOutput, TrafficSample, UsageSample
from shared.database import Database

log = logging.getLogger(__name__)

BATCH = 500
OUTPUT_DURABLE = "monitor-logs"
SETTLED_WITHIN_S = 2.0
Shape = TypeVar("Shape", bound=Contract)


def subscribe(bus: Bus, database: Database, clock: Clock) -> None:
    """Declare what the monitor consumes and answers."""

    async def fact(event: Any, session: AsyncSession) -> None:
        await handlers.take_fact(session, event, clock.now())

    async def metrics(query: MetricsQuery) -> SeriesList:
        async with database.read() as session:
            return await handlers.chart(session, query)

    async def logs(query: LogsQuery) -> LogPage:
        if query.is_settled:
            await wait_until_consumed(bus.js, "LOGS", OUTPUT_DURABLE, SETTLED_WITHIN_S)
        async with database.read() as session:
            return await handlers.search_logs(session, query)

    async def event_list(query: EventsQuery) -> EventPage:
        async with database.read() as session:
            return await handlers.list_events(session, query)

    bus.consume("monitor-events", dict.fromkeys((*WORDINGS, events.PodNoted), fact))
    bus.serve(METRICS, metrics)
    bus.serve(LOGS, logs)
    bus.serve(EVENTS, event_list)


async def pull_samples(bus: Bus, database: Database) -> None:
    """Take `METRICS` in until cancelled."""

    async def take(messages: list[Msg]) -> None:
        good = await _parsed(bus, "monitor-metrics", messages, (TrafficSample, UsageSample))
        traffic = [sample for sample in good if isinstance(sample, TrafficSample)]
        usage = [sample for sample in good if isinstance(sample, UsageSample)]
        async with database.unit_of_work() as session:
            await handlers.take_samples(session, traffic, usage)

    await bus.connected()
    await consume_batches(bus.js, "METRICS", "monitor-metrics", BATCH, take)


async def pull_output(bus: Bus, database: Database) -> None:
    """Take `LOGS` in until cancelled."""

    async def take(messages: list[Msg]) -> None:
        good = await _parsed(bus, OUTPUT_DURABLE, messages, (PodOutput,))
        async with database.unit_of_work() as session:
            await handlers.take_output(session, [output for output in good if isinstance(output, PodOutput)])

    await bus.connected()
    await consume_batches(bus.js, "LOGS", OUTPUT_DURABLE, BATCH, take)


async def _parsed(bus: Bus, durable: str, messages: Iterable[Msg], shapes: Sequence[type[Contract]]) -> list[Contract]:
    """The messages that fit one of `shapes`; the others go to the dead letters and hold nobody up."""
    good: list[Contract] = []
    for message in messages:
        try:
            good.append(_first_fit(message.data, shapes))
        except ValueError as error:
            await dead_letter(bus.js, durable, message, str(error))
    return good


def _first_fit(body: bytes, shapes: Sequence[type[Contract]]) -> Contract:
    reason: ValidationError | None = None
    for shape in shapes:
        try:
            found = shape.model_validate_json(body)
        except ValidationError as error:
            reason = error
        else:
            return found
    raise ValueError(str(reason))
