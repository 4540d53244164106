"""Services with their versions and what was seen of them, read in three queries however many there are."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

import sqlalchemy
from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, col, select

from controller.domain.services import traffic
from controller.domain.services.status import (
    ACTIVE,
    SERVING,
    DesiredState,
    Observation,
    ServiceStatus,
    VersionStatus,
    service_status,
    version_status,
)
from controller.store.tables import ObservationRow, ServiceRow, VersionRow
from shared.errors import NotFound


@dataclass
class StoredVersion:
    """A version and its last observation."""

    row: VersionRow
    seen: ObservationRow | None = None

    @property
    def observation(self) -> Observation | None:
        """What was seen, as the domain reads it."""
        seen = self.seen
        return None if seen is None else Observation(seen.generation, seen.phase, seen.ready_replicas, seen.was_ready)

    @property
    def status(self) -> VersionStatus:
        """Derived status."""
        return version_status(DesiredState(self.row.wanted), self.row.generation, self.replicas, self.observation)

    @property
    def replicas(self) -> int:
        """Desired pods: the scheduler's last report for an autoscaled version, else the configured number."""
        seen = self.seen
        if self.row.autoscaling is None or seen is None or seen.desired_replicas is None or not self.is_current:
            return self.row.replicas
        return seen.desired_replicas

    @property
    def capacity(self) -> traffic.PodCapacity:
        """Ready pods and wanted ones, where the load decides; a fixed number keeps its share while one restarts."""
        if self.row.autoscaling is None or self.seen is None or not self.is_current:
            return traffic.PodCapacity(1, 1)
        return traffic.PodCapacity(self.seen.ready_replicas, self.replicas)

    @property
    def is_current(self) -> bool:
        """Whether what was seen speaks of the present intent."""
        return self.seen is not None and self.seen.generation == self.row.generation


@dataclass
class StoredService:
    """A service and its versions, oldest first."""

    row: ServiceRow
    versions: list[StoredVersion] = field(default_factory=list)

    @property
    def status(self) -> ServiceStatus:
        """Derived status."""
        return service_status(version.status for version in self.versions)

    def version(self, name: str) -> StoredVersion:
        """The version of that name; `NotFound` names it."""
        found = next((version for version in self.versions if version.row.name == name), None)
        if found is None:
            raise NotFound(f"Service {self.row.name!r} has no version {name[:64]!r}")
        return found

    def active(self) -> list[StoredVersion]:
        """Versions that count against the limit and may have weight."""
        return [version for version in self.versions if version.status in ACTIVE]

    def sibling(self) -> StoredVersion | None:
        """The version that a further one is likened to: the latest active one, else the newest; None: no version."""
        return next(reversed(self.active() or self.versions), None)

    def weights(self) -> dict[str, int]:
        """Shares of the active versions, 100 in all: the others have what one that has failed had, in proportion."""
        started = {each.row.name: each.row.weight for each in self.versions if each.row.wanted == DesiredState.STARTED}
        return traffic.active_weights(started, [version.row.name for version in self.active()])

    def effective_weights(self) -> dict[str, int]:
        """Weights of the active versions as routers get them."""
        serving = {version.row.name: version.capacity for version in self.versions if version.status in SERVING}
        return traffic.within_capacity(traffic.effective_weights(self.weights(), serving), serving)


async def load_service(session: AsyncSession, name: str, *, for_update: bool = False) -> StoredService:
    """A service by name, locked against other writers where asked; `NotFound` names it."""
    query = select(ServiceRow).where(ServiceRow.name == name)
    row = (await session.scalars(query.with_for_update() if for_update else query)).one_or_none()
    if row is None:
        raise NotFound(f"There is no service {name[:64]!r}")
    (service,) = await with_versions(session, [row])
    return service


async def load_services(session: AsyncSession, names: Sequence[str] | None = None) -> list[StoredService]:
    """All services, or those of `names` that exist."""
    query = select(ServiceRow).order_by(col(ServiceRow.id))
    if names is not None:
        query = query.where(col(ServiceRow.name).in_(names))
    return await with_versions(session, (await session.scalars(query)).all())


async def read_services(session: AsyncSession, names: Sequence[str] | None = None) -> list[StoredService]:
    """As `load_services`, for looking only: plain tuples in place of records, in a quarter of the time.

    Read in portions: a request waits for one of them, not for all services.
    """
    chosen = (col(ServiceRow.name).in_(names),) if names is not None else ()
    services = _plain(ServiceRow).where(*chosen).order_by(col(ServiceRow.id))
    versions = _plain(VersionRow).order_by(col(VersionRow.id))
    seen = _plain(ObservationRow)
    if names is not None:
        versions = versions.join(ServiceRow).where(*chosen)
        seen = seen.join(VersionRow).join(ServiceRow).where(*chosen)
    seen_of = {row.version_id: cast(ObservationRow, row) async for row in _in_portions(session, seen)}
    by_service: dict[UUID, list[StoredVersion]] = defaultdict(list)
    async for row in _in_portions(session, versions):
        by_service[row.service_id].append(StoredVersion(cast(VersionRow, row), seen_of.get(row.id)))
    return [StoredService(cast(ServiceRow, row), by_service[row.id]) async for row in _in_portions(session, services)]


PORTION = 200
"""Rows between two looks at the event loop: a few milliseconds."""


async def _in_portions(session: AsyncSession, query: Select[Any]) -> AsyncIterator[Any]:
    """All rows come at once; to make Python's objects of them takes longest, and is done when they are asked for.

    Not out of a cursor of the server's, which whoever is cancelled leaves open.
    """
    connection = await session.connection()  # a session would make all of them before it gives out the first
    for rows in (await connection.execute(query)).partitions(PORTION):
        for row in rows:
            yield row
        await asyncio.sleep(0)


def _plain(kind: type[SQLModel]) -> Select[Any]:
    """Every column of a table under the name of its field."""
    return sqlalchemy.select(*(getattr(kind, name).label(name) for name in kind.model_fields))


async def destinations(session: AsyncSession) -> list[tuple[str, str]]:
    """Service and destination of every version that names one."""
    rows = await session.execute(
        select(ServiceRow.name, VersionRow.log_delivery).join(VersionRow, col(VersionRow.service_id) == ServiceRow.id)
    )
    return [(name, stored["destination"]) for name, stored in rows if stored.get("destination")]


async def load_version(session: AsyncSession, version_id: UUID) -> tuple[ServiceRow, StoredVersion] | None:
    """A version by id with its service, or None when it is gone."""
    version = await session.get(VersionRow, version_id)
    if version is None:
        return None
    service = await session.get_one(ServiceRow, version.service_id)
    return service, StoredVersion(version, await session.get(ObservationRow, version_id))


async def lock_version(session: AsyncSession, version_id: UUID) -> tuple[ServiceRow, VersionRow] | None:
    """A version by id with its service, locked against other writers, or None when it is gone."""
    owner = select(ServiceRow).join(VersionRow).where(VersionRow.id == version_id)
    service = (await session.scalars(owner.with_for_update(of=ServiceRow))).one_or_none()
    if service is None:
        return None
    version = await session.get(VersionRow, version_id, populate_existing=True)
    return None if version is None else (service, version)


async def with_versions(session: AsyncSession, rows: Sequence[ServiceRow]) -> list[StoredService]:
    """`rows` with their versions and observations."""
    ids = [row.id for row in rows]
    versions = (
        await session.execute(
            select(VersionRow, ObservationRow)
            .outerjoin(ObservationRow, col(ObservationRow.version_id) == col(VersionRow.id))
            .where(col(VersionRow.service_id).in_(ids))
            .order_by(col(VersionRow.id))
        )
    ).all()
    by_service: dict[UUID, list[StoredVersion]] = defaultdict(list)
    for version, seen in versions:
        by_service[version.service_id].append(StoredVersion(version, seen))
    return [StoredService(row, by_service[row.id]) for row in rows]
