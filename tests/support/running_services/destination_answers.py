"""A controller that answers an inference-logger's questions about destinations, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from shared.bus import Bus
from shared.clock import SystemClock
from shared.contracts.base import Contract
from shared.contracts.rpc.controller import (
    DESTINATIONS,
    STORAGE_CREDENTIALS,
    Destination,
    DestinationList,
    StorageCredentials,
    StorageCredentialsQuery,
)
from shared.errors import NotFound
from shared.storage.objects import S3Credentials


class DestinationAnswers:
    """What is defined, and with which credentials; both may be changed at any time."""

    def __init__(self) -> None:
        self.defined: dict[str, Destination] = {}
        self.secrets: dict[str, S3Credentials] = {}

    def define(self, name: str, url: str, endpoint: str, secret: S3Credentials) -> None:
        revision = self.defined[name].revision + 1 if name in self.defined else 1
        self.defined[name] = Destination(name=name, url=url, endpoint=endpoint, has_secret=True, revision=revision)
        self.secrets[name] = secret

    async def answer_destinations(self, _: Contract) -> DestinationList:
        return DestinationList(items=tuple(self.defined.values()))

    async def answer_credentials(self, query: StorageCredentialsQuery) -> StorageCredentials:
        found = self.secrets.get(query.destination)
        if found is None:
            raise NotFound("There is no such secret")
        return StorageCredentials(
            access_key=found.access_key, secret_key=found.secret_key, session_token=found.session_token
        )


@asynccontextmanager
async def answering(url: str, answers: DestinationAnswers) -> AsyncIterator[None]:
    """`answers` on the bus at `url`."""
    bus = Bus("controller", url, clock=SystemClock())
    bus.serve(DESTINATIONS, answers.answer_destinations)
    bus.serve(STORAGE_CREDENTIALS, answers.answer_credentials)
    running = asyncio.create_task(bus.run())
    try:
        await bus.connected()
        yield
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
