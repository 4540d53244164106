"""Publishes versions that follow an alias anew once it has moved.

Each registry has a task of its own: one that is slow or away delays only the versions that are published from it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta

from controller.domain.names import PLATFORM_ACTOR
from controller.domain.services.version_commands import ModelSource
from controller.handlers.registries.registries import ModelRegistries
from controller.handlers.services import followed_aliases, observations
from controller.handlers.unit_of_work import InstallationLimits, UnitOfWork
from controller.loops.failures import AWAY
from controller.store.audit import Actor, audit_changes
from controller.store.services.followed_aliases import AliasFollower, FollowedAlias, alias_followers
from shared.clock import Clock
from shared.database import Database
from shared.errors import PenstockError, Unavailable, describe_error

log = logging.getLogger(__name__)

MAX_REGISTRIES_PER_PROJECT = 4
"""Registries of one project that are read at once; the platform's own one has no such limit."""


class AliasLoop:
    """Publishes anew what follows an alias that has moved; a registry that does not answer changes nothing."""

    def __init__(
        self,
        database: Database,
        registries: ModelRegistries,
        clock: Clock,
        interval: timedelta,
        *,
        limits: InstallationLimits,
        routes_changed: observations.RoutesChanged,
    ) -> None:
        self._database = database
        self._registries = registries
        self._clock = clock
        self._interval_s = interval.total_seconds()
        self._limits = limits
        self._routes_changed = routes_changed
        self._running: set[str | None] = set()
        self._slots: defaultdict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(MAX_REGISTRIES_PER_PROJECT)
        )

    async def run(self) -> None:
        """Every `interval`, read each registry that is not being read already; until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                try:
                    due = await self._by_registry()
                except AWAY as failure:
                    log.warning("followed aliases not read: %s", describe_error(failure))
                    due = {}
                for registry in due.keys() - self._running:
                    self._running.add(registry)
                    group.create_task(self._guarded(registry, due[registry]), name=f"following {registry or 'own'}")
                await self._clock.sleep(self._interval_s)

    async def run_once(self) -> int:
        """Read every alias that is followed; returns how many versions were published anew."""
        due = await self._by_registry()
        passes = [self._follow_registry(registry, found) for registry, found in due.items()]
        done = await asyncio.gather(*passes, return_exceptions=True)
        for result in done:
            if isinstance(result, BaseException):
                raise result
        return sum(moved for moved in done if isinstance(moved, int))

    async def _by_registry(self) -> Mapping[str | None, Sequence[AliasFollower]]:
        async with self._database.read() as session:
            found = await alias_followers(session)
        due: defaultdict[str | None, list[AliasFollower]] = defaultdict(list)
        for follower in found:
            due[follower.source.registry].append(follower)
        return due

    async def _guarded(self, registry: str | None, found: Sequence[AliasFollower]) -> None:
        try:
            await self._follow_registry(registry, found)
        except AWAY as failure:
            log.warning("aliases of %s not read: %s", registry or "MLflow", describe_error(failure))
        finally:
            self._running.discard(registry)

    async def _follow_registry(self, registry: str | None, found: Sequence[AliasFollower]) -> int:
        """Every alias of one registry; `Unavailable` ends it, since the next query would wait as long."""
        if registry is None:
            return await self._follow_each(found)
        async with self._slots[found[0].project]:
            return await self._follow_each(found)

    async def _follow_each(self, found: Sequence[AliasFollower]) -> int:
        moved = 0
        for source in dict.fromkeys(each.source for each in found):
            try:
                moved += await self._follow(source, [each for each in found if each.source == source])
            except Unavailable:
                raise
            except PenstockError as failure:
                log.warning("alias %s of model %s is not followed: %s", source.alias, source.model, failure)
        return moved

    async def _follow(self, source: FollowedAlias, found: Sequence[AliasFollower]) -> int:
        async with self._registries.open(source.registry, found[0].project) as registry:
            target = await registry.alias_version(source.model, source.alias)
            behind = [follower for follower in found if follower.model_version != target]
            if not behind:
                return 0
            resolved = await registry.resolve(ModelSource(kind="mlflow", model=source.model, version=target))
        moved = 0
        for follower in behind:
            async with self._database.unit_of_work() as session:
                now = self._clock.now()
                audit_changes(session, Actor(PLATFORM_ACTOR, "follow_alias", ""), now)
                unit = UnitOfWork(session, now, PLATFORM_ACTOR, self._limits, self._routes_changed)
                moved += await followed_aliases.republish_version(unit, follower, resolved)
        return moved
