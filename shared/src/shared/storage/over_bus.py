"""The bus: what the controller is asked about destinations."""

from __future__ import annotations

from shared.bus import Bus
from shared.contracts.rpc.controller import (
    DESTINATIONS,
    STORAGE_CREDENTIALS,
    Destination,
    DestinationList,
    StorageCredentials,
    StorageCredentialsQuery,
)
from shared.contracts.rpc.method import Nothing
from shared.storage.objects import S3Credentials

ANSWER_WITHIN_S = 3.0


class DestinationsOverBus:
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
