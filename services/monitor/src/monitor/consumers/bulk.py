"""The bus: samples and log lines, pulled in batches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nats.aio.msg import Msg
from pydantic import ValidationError

from monitor.handlers import ingest
from shared.bus import Bus
from shared.bus.bulk import consume_batches
from shared.bus.consumers.dead_letters import dead_letter
from shared.bus.topology import LOGS, METRICS
from shared.contracts.base import Contract
from shared.contracts.metrics.samples import PodOutput, TrafficSample, UsageSample
from shared.database import Database

BATCH = 500
OUTPUT_BATCH = 16
"""Messages of output at once: up to 256 KiB of text each, so that a flood takes no more memory than this."""
SAMPLES_DURABLE = "monitor-metrics"
OUTPUT_DURABLE = "monitor-logs"


async def pull_samples(bus: Bus, database: Database) -> None:
    """Take `METRICS` in until cancelled."""

    async def store(messages: list[Msg]) -> None:
        good = await _parse_or_dead_letter(bus, SAMPLES_DURABLE, messages, (TrafficSample, UsageSample))
        traffic = [sample for sample in good if isinstance(sample, TrafficSample)]
        usage = [sample for sample in good if isinstance(sample, UsageSample)]
        async with database.unit_of_work() as session:
            await ingest.store_samples(session, traffic, usage)

    await bus.connected()
    await consume_batches(bus.js, METRICS, SAMPLES_DURABLE, BATCH, store)


async def pull_output(bus: Bus, database: Database) -> None:
    """Take `LOGS` in until cancelled."""

    async def store(messages: list[Msg]) -> None:
        good = await _parse_or_dead_letter(bus, OUTPUT_DURABLE, messages, (PodOutput,))
        async with database.unit_of_work() as session:
            await ingest.store_output(session, [output for output in good if isinstance(output, PodOutput)])

    await bus.connected()
    await consume_batches(bus.js, LOGS, OUTPUT_DURABLE, OUTPUT_BATCH, store)


async def _parse_or_dead_letter(
    bus: Bus, durable: str, messages: Iterable[Msg], shapes: Sequence[type[Contract]]
) -> list[Contract]:
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
