"""The bus: calls of the monitor: quality rules, what is defined about alerts, retraining triggers."""

from __future__ import annotations

from controller.domain.registries.secrets import Vault
from controller.handlers.alerting.channels import channel_credentials
from controller.handlers.alerting.definitions import alerting_definitions
from controller.handlers.quality.monitors import defined_monitors
from controller.handlers.quality.training_data import TrainingDataSource
from controller.handlers.registries.registries import ModelRegistries
from controller.handlers.retraining.triggers import defined_triggers, trigger_access
from controller.handlers.unit_of_work import InstallationLimits
from shared.bus import Bus
from shared.clock import Clock
from shared.contracts.alerting.alerts import AlertingDefinitions, AlertingQuery, ChannelCredentials, ChannelQuery
from shared.contracts.base import Contract
from shared.contracts.quality.monitors import MonitorList
from shared.contracts.quality.training_data import TrainingData, TrainingDataQuery
from shared.contracts.retraining import RetrainingAccess, RetrainingTriggerList, RetrainingTriggerQuery
from shared.contracts.rpc.alerts import ALERTING, CHANNEL_CREDENTIALS
from shared.contracts.rpc.quality import MONITORS, TRAINING_DATA
from shared.contracts.rpc.retraining import RETRAINING_ACCESS, RETRAINING_TRIGGERS
from shared.database import Database


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
