"""Which containers of this installation there are, and in which state: a list, kept up by the engine's events.

Events are a hint and the list is the truth: after each break of the stream, and now and then without one, everything
is listed again, so that an event nobody heard is made up for. While the engine is away what was last known stays.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from scheduler.backends.docker.container_spec import LABEL
from scheduler.backends.docker.engine.client import Engine
from scheduler.backends.docker.engine.errors import NOT_FOUND, EngineError, EngineRefused
from scheduler.backends.docker.runs.container_state import SeenContainer, seen, seen_in_list
from shared.clock import Clock

log = logging.getLogger("penstock.scheduler.docker")

RELIST_S = 15.0
RETRY_S = 1.0
OVERLAP_S = 2.0
"""Events are asked for again from so long before the last one: its time and the stream's end are not the same."""
STATUS_AFTER = {
    "start": "running",
    "restart": "running",
    "unpause": "running",
    "pause": "paused",
    "die": "exited",
    "stop": "exited",
    "kill": None,
    "create": "created",
}


class ContainerInventory:
    """The containers that carry this installation's label."""

    def __init__(self, engine: Engine, installation: str, clock: Clock) -> None:
        self.engine = engine
        self.installation = installation
        self.is_listed = False
        """Whether it was listed once: before that nothing is known to be gone."""
        self.problem: str | None = None
        """Why they are not followed, where they are not."""
        self._clock = clock
        self._containers: dict[str, SeenContainer] = {}
        self._changed_at: dict[str, float] = {}
        self._out_of_memory: set[str] = set()
        self._since: float | None = None

    # ── asked ────────────────────────────────────────────────────────────────────────────────────────────────────

    def get(self, identity: str) -> SeenContainer | None:
        """A container by its id."""
        return self._containers.get(identity)

    def of_run(self, pod: str, run: int) -> SeenContainer | None:
        """The container of a run."""
        return next((each for each in self.all() if (each.pod, each.run) == (pod, run)), None)

    def all(self) -> list[SeenContainer]:
        """Every one."""
        return list(self._containers.values())

    def was_out_of_memory(self, identity: str) -> bool:
        """Whether something in it was killed at its limit of memory."""
        return identity in self._out_of_memory

    # ── told ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def note(self, container: SeenContainer) -> None:
        """It was just made, or looked at: newer than any list that is on its way."""
        self._containers[container.id] = container
        self._changed_at[container.id] = self._clock.monotonic()

    def note_gone(self, identity: str) -> None:
        """It was just removed."""
        self._containers.pop(identity, None)
        self._out_of_memory.discard(identity)
        self._changed_at[identity] = self._clock.monotonic()

    def heard(self, event: Mapping[str, Any]) -> None:
        """Take one event in (`GET /events`, of the type `container`)."""
        actor = event.get("Actor") or {}
        identity, attributes = str(actor.get("ID", "")), actor.get("Attributes") or {}
        action = str(event.get("Action", "")).partition(":")[0].strip()
        if event.get("timeNano"):
            self._since = float(event["timeNano"]) / 1e9
        if action == "destroy":
            self.note_gone(identity)
        elif action == "oom":
            self._out_of_memory.add(identity)
        elif status := STATUS_AFTER.get(action):
            known = self._containers.get(identity)
            name = known.name if known else str(attributes.get("name", ""))
            fresh = seen(identity, name, status, attributes)
            self.note(replace(known, status=status) if known else fresh)

    # ── work ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def open(self) -> None:
        """List for the first time, however long the engine is away, or one that cannot be worked with."""
        told = ""
        while not self.is_listed:
            try:
                await self.relist()
            except EngineError as error:
                if error.message != told:
                    log.warning("pods wait: %s", error.message)
                self.problem = told = error.message
                self.engine.forget_version()
                await self._clock.sleep(RETRY_S)

    async def relist(self) -> None:
        """List everything anew. Raises `EngineError`."""
        begun = self._clock.monotonic()
        query = {"label": [f"{LABEL}installation={self.installation}"]}
        found = [seen_in_list(item) for item in await self.engine.get("/containers/json", all=True, filters=query)]
        newer = {identity for identity, at in self._changed_at.items() if at >= begun}
        kept = {identity: each for identity, each in self._containers.items() if identity in newer}
        self._containers = {each.id: each for each in found if each.id not in newer} | kept
        self._changed_at = {identity: at for identity, at in self._changed_at.items() if at >= begun}
        self._out_of_memory &= self._containers.keys()
        self.is_listed, self.problem = True, None

    async def run(self) -> None:
        """Follow the events until cancelled."""
        while True:
            try:
                await self._follow()
            except EngineError as error:
                self.problem = error.message
                self.engine.forget_version()
                log.info("containers are listed again: %s", error)
            await self._clock.sleep(RETRY_S)

    async def _follow(self) -> None:
        """List, then hear events until the stream ends; lists again every `RELIST_S` beside it."""
        since = self._since or self._clock.now().timestamp()
        events = asyncio.create_task(self._hear(since - OVERLAP_S), name="container events")
        try:
            while not events.done():
                await self.relist()
                with suppress(TimeoutError):
                    await asyncio.wait_for(asyncio.shield(events), RELIST_S)
            await events
        finally:
            events.cancel()
            with suppress(asyncio.CancelledError, EngineError):
                await events

    async def _hear(self, since: float) -> None:
        filters = {"type": ["container"], "label": [f"{LABEL}installation={self.installation}"]}
        async for event in self.engine.lines("GET", "/events", since=f"{since:.9f}", filters=filters):
            self.heard(event)

    async def inspect(self, identity: str) -> dict[str, Any] | None:
        """Everything of one container; None where it is not there. Raises `EngineError`."""
        try:
            found: dict[str, Any] = await self.engine.get(f"/containers/{identity}/json")
        except EngineRefused as refused:
            if refused.status == NOT_FOUND:
                self.note_gone(identity)
                return None
            raise
        return found

    async def remove(self, identity: str) -> None:
        """Remove a container, running or not, with its anonymous volumes. Raises `EngineError`; safe to repeat."""
        try:
            await self.engine.delete(f"/containers/{identity}", force=True, v=True)
        except EngineRefused as refused:
            # 409: somebody removes it already.
            if refused.status not in (NOT_FOUND, 409):
                raise
        self.note_gone(identity)
