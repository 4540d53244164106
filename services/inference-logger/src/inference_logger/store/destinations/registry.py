"""How each destination does: probed when it is new, refused while it fails, tried again until it works.

Nothing here waits for a destination that hangs, but for the few seconds of one check.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from inference_logger.domain.object_storage import nearest_destination
from inference_logger.domain.tables import is_remote
from inference_logger.domain.waiting import RetrySchedule, error_reason
from inference_logger.store.destinations.definitions import DestinationDefinitions, folder_of
from inference_logger.store.destinations.probe import check_writable, probe_conditional_puts
from inference_logger.store.s3 import S3Client, StoreFailure
from inference_logger.store.storage import LOCAL, Storage
from shared.clock import Clock
from shared.contracts.rpc.controller import Destination
from shared.errors import NotFound, PenstockError

log = logging.getLogger(__name__)

CHECK_WITHIN_S = 4.0
PROBE_WITHIN_S = 45.0
TICK_S = 0.5
THREADS = 16
"""Of one destination: what hangs there holds up no other."""

Writing = Literal["concurrent", "single", "unknown"]


@dataclass
class Health:
    """What is known of one destination since it was defined so."""

    definition: Destination
    threads: ThreadPoolExecutor
    state: Literal["ok", "failing", "unknown"] = "unknown"
    reason: str | None = None
    since: datetime | None = None
    writing: Writing = "unknown"
    warning: str | None = None
    retry: RetrySchedule = field(default_factory=RetrySchedule)
    running: asyncio.Task[str | None] | None = None
    """The check or probe under way: all that want one wait for the same."""


class HealthGauges(Protocol):
    """Where the health of destinations is shown."""

    def show(self, destination: str, *, is_up: bool, is_single_writer: bool) -> None:
        """After a check."""
        ...

    def forget(self, destination: str) -> None:
        """It is defined no more."""
        ...


class DestinationRegistry:
    """Every destination in an object store; implements `Storages`."""

    def __init__(self, definitions: DestinationDefinitions, clock: Clock, gauges: HealthGauges) -> None:
        self._gauges = gauges
        self.definitions = definitions
        self._clock = clock
        self._health: dict[str, Health] = {}

    @property
    def health(self) -> Mapping[str, Health]:
        """What is known, by name."""
        return self._health

    def details(self) -> dict[str, Any]:
        """For `/readyz`: a destination that fails does not make the service unready."""
        failing = [
            {"destination": name, "reason": health.reason}
            for name, health in self._health.items()
            if health.state == "failing"
        ]
        return {"failing_destinations": failing} if failing else {}

    async def of(self, location: str) -> Storage:
        """How a table there is opened. Raises `Unavailable`."""
        if not is_remote(location):
            return LOCAL
        return await self._storage(self._health_of(await self.definitions.at(location)))

    def refusal(self, location: str) -> str | None:
        """Why nothing can be written there now, as far as it is known."""
        health = self._known(location)
        return health.reason if health is not None and health.state == "failing" else None

    async def check(self, location: str) -> str | None:
        """Try to write there, for a few seconds at most: why that fails."""
        health = self._known(location)
        if health is None:
            return None
        running = self._begin(health)
        await asyncio.wait({running}, timeout=CHECK_WITHIN_S)
        if not running.done():
            return f"the store does not answer within {CHECK_WITHIN_S:g} s"
        return health.reason if running.cancelled() else running.result()

    async def run(self) -> None:
        """Follow what is defined, probe what is new, try again what fails, until cancelled."""
        while True:
            try:
                await self.definitions.refresh()
            except PenstockError as error:
                log.debug("destinations are not known yet: %s", error.message)
            self.follow_definitions()
            now = self._clock.monotonic()
            for health in self._health.values():
                is_settled = health.state == "ok" and health.writing != "unknown"
                if not is_settled and health.retry.at <= now:
                    self._begin(health)
            await self._clock.sleep(TICK_S)

    def follow_definitions(self) -> None:
        """Forget what is defined no more, or otherwise; begin anew with what is new."""
        remote = {name: one for name, one in self.definitions.items.items() if is_remote(one.url)}
        for name in self._health.keys() - remote.keys():
            self._forget(name)
        for definition in remote.values():
            self._health_of(definition)

    async def test(self, name: str) -> Health:
        """Examine a destination in an object store now, whatever was known of it. Raises `NotFound`."""
        await self.definitions.refresh(0)
        self.follow_definitions()
        health = self._health.get(name)
        if health is None:
            raise NotFound(f"There is no destination {name[:64]!r} in an object store")
        if health.running is not None:
            await asyncio.wait({health.running})
        health.writing = "unknown"
        await asyncio.wait({self._begin(health, anew=True)})
        return health

    def close(self) -> None:
        """Threads that hang end with their requests."""
        for name in list(self._health):
            self._forget(name).shutdown(wait=False, cancel_futures=True)

    def _known(self, location: str) -> Health | None:
        if not is_remote(location):
            return None
        name = nearest_destination(location, {name: health.definition.url for name, health in self._health.items()})
        return None if name is None else self._health[name]

    def _health_of(self, definition: Destination) -> Health:
        health = self._health.get(definition.name)
        if health is None or health.definition != definition:
            threads = None if health is None else self._forget(definition.name)
            threads = threads or ThreadPoolExecutor(THREADS, thread_name_prefix=f"destination-{definition.name}")
            self._health[definition.name] = health = Health(definition, threads)
        return health

    def _forget(self, name: str) -> ThreadPoolExecutor:
        """Its threads go on: what was begun with them may have more to do."""
        health = self._health.pop(name)
        if health.running is not None:
            health.running.cancel()
        self._gauges.forget(name)
        return health.threads

    async def _storage(self, health: Health, *, anew: bool = False) -> Storage:
        credentials = await self.definitions.credentials(health.definition, anew=anew)
        folder = folder_of(health.definition)
        is_single = health.writing != "concurrent"  # until it is known
        return Storage(folder.options(credentials), S3Client(folder, credentials), is_single, health.threads)

    def _begin(self, health: Health, *, anew: bool = False) -> asyncio.Task[str | None]:
        if health.running is None or health.running.done():
            work = self._find_out(health, anew=anew or health.state == "failing")
            health.running = asyncio.create_task(work, name=f"check {health.definition.name}")
        return health.running

    async def _find_out(self, health: Health, *, anew: bool) -> str | None:
        needs_probe = health.writing == "unknown"
        within_s = PROBE_WITHIN_S if needs_probe else CHECK_WITHIN_S
        try:
            async with asyncio.timeout(within_s):
                storage = await self._storage(health, anew=anew)
                assert storage.client is not None
                await storage.run(check_writable, storage.client)
                if needs_probe:
                    await self._probe(health, storage)
        except TimeoutError:
            why: str | None = f"the store does not answer within {within_s:g} s"
        except PenstockError as error:
            why = error_reason(error)
        else:
            why = None
        self._note(health, why)
        return why

    async def _probe(self, health: Health, storage: Storage) -> None:
        """Its verdict; none where a request of it came to nothing: it is repeated, and until then one writes alone."""
        try:
            warning = await storage.run(probe_conditional_puts, storage.client)
        except StoreFailure as failure:
            log.info("destination %s was not probed this time: %s", health.definition.name, failure.message)
            return
        health.writing, health.warning = ("concurrent", None) if warning is None else ("single", warning)
        if warning is not None:
            log.warning("destination %s is written by one process alone: %s", health.definition.name, warning)

    def _note(self, health: Health, why: str | None) -> None:
        now = self._clock.now()
        state: Literal["ok", "failing"] = "ok" if why is None else "failing"
        if state != health.state:
            health.since = now
            if why is not None:
                log.warning("destination %s fails: %s", health.definition.name, why)
            elif health.state == "failing":
                log.info("destination %s works again", health.definition.name)
        health.state, health.reason = state, why
        is_settled = why is None and health.writing != "unknown"
        health.retry = RetrySchedule() if is_settled else health.retry.after_failure(self._clock.monotonic())
        self._gauges.show(health.definition.name, is_up=why is None, is_single_writer=health.writing == "single")
