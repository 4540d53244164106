"""Door: the bus. The scheduler's facts come in; the scheduler's question about what should run is answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

from nats.aio.msg import Msg
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from controller.domain.secrets import Vault
from controller.handlers.deployments import every_deployment
from controller.handlers.facts import Fact, RoutesChanged, observe
from controller.handlers.metering import note_run
from controller.handlers.registries import Registries
from controller.handlers.rollback import GivenUp, roll_back
from controller.handlers.variables import secret_values
from controller.store.keys import note_key_use
from shared.bus import Bus
from shared.bus.bulk import consume_batches
from shared.clock import Clock
from shared.contracts.base import Contract
from shared.contracts.rpc.controller import (
    DEPLOYMENTS,
    REGISTRY_ACCESS,
    SECRET_VALUES,
    DeploymentList,
    RegistryAccess,
    RegistryQuery,
    SecretsQuery,
    SecretValues,
)
from shared.contracts.samples import KeyUsageSample
from shared.database import Database
from shared.events.base import Event
from shared.events.pod import PodChecked, PodNotReady, PodReady
from shared.events.run import RunEnded, RunFact, RunStarted
from shared.events.version import (
    VersionDrained,
    VersionFailed,
    VersionReady,
    VersionRolloutFailed,
    VersionScaled,
)

DURABLE = "controller-facts"
KEY_USE, SAMPLES = "controller-key-use", 200


def subscribe(bus: Bus, database: Database, clock: Clock, routes_changed: RoutesChanged) -> None:
    """Declare what this service consumes and answers."""

    async def note(event: Event, session: AsyncSession) -> None:
        await observe(session, fact_of(event), clock.now(), routes_changed)

    async def give_up(event: VersionRolloutFailed, session: AsyncSession) -> None:
        await roll_back(session, GivenUp.of_event(event), clock.now(), routes_changed)

    async def meter(event: Event, session: AsyncSession) -> None:
        assert isinstance(event, RunFact)
        await note_run(session, event, clock.now())

    async def deployments(_: Contract) -> DeploymentList:
        async with database.read() as session:
            return await every_deployment(session)

    handlers: dict[type[Event], Callable[[Any, AsyncSession], Awaitable[None]]] = dict.fromkeys(_FACTS, note)
    handlers |= dict.fromkeys((RunStarted, RunEnded), meter)
    handlers[VersionRolloutFailed] = give_up
    bus.consume(DURABLE, handlers)
    bus.serve(DEPLOYMENTS, deployments)


def answer_registry_access(bus: Bus, registries: Registries) -> None:
    """Declare who tells the scheduler where models are and how to be let in; the bus lets nobody else ask."""

    async def access(query: RegistryQuery) -> RegistryAccess:
        return await registries.access_by_name(query.registry)

    bus.serve(REGISTRY_ACCESS, access)


def answer_secret_values(bus: Bus, database: Database, vault: Vault) -> None:
    """Declare who tells the scheduler the values of the secrets in a version's environment variables."""

    async def values(query: SecretsQuery) -> SecretValues:
        return await secret_values(database, vault, query)

    bus.serve(SECRET_VALUES, values)


async def pull_key_use(bus: Bus, database: Database) -> None:
    """Take from the routers' samples when API keys were used, until cancelled."""

    async def take(messages: list[Msg]) -> None:
        used = last_uses(message.data for message in messages)
        if used:
            async with database.unit_of_work() as session:
                await note_key_use(session, used)

    await bus.connected()
    await consume_batches(bus.js, "METRICS", KEY_USE, SAMPLES, take)


def last_uses(samples: Iterable[bytes]) -> dict[UUID, datetime]:
    """API key → its last use in these samples; one that does not parse says nothing here (the monitor buries it)."""
    latest: dict[UUID, datetime] = {}
    for sample in samples:
        with suppress(ValidationError):
            for key, at in KeyUsageSample.model_validate_json(sample).keys.items():
                latest[key] = max(at, latest.get(key, at))
    return latest


def fact_of(event: Event) -> Fact:
    """What an event of the scheduler says of its version."""
    return _FACTS[type(event)](event)


def _ready(event: Event) -> Fact:
    assert isinstance(event, VersionReady)
    return Fact(event.version_id, event.generation, "running", event.ready_replicas, is_whole=True)


def _failed(event: Event) -> Fact:
    assert isinstance(event, VersionFailed)
    return Fact(
        event.version_id,
        event.generation,
        "failed",
        0,
        reason=event.reason,
        message=event.message,
        log_tail=event.log_tail,
    )


def _drained(event: Event) -> Fact:
    assert isinstance(event, VersionDrained)
    return Fact(event.version_id, event.generation, "stopped", 0)


def _pod(event: Event) -> Fact:
    assert isinstance(event, PodReady | PodNotReady | PodChecked)
    counts = (event.ready_replicas, event.desired_replicas)
    if isinstance(event, PodNotReady):
        return Fact(event.version_id, event.generation, None, *counts, event.reason)
    check = event.check.model_dump(mode="json") if event.check else None
    keeps = isinstance(event, PodChecked)
    return Fact(event.version_id, event.generation, None, *counts, check=check, keeps_reason=keeps)


def _scaled(event: Event) -> Fact:
    assert isinstance(event, VersionScaled)
    return Fact(event.version_id, event.generation, None, event.ready_replicas, event.to_replicas)


_FACTS: dict[type[Event], Callable[[Event], Fact]] = {
    VersionReady: _ready,
    VersionFailed: _failed,
    VersionDrained: _drained,
    VersionScaled: _scaled,
    PodReady: _pod,
    PodChecked: _pod,
    PodNotReady: _pod,
}
