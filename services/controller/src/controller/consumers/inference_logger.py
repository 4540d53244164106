"""The bus: calls of the inference logger: destinations, erasures, label sources."""

from __future__ import annotations

from controller.domain.registries.secrets import Vault
from controller.handlers.inference_tables.destinations import defined_destinations, storage_credentials
from controller.handlers.inference_tables.erasures import open_orders
from controller.handlers.inference_tables.label_sources import defined_sources, source_access
from shared.bus import Bus
from shared.contracts.base import Contract
from shared.contracts.inference_tables.erasures import ErasureOrders
from shared.contracts.inference_tables.label_sources import DatabaseAccess, LabelSourceList, LabelSourceQuery
from shared.contracts.rpc.controller import (
    DESTINATIONS,
    ERASURES,
    LABEL_SOURCE_ACCESS,
    LABEL_SOURCES,
    STORAGE_CREDENTIALS,
    DestinationList,
    StorageCredentials,
    StorageCredentialsQuery,
)
from shared.database import Database


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
