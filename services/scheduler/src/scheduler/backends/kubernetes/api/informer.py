"""What there is of one kind, kept up to date: listed, then watched; listed again where the server has forgotten.

Source: Kubernetes' client-go `Reflector`. A stream that ends is opened again where it was; 410, be it the answer's
status or an `ERROR` in the stream, is answered by a list, and the watch goes on from the list's version, never from an
older one. Versions are compared for equality alone. Changes that were missed come out of the next list: one that is
not there any more is reported as deleted, with its last known state.
"""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Callable, Mapping
from typing import Any, Literal

from scheduler.backends.kubernetes.api.client import KubernetesApi, Object
from scheduler.backends.kubernetes.api.errors import FORBIDDEN, ApiAway, ApiError, ApiRefused, Expired, Silent, error_of
from shared.clock import Clock

log = logging.getLogger("penstock.scheduler.kubernetes")

Change = Literal["added", "changed", "deleted"]
OnChange = Callable[[Change, Object], None]

WATCHED_FOR_S = 240
"""After this the server ends the stream by itself: a new one costs nothing, and may come from another server."""
SILENCE_S = 90.0
"""A server sends bookmarks about every minute where anything happens: one that says nothing for longer may be dead."""
FIRST_DELAY_S, LONGEST_DELAY_S = 0.5, 10.0
FORBIDDEN_DELAY_S = 60.0
"""What is not permitted is asked for again, more and more seldom: a role may be given meanwhile."""


class Informer:
    """Everything of one kind below `path`; `on_change` hears of each change after the first list, and of that."""

    def __init__(
        self,
        api: KubernetesApi,
        path: str,
        clock: Clock,
        on_change: OnChange,
        *,
        on_listed: Callable[[], None] = lambda: None,
        **selectors: str,
    ) -> None:
        self.objects: dict[str, Object] = {}
        """By name."""
        self.is_listed = False
        self.trouble: ApiError | None = None
        """Why it is not up to date, where it is not."""
        self._api = api
        self._path = path
        self._clock = clock
        self._on_change = on_change
        self._on_listed = on_listed
        self._selectors = selectors
        self._attempt = 0

    async def run(self) -> None:
        """Keep up until cancelled."""
        version: str | None = None
        while True:
            try:
                version = version or await self._list()
                version = await self._watch(version)
            except Expired:
                version = None
            except ApiError as error:
                self._complain(error)
                if isinstance(error, ApiRefused):
                    version = None
                await self._back_off(FORBIDDEN_DELAY_S if getattr(error, "status", 0) == FORBIDDEN else LONGEST_DELAY_S)

    def _complain(self, error: ApiError) -> None:
        if self.trouble is None:
            log.warning("%s: %s", self._path, error.message)
        self.trouble = error

    def _is_well(self) -> None:
        if self.trouble is not None:
            log.info("%s: the API server answers again", self._path)
        self.trouble, self._attempt = None, 0

    async def _back_off(self, longest_s: float = LONGEST_DELAY_S) -> None:
        delay = min(longest_s, FIRST_DELAY_S * 2.0 ** min(self._attempt, 10))
        self._attempt += 1
        await self._clock.sleep(delay * random.uniform(0.5, 1.0))  # noqa: S311 - keeps many from coming at once

    async def _list(self) -> str:
        found, version = await self._api.list_all(self._path, **self._selectors)
        self._is_well()
        listed = {_name(each): each for each in found}
        for name in [name for name in self.objects if name not in listed]:
            self._on_change("deleted", self.objects.pop(name))
        for each in found:
            self._store(each)
        self.is_listed = True
        self._on_listed()
        return version

    async def _watch(self, version: str) -> str:
        """Watch until the stream ends; the version to go on from. Raises `Expired` where a list is needed."""
        query = {
            **self._selectors,
            "watch": "true",
            "resourceVersion": version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(WATCHED_FOR_S),
        }
        try:
            async with self._api.stream(self._path, SILENCE_S, **query) as lines:
                self._is_well()
                async for line in lines:
                    version = self._take(line) or version
        except Silent:
            log.debug("%s: the watch was silent, and is opened again", self._path)
        except ApiAway as away:  # not lost: it goes on from the last version that it has seen
            self._complain(away)
            await self._back_off()
        return version

    def _take(self, line: bytes) -> str | None:
        """Take in one event; the version that it is of."""
        if not line.strip():
            return None
        try:
            event = json.loads(line)
            kind, found = event["type"], event["object"]
        except (ValueError, KeyError, TypeError) as error:
            raise ApiAway(f"the watch of {self._path} says what is no event") from error
        if kind == "ERROR":
            raise error_of(int(found.get("code") or 500), found)
        if kind == "DELETED":
            if self.objects.pop(_name(found), None) is not None:
                self._on_change("deleted", found)
        elif kind != "BOOKMARK":
            self._store(found)
        return str(found["metadata"]["resourceVersion"])

    def _store(self, found: Object) -> None:
        name = _name(found)
        known = self.objects.get(name)
        if known is not None and _uid(known) != _uid(found):  # another one of the same name
            self._on_change("deleted", self.objects.pop(name))
            known = None
        if known is not None and known["metadata"].get("resourceVersion") == found["metadata"].get("resourceVersion"):
            return
        found["metadata"].pop("managedFields", None)  # half of an object's size, and nobody's here
        self.objects[name] = found
        self._on_change("added" if known is None else "changed", found)


def _name(found: Mapping[str, Any]) -> str:
    return str(found["metadata"]["name"])


def _uid(found: Mapping[str, Any]) -> str:
    return str(found["metadata"].get("uid", ""))
