"""The bus: the routers' calls for masking keys, and their samples of when API keys were used."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from nats.aio.msg import Msg
from pydantic import ValidationError

from controller.domain.registries.secrets import Vault
from controller.handlers.inference_tables.masking_keys import masking_key
from controller.store.access.keys import record_key_use
from shared.bus import Bus
from shared.bus.bulk import consume_batches
from shared.bus.topology import METRICS
from shared.clock import Clock
from shared.contracts.metrics.samples import KeyUsageSample
from shared.contracts.rpc.controller import MASKING_KEY, MaskingKey, MaskingKeyQuery
from shared.database import Database

KEY_USE, SAMPLES = "controller-key-use", 200


def serve_masking_keys(bus: Bus, database: Database, vault: Vault, clock: Clock) -> None:
    """Serve the keys of hashed columns to the routers, whose shippers mask; the bus permits nobody else to call."""

    async def key(query: MaskingKeyQuery) -> MaskingKey:
        return MaskingKey(key=(await masking_key(database, vault, clock, query.name)).hex())

    bus.serve(MASKING_KEY, key)


async def pull_key_use(bus: Bus, database: Database) -> None:
    """Store when API keys were last used, from the routers' samples, until cancelled."""

    async def take(messages: list[Msg]) -> None:
        used = last_uses(message.data for message in messages)
        if used:
            async with database.unit_of_work() as session:
                await record_key_use(session, used)

    await bus.connected()
    await consume_batches(bus.js, METRICS, KEY_USE, SAMPLES, take)


def last_uses(samples: Iterable[bytes]) -> dict[UUID, datetime]:
    """API key → its last use in these samples; what does not parse is left out (the monitor dead-letters it)."""
    latest: dict[UUID, datetime] = {}
    for sample in samples:
        with suppress(ValidationError):
            for key, at in KeyUsageSample.model_validate_json(sample).keys.items():
                latest[key] = max(at, latest.get(key, at))
    return latest
