"""The bus: what the controller is asked."""

from __future__ import annotations

from uuid import UUID

from shared.bus import Bus
from shared.contracts.inference_tables.erasures import ErasureOrder, ErasureOrders
from shared.contracts.inference_tables.label_sources import (
    DatabaseAccess,
    LabelSource,
    LabelSourceList,
    LabelSourceQuery,
)
from shared.contracts.rpc.controller import (
    DESTINATIONS,
    ERASURES,
    LABEL_SOURCE_ACCESS,
    LABEL_SOURCES,
    STORAGE_CREDENTIALS,
    Destination,
    DestinationList,
    StorageCredentials,
    StorageCredentialsQuery,
)
from shared.contracts.rpc.method import Nothing
from shared.storage.objects import S3Credentials

ANSWER_WITHIN_S = 3.0


class ControllerOverBus:
    """Implements `shared.storage.destinations.ControllerCalls`."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def destinations(self) -> tuple[Destination, ...]:
        """All of them."""
        answer = await self._bus.call(DESTINATIONS, Nothing(), timeout=ANSWER_WITHIN_S)
        assert isinstance(answer, DestinationList)
        return answer.items

    async def credentials(self, destination: str) -> S3Credentials:
        """Those of one destination."""
        query = StorageCredentialsQuery(destination=destination)
        answer = await self._bus.call(STORAGE_CREDENTIALS, query, timeout=ANSWER_WITHIN_S)
        assert isinstance(answer, StorageCredentials)
        return S3Credentials(answer.access_key, answer.secret_key, answer.session_token)

    async def erasures(self) -> tuple[ErasureOrder, ...]:
        """Those that are not finished."""
        answer = await self._bus.call(ERASURES, Nothing(), timeout=ANSWER_WITHIN_S)
        assert isinstance(answer, ErasureOrders)
        return answer.items

    async def label_sources(self) -> tuple[LabelSource, ...]:
        """All that are defined."""
        answer = await self._bus.call(LABEL_SOURCES, Nothing(), timeout=ANSWER_WITHIN_S)
        assert isinstance(answer, LabelSourceList)
        return answer.items

    async def label_source_access(self, source: UUID) -> DatabaseAccess:
        """How the database of one is reached."""
        answer = await self._bus.call(LABEL_SOURCE_ACCESS, LabelSourceQuery(id=source), timeout=ANSWER_WITHIN_S)
        assert isinstance(answer, DatabaseAccess)
        return answer
