"""Clients of the tracking servers that secrets describe: one per secret and revision, a few of them at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import httpx

from controller.clients.mlflow import MlflowRegistry
from controller.clients.pinned import PinnedTransport
from shared.clock import Clock
from shared.contracts.rpc.controller import RegistryAccess
from shared.errors import InvalidInput
from shared.security.addresses import AddressRule

KEPT = 16


@dataclass
class _Kept:
    registry: MlflowRegistry
    users: int = 0


class RegistryClients:
    """Makes clients, lends them, closes those that nobody uses once there are too many or their secret has changed."""

    def __init__(self, clock: Clock, timeout_s: float) -> None:
        self._clock = clock
        self._timeout_s = timeout_s
        self._kept: dict[tuple[UUID, int], _Kept] = {}

    @asynccontextmanager
    async def lent(self, secret: UUID, revision: int, access: RegistryAccess) -> AsyncIterator[MlflowRegistry]:
        """The client of this revision of a secret, for as long as the block takes."""
        kept = self._kept.pop((secret, revision), None) or _Kept(self._made(access))
        self._kept[secret, revision] = kept
        kept.users += 1
        try:
            yield kept.registry
        finally:
            kept.users -= 1
            await self._close_unused()

    async def close(self) -> None:
        """Close all of them."""
        while self._kept:
            _, kept = self._kept.popitem()
            await kept.registry.close()

    async def _close_unused(self) -> None:
        newest = {secret: revision for secret, revision in sorted(self._kept)}
        surplus = list(self._kept)[:-KEPT]
        old = [key for key in self._kept if key in surplus or key[1] < newest[key[0]]]
        for key in old:
            if self._kept[key].users == 0:
                await self._kept.pop(key).registry.close()

    def _made(self, access: RegistryAccess) -> MlflowRegistry:
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
    """How to be let in: as a user, else by a token, else as anybody."""
    if username and password:
        return httpx.BasicAuth(username, password)
    return _Bearer(token) if token else None
