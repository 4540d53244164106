"""Consumers of the bus: the scheduler's events, its RPC calls about intent, the routers' samples of key use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

from nats.aio.msg import Msg
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from controller.domain.registries.secrets import Vault
from controller.handlers.alerting.channels import channel_credentials
from controller.handlers.alerting.definitions import alerting_definitions
from controller.handlers.inference_tables.destinations import defined_destinations, storage_credentials
from controller.handlers.inference_tables.erasures import finish_erasure, open_orders
from controller.handlers.inference_tables.label_sources import defined_sources, source_access
from controller.handlers.inference_tables.masking_keys import masking_key
from controller.handlers.quality.monitors import defined_monitors
from controller.handlers.quality.training_data import TrainingDataSource
from controller.handlers.registries.environment_secrets import secret_values
from controller.handlers.registries.registries import ModelRegistries
from controller.handlers.resources.metering import record_run
from controller.handlers.retraining.triggers import defined_triggers, trigger_access
from controller.handlers.services.deployments import every_deployment
from controller.handlers.services.observations import RoutesChanged, VersionReport, record_report
from controller.handlers.services.rollback import FailedRollout, roll_back
from controller.handlers.unit_of_work import InstallationLimits
from controller.store.access.keys import record_key_use
from shared.bus import Bus
from shared.bus.bulk import consume_batches
from shared.clock import Clock
from shared.contracts.alerting.alerts import AlertingDefinitions, AlertingQuery, ChannelCredentials, ChannelQuery
from shared.contracts.base import Contract
from shared.contracts.inference_tables.erasures import ErasureOrders
from shared.contracts.inference_tables.label_sources import DatabaseAccess, LabelSourceList, LabelSourceQuery
from shared.contracts.metrics.samples import KeyUsageSample
from shared.contracts.quality.monitors import MonitorList
from shared.contracts.quality.training_data import TrainingData, TrainingDataQuery
from shared.contracts.retraining import RetrainingAccess, RetrainingTriggerList, RetrainingTriggerQuery
from shared.contracts.rpc.alerts import ALERTING, CHANNEL_CREDENTIALS
from shared.contracts.rpc.controller import (
    DEPLOYMENTS,
    DESTINATIONS,
    ERASURES,
    LABEL_SOURCE_ACCESS,
    LABEL_SOURCES,
    MASKING_KEY,
    REGISTRY_ACCESS,
    SECRET_VALUES,
    STORAGE_CREDENTIALS,
    DeploymentList,
    DestinationList,
    MaskingKey,
    MaskingKeyQuery,
    RegistryAccess,
    RegistryQuery,
    SecretsQuery,
    SecretValues,
    StorageCredentials,
    StorageCredentialsQuery,
)
from shared.contracts.rpc.quality import MONITORS, TRAINING_DATA
from shared.contracts.rpc.retraining import RETRAINING_ACCESS, RETRAINING_TRIGGERS
from shared.database import Database
from shared.events.base import Event
from shared.events.erasure import ErasureFinished
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
        await record_report(session, report_of_event(event), clock.now(), routes_changed)

    async def give_up(event: VersionRolloutFailed, session: AsyncSession) -> None:
        await roll_back(session, FailedRollout.of_event(event), clock.now(), routes_changed)

    async def meter(event: Event, session: AsyncSession) -> None:
        assert isinstance(event, RunFact)
        await record_run(session, event, clock.now())

    async def finished(event: ErasureFinished, session: AsyncSession) -> None:
        await finish_erasure(session, event)

    async def deployments(_: Contract) -> DeploymentList:
        async with database.read() as session:
            return await every_deployment(session)

    handlers: dict[type[Event], Callable[[Any, AsyncSession], Awaitable[None]]] = dict.fromkeys(_REPORTS, note)
    handlers |= dict.fromkeys((RunStarted, RunEnded), meter)
    handlers[VersionRolloutFailed] = give_up
    handlers[ErasureFinished] = finished
    bus.consume(DURABLE, handlers)
    bus.serve(DEPLOYMENTS, deployments)


def serve_registry_access(bus: Bus, registries: ModelRegistries) -> None:
    """Serve the addresses and credentials of registries to the scheduler; the bus permits nobody else to call."""

    async def access(query: RegistryQuery) -> RegistryAccess:
        return await registries.access_by_name(query.registry)

    bus.serve(REGISTRY_ACCESS, access)


def serve_secret_values(bus: Bus, database: Database, vault: Vault) -> None:
    """Serve the values of the secrets in a version's environment variables to the scheduler."""

    async def values(query: SecretsQuery) -> SecretValues:
        return await secret_values(database, vault, query)

    bus.serve(SECRET_VALUES, values)


def serve_destinations(bus: Bus, database: Database, vault: Vault) -> None:
    """Serve destinations to the inference-logger, and to it alone the credentials that open them."""

    async def defined(_: Contract) -> DestinationList:
        return await defined_destinations(database)

    async def credentials(query: StorageCredentialsQuery) -> StorageCredentials:
        return await storage_credentials(database, vault, query.destination)

    bus.serve(DESTINATIONS, defined)
    bus.serve(STORAGE_CREDENTIALS, credentials)


def serve_erasures(bus: Bus, database: Database, vault: Vault) -> None:
    """Serve open erasures to the inference-logger; the bus permits nobody else to call."""

    async def orders(_: Contract) -> ErasureOrders:
        return await open_orders(database, vault)

    bus.serve(ERASURES, orders)


def serve_label_sources(bus: Bus, database: Database, vault: Vault, allowed: tuple[str, ...]) -> None:
    """Serve label sources to the inference-logger, and to it alone how their databases are reached."""

    async def defined(_: Contract) -> LabelSourceList:
        return await defined_sources(database)

    async def access(query: LabelSourceQuery) -> DatabaseAccess:
        return await source_access(database, vault, query.id, allowed)

    bus.serve(LABEL_SOURCES, defined)
    bus.serve(LABEL_SOURCE_ACCESS, access)


def serve_monitors(bus: Bus, database: Database, registries: ModelRegistries, limits: InstallationLimits) -> None:
    """Serve quality rules to the monitor, and the data that models were trained on."""
    training = TrainingDataSource(database, registries, limits, bus.offer_chunks)

    async def defined(_: Contract) -> MonitorList:
        return await defined_monitors(database)

    async def training_data(query: TrainingDataQuery) -> TrainingData:
        return await training.find(query)

    bus.serve(MONITORS, defined)
    bus.serve(TRAINING_DATA, training_data)


def serve_alerting(bus: Bus, database: Database, vault: Vault, clock: Clock, console_url: str | None) -> None:
    """Serve what is defined about alerts to the monitor, and to it alone the credentials of channels."""

    async def defined(query: AlertingQuery) -> AlertingDefinitions:
        return await alerting_definitions(database, query, console_url, clock.now())

    async def credentials(query: ChannelQuery) -> ChannelCredentials:
        return await channel_credentials(database, vault, query.id)

    bus.serve(ALERTING, defined)
    bus.serve(CHANNEL_CREDENTIALS, credentials)


def serve_retraining(bus: Bus, database: Database, vault: Vault, allowed: tuple[str, ...]) -> None:
    """Serve retraining triggers to the monitor, and to it alone the credentials of the systems that they call."""

    async def defined(_: Contract) -> RetrainingTriggerList:
        return await defined_triggers(database)

    async def access(query: RetrainingTriggerQuery) -> RetrainingAccess:
        return await trigger_access(database, vault, query.id, allowed)

    bus.serve(RETRAINING_TRIGGERS, defined)
    bus.serve(RETRAINING_ACCESS, access)


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
    await consume_batches(bus.js, "METRICS", KEY_USE, SAMPLES, take)


def last_uses(samples: Iterable[bytes]) -> dict[UUID, datetime]:
    """API key → its last use in these samples; what does not parse is left out (the monitor dead-letters it)."""
    latest: dict[UUID, datetime] = {}
    for sample in samples:
        with suppress(ValidationError):
            for key, at in KeyUsageSample.model_validate_json(sample).keys.items():
                latest[key] = max(at, latest.get(key, at))
    return latest


def report_of_event(event: Event) -> VersionReport:
    """What an event of the scheduler says of its version."""
    return _REPORTS[type(event)](event)


def _ready(event: Event) -> VersionReport:
    assert isinstance(event, VersionReady)
    return VersionReport(event.version_id, event.generation, "running", event.ready_replicas, is_whole=True)


def _failed(event: Event) -> VersionReport:
    assert isinstance(event, VersionFailed)
    return VersionReport(
        event.version_id,
        event.generation,
        "failed",
        0,
        reason=event.reason,
        message=event.message,
        log_tail=event.log_tail,
    )


def _drained(event: Event) -> VersionReport:
    assert isinstance(event, VersionDrained)
    return VersionReport(event.version_id, event.generation, "stopped", 0)


def _pod(event: Event) -> VersionReport:
    assert isinstance(event, PodReady | PodNotReady | PodChecked)
    counts = (event.ready_replicas, event.desired_replicas)
    if isinstance(event, PodNotReady):
        return VersionReport(event.version_id, event.generation, None, *counts, event.reason)
    check = event.check.model_dump(mode="json") if event.check else None
    keeps = isinstance(event, PodChecked)
    return VersionReport(event.version_id, event.generation, None, *counts, check=check, keeps_reason=keeps)


def _scaled(event: Event) -> VersionReport:
    assert isinstance(event, VersionScaled)
    return VersionReport(event.version_id, event.generation, None, event.ready_replicas, event.to_replicas)


_REPORTS: dict[type[Event], Callable[[Event], VersionReport]] = {
    VersionReady: _ready,
    VersionFailed: _failed,
    VersionDrained: _drained,
    VersionScaled: _scaled,
    PodReady: _pod,
    PodChecked: _pod,
    PodNotReady: _pod,
}
