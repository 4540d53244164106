"""Destinations as the controller defines them, with their credentials: asked for when they are needed.

Both are kept for a short while, and longer while the controller is away.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from shared.clock import Clock
from shared.contracts.rpc.controller import Destination
from shared.errors import NotFound, PenstockError, Unavailable
from shared.storage.objects import BucketFolder, S3Credentials, nearest_destination

LIST_EVERY_S = 15.0
LIST_AGAIN_S = 1.0
"""For a location that no known destination covers."""
CREDENTIALS_KEPT_S = 30.0
ASK_AGAIN_S = 5.0
"""After the controller did not answer; who waits for a table must not wait for it each time."""


class NoDestination(Unavailable):
    """No destination is defined that holds a location."""


class ControllerCalls(Protocol):
    """What the controller is asked."""

    async def destinations(self) -> tuple[Destination, ...]:
        """All of them."""
        ...

    async def credentials(self, destination: str) -> S3Credentials:
        """Those of one destination."""
        ...


@dataclass
class KnownCredentials:
    """Credentials of a destination, and when they were asked for (monotonic seconds)."""

    value: S3Credentials | None
    at: float


class DestinationDefinitions:
    """What the controller said last."""

    def __init__(self, controller: ControllerCalls, clock: Clock) -> None:
        self._controller = controller
        self._clock = clock
        self._listed_at: float | None = None
        self._ask_again_at = 0.0
        self._listing = asyncio.Lock()
        self._credentials: dict[str, KnownCredentials] = {}
        self.items: Mapping[str, Destination] = {}

    async def refresh(self, older_than_s: float = LIST_EVERY_S) -> None:
        """List them again where the last list is older. Raises `Unavailable` where there never was one."""
        async with self._listing:
            now = self._clock.monotonic()
            if self._listed_at is not None and now - self._listed_at < older_than_s:
                return
            if now < self._ask_again_at and older_than_s > 0:
                self._require_list()
                return
            try:
                found = await self._controller.destinations()
            except PenstockError:
                wait_s = LIST_AGAIN_S if self._listed_at is None else ASK_AGAIN_S
                self._ask_again_at = self._clock.monotonic() + wait_s
                self._require_list()
                return
            self._listed_at = now
            before, self.items = self.items, {one.name: one for one in found}
            for name in [name for name, one in before.items() if self.items.get(name) != one]:
                self._credentials.pop(name, None)

    def _require_list(self) -> None:
        if self._listed_at is None:
            raise Unavailable("the controller has not said yet how destinations are reached")

    async def at(self, location: str) -> Destination:
        """The destination that `s3://…` lies in. Raises `NoDestination`; `Unavailable` while none is known."""
        for older_than_s in (LIST_EVERY_S, LIST_AGAIN_S):
            await self.refresh(older_than_s)
            name = nearest_destination(location, {name: one.url for name, one in self.items.items()})
            if name is not None:
                return self.items[name]
        raise NoDestination(f"no destination is defined that holds {location}")

    async def credentials(self, destination: Destination, *, anew: bool = False) -> S3Credentials | None:
        """Who we are there. Raises `Unavailable` while they cannot be had."""
        if not destination.has_secret:
            return environment_credentials()
        known, now = self._credentials.get(destination.name), self._clock.monotonic()
        if known is not None and not anew and now - known.at < CREDENTIALS_KEPT_S:
            return known.value
        try:
            value = await self._controller.credentials(destination.name)
        except NotFound as error:
            raise Unavailable(f"the credentials of destination {destination.name} are gone") from error
        except PenstockError as error:
            if known is not None:
                known.at = self._clock.monotonic() - CREDENTIALS_KEPT_S + ASK_AGAIN_S
                return known.value
            raise Unavailable(f"the controller cannot be asked for the credentials of {destination.name}") from error
        self._credentials[destination.name] = KnownCredentials(value, now)
        return value


def environment_credentials() -> S3Credentials | None:
    """Those in the environment of this process, as every client of S3 reads them; None: requests are not signed."""
    access_key, secret_key = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
    if not access_key or not secret_key:
        return None
    return S3Credentials(access_key, secret_key, os.environ.get("AWS_SESSION_TOKEN"))


def folder_of(destination: Destination) -> BucketFolder:
    """Where an `s3://…` destination lies."""
    bucket, _, prefix = destination.url.removeprefix("s3://").partition("/")
    return BucketFolder(bucket, prefix, destination.endpoint, destination.region, destination.path_style)
