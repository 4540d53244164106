"""Clients of the tracking servers that secrets describe: one per secret and revision, a few of them at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import httpx

from controller.clients.mlflow import MlflowRegistry
from shared.clock import Clock
from shared.contracts.rpc.controller import RegistryAccess
from shared.errors import InvalidInput
from shared.security.addresses import AddressRule
from shared.security.pinned_transport import PinnedTransport

MAX_CLIENTS = 16


@dataclass
class _PooledClient:
    registry: MlflowRegistry
    users: int = 0


class RegistryClients:
    """A pool: makes clients, leases them, closes unused ones beyond `MAX_CLIENTS` or of a replaced secret."""

    def __init__(self, clock: Clock, timeout_s: float) -> None:
        self._clock = clock
        self._timeout_s = timeout_s
        self._pool: dict[tuple[UUID, int], _PooledClient] = {}

    @asynccontextmanager
    async def lease(self, secret: UUID, revision: int, access: RegistryAccess) -> AsyncIterator[MlflowRegistry]:
        """The client of this revision of a secret, for as long as the block takes."""
        kept = self._pool.pop((secret, revision), None) or _PooledClient(self._new_client(access))
        self._pool[secret, revision] = kept
        kept.users += 1
        try:
            yield kept.registry
        finally:
            kept.users -= 1
            await self._close_unused()

    async def close(self) -> None:
        """Close all of them."""
        while self._pool:
            _, kept = self._pool.popitem()
            await kept.registry.close()

    async def _close_unused(self) -> None:
        newest = {secret: revision for secret, revision in sorted(self._pool)}
        surplus = list(self._pool)[:-MAX_CLIENTS]
        old = [key for key in self._pool if key in surplus or key[1] < newest[key[0]]]
        for key in old:
            if self._pool[key].users == 0:
                await self._pool.pop(key).registry.close()

    def _new_client(self, access: RegistryAccess) -> MlflowRegistry:
        transport = PinnedTransport(AddressRule.of(access.allowed))
        auth = auth_of(access.username, access.password, access.token)
        try:
            return MlflowRegistry(access.url, self._clock, timeout_s=self._timeout_s, auth=auth, transport=transport)
        except httpx.InvalidURL as wrong:
            raise InvalidInput("The URL of the registry is none that can be called") from wrong


class _Bearer(httpx.Auth):
    def __init__(self, token: str) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["authorization"] = f"Bearer {self._token}"
        yield request


def auth_of(username: str | None, password: str | None, token: str | None) -> httpx.Auth | None:
    """Authentication of requests: as a user, else by a token, else none."""
    if username and password:
        return httpx.BasicAuth(username, password)
    return _Bearer(token) if token else None
