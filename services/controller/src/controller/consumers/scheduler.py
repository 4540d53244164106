"""The bus: calls of the scheduler: what should run, and the secrets that it runs with."""

from __future__ import annotations

from controller.domain.registries.secrets import Vault
from controller.handlers.registries.environment_secrets import secret_values
from controller.handlers.registries.image_secrets import image_secret
from controller.handlers.registries.registries import ModelRegistries
from controller.handlers.services.deployments import every_deployment
from shared.bus import Bus
from shared.contracts.base import Contract
from shared.contracts.rpc.controller import (
    DEPLOYMENTS,
    IMAGE_SECRET,
    REGISTRY_ACCESS,
    SECRET_VALUES,
    DeploymentList,
    ImageSecret,
    ImageSecretQuery,
    RegistryAccess,
    RegistryQuery,
    SecretsQuery,
    SecretValues,
)
from shared.database import Database


def serve_deployments(bus: Bus, database: Database) -> None:
    """Serve what should run to the scheduler."""

    async def deployments(_: Contract) -> DeploymentList:
        async with database.read() as session:
            return await every_deployment(session)

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


def serve_image_secrets(bus: Bus, database: Database, vault: Vault) -> None:
    """Serve the secrets that images name to the scheduler; the bus permits nobody else to call."""

    async def secret(query: ImageSecretQuery) -> ImageSecret:
        return await image_secret(database, vault, query)

    bus.serve(IMAGE_SECRET, secret)
