"""How each destination does: probed when it is new, refused while it fails, tried again until it works.

Nothing here waits for a destination that hangs, but for the few seconds of one check.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Literal

from inference_logger.domain.tables import is_remote
from inference_logger.domain.waiting import RetrySchedule, error_reason
from inference_logger.store.destinations.health import Health, HealthGauges
from inference_logger.store.destinations.probe import check_writable, probe_conditional_puts
from inference_logger.store.s3 import S3Client
from inference_logger.store.storage import LOCAL, Storage
from shared.clock import Clock
from shared.contracts.rpc.controller import Destination
from shared.errors import NotFound, PenstockError
from shared.storage.destinations import DestinationDefinitions, folder_of
from shared.storage.objects import nearest_destination

log = logging.getLogger(__name__)

CHECK_WITHIN_S = 4.0
FIRST_CHECK_WITHIN_S = 15.0
"""Of one that nothing is known of, or that a person wants to know about: nobody else waits for it."""
PROBE_WITHIN_S = 45.0
TICK_S = 0.5
THREADS = 16
"""Of one destination: what hangs there holds up no other."""


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
        checking = self._begin_check(health)
        await asyncio.wait({checking}, timeout=CHECK_WITHIN_S)
        if not checking.done():
            return f"the store does not answer within {CHECK_WITHIN_S:g} s"
        return health.reason if checking.cancelled() else checking.result()

    async def run(self) -> None:
        """Follow what is defined, probe what is new, try again what fails, until cancelled."""
        while True:
            try:
                await self.definitions.refresh()
            except PenstockError as error:
                log.debug("destinations are not known yet: %s", error.message)
            self.follow_definitions()
            for health in self._health.values():
                self._follow(health, self._clock.monotonic())
            await self._clock.sleep(TICK_S)

    def _follow(self, health: Health, now: float) -> None:
        if health.state != "ok":
            if health.retry.at <= now:
                self._begin_check(health)
        elif health.writing == "unknown" and health.probe_retry.at <= now:
            self._begin_probe(health)

    async def settled(self) -> None:
        """Wait until it is known how each that works can be written, but not for long."""
        with suppress(PenstockError):
            await self.definitions.refresh(0)
        self.follow_definitions()
        until = self._clock.monotonic() + PROBE_WITHIN_S
        while self._clock.monotonic() < until and any(health.is_open for health in self._health.values()):
            await self._clock.sleep(TICK_S)

    def follow_definitions(self) -> None:
        """Forget what is defined no more, or otherwise; begin anew with what is new."""
        remote = {name: one for name, one in self.definitions.items.items() if is_remote(one.url)}
        for name in self._health.keys() - remote.keys():
            self._forget(name)
        for definition in remote.values():
            self._health_of(definition)

    async def examine(self, name: str) -> Health:
        """Examine a destination in an object store now, whatever was known of it. Raises `NotFound`."""
        await self.definitions.refresh(0)
        self.follow_definitions()
        health = self._health.get(name)
        if health is None:
            raise NotFound(f"There is no destination {name[:64]!r} in an object store")
        if health.checking is not None:
            await asyncio.wait({health.checking})  # it may have begun with other credentials
        await asyncio.wait({self._begin_check(health, anew=True)})
        if health.state == "ok":
            if health.probing is not None:
                await asyncio.wait({health.probing})
            health.writing = "unknown"
            await asyncio.wait({self._begin_probe(health)})
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
        for task in (health.checking, health.probing):
            if task is not None:
                task.cancel()
        self._gauges.forget(name)
        return health.threads

    async def _storage(self, health: Health, *, anew: bool = False) -> Storage:
        credentials = await self.definitions.credentials(health.definition, anew=anew)
        folder = folder_of(health.definition)
        is_single = health.writing != "concurrent"  # until it is known
        return Storage(folder.options(credentials), S3Client(folder, credentials), is_single, health.threads)

    def _begin_check(self, health: Health, *, anew: bool = False) -> asyncio.Task[str | None]:
        if health.checking is None or health.checking.done():
            within_s = FIRST_CHECK_WITHIN_S if anew or health.state == "unknown" else CHECK_WITHIN_S
            work = self._check(health, within_s, anew=anew or health.state == "failing")
            health.checking = asyncio.create_task(work, name=f"check {health.definition.name}")
        return health.checking

    def _begin_probe(self, health: Health) -> asyncio.Task[None]:
        if health.probing is None or health.probing.done():
            health.probing = asyncio.create_task(self._probe(health), name=f"probe {health.definition.name}")
        return health.probing

    async def _check(self, health: Health, within_s: float, *, anew: bool) -> str | None:
        why: str | None = None
        try:
            async with asyncio.timeout(within_s):
                storage = await self._storage(health, anew=anew)
                await storage.run(check_writable, storage.client)
        except TimeoutError:
            why = f"the store does not answer within {within_s:g} s"
        except PenstockError as error:
            why = error_reason(error)
        self._note(health, why)
        return why

    async def _probe(self, health: Health) -> None:
        """Its verdict; none where a request of it came to nothing: it is repeated, and until then one writes alone."""
        name = health.definition.name
        try:
            async with asyncio.timeout(PROBE_WITHIN_S):
                storage = await self._storage(health)
                warning = await storage.run(probe_conditional_puts, storage.client)
        except (TimeoutError, PenstockError) as error:
            log.info("destination %s was not probed this time: %s", name, error_reason(error))
            health.probe_retry = health.probe_retry.after_failure(self._clock.monotonic())
            return
        health.probe_retry = RetrySchedule()
        health.writing, health.warning = ("concurrent", None) if warning is None else ("single", warning)
        if warning is not None:
            log.warning("destination %s is written by one process alone: %s", name, warning)
        self._show(health)

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
        health.retry = RetrySchedule() if why is None else health.retry.after_failure(self._clock.monotonic())
        self._show(health)

    def _show(self, health: Health) -> None:
        is_up, is_single_writer = health.state == "ok", health.writing == "single"
        self._gauges.show(health.definition.name, is_up=is_up, is_single_writer=is_single_writer)
