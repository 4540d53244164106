"""Destinations of inference tables."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import or_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from controller.domain.inference_tables.locations import S3, UsableDestination, nearest_destination, place_of
from controller.store.tables import DestinationRow, SecretRow, ServiceRow, VersionRow
from shared.errors import NotFound


async def load_destination(session: AsyncSession, name: str, *, for_update: bool = False) -> DestinationRow:
    """A destination by name; `NotFound` names it."""
    row = await session.get(DestinationRow, name, with_for_update=for_update)
    if row is None:
        raise NotFound(f"There is no destination {name[:64]!r}")
    return row


async def every_destination(session: AsyncSession, visible: Collection[str] | None = None) -> list[DestinationRow]:
    """All of them by name; the installation's and those of `visible` projects only, where given."""
    query = select(DestinationRow).order_by(col(DestinationRow.name))
    if visible is not None:
        query = query.where(or_(col(DestinationRow.project).is_(None), col(DestinationRow.project).in_(visible)))
    return list((await session.scalars(query)).all())


async def usable_destinations(session: AsyncSession) -> list[UsableDestination]:
    """All of them, held until the transaction ends: none is removed while a version begins to use it."""
    rows = (await session.scalars(select(DestinationRow).with_for_update(read=True))).all()
    return [usable(row) for row in rows]


@dataclass(frozen=True)
class ReadThrough:
    """Whether a location is read with the credentials of one destination."""

    destination: str
    every: Sequence[UsableDestination]

    @classmethod
    async def load(cls, session: AsyncSession, destination: str) -> ReadThrough:
        """As destinations are now."""
        return cls(destination, [usable(row) for row in await every_destination(session)])

    def __call__(self, location: str | None) -> bool:
        """True for a location below this destination and no nearer one."""
        if location is None or not location.startswith(S3):
            return False
        nearest = nearest_destination(place_of(location), self.every)
        return nearest is not None and nearest.name == self.destination


def usable(row: DestinationRow) -> UsableDestination:
    """As decisions know it."""
    return UsableDestination(row.name, row.url, row.project)


async def with_secrets(session: AsyncSession) -> list[tuple[DestinationRow, int]]:
    """All of them, each with the revision of its secret; 0 for none."""
    query = (
        select(DestinationRow, SecretRow.revision)
        .join(SecretRow, col(SecretRow.name) == col(DestinationRow.secret), isouter=True)
        .order_by(col(DestinationRow.name))
    )
    return [(row, revision or 0) for row, revision in (await session.execute(query)).all()]


async def destinations_with(session: AsyncSession, secret: str) -> list[str]:
    """Destinations that a secret opens; at most five."""
    query = (
        select(DestinationRow.name).where(DestinationRow.secret == secret).order_by(col(DestinationRow.name)).limit(5)
    )
    return list((await session.scalars(query)).all())


async def users_of_destination(session: AsyncSession, name: str) -> list[str]:
    """Versions whose tables lie in a destination, as `<service>/<version>`; at most five."""
    all_of_them = [usable(row) for row in await every_destination(session)]
    query = (
        select(ServiceRow.name, VersionRow.name, VersionRow.log_delivery)
        .join(VersionRow, col(VersionRow.service_id) == col(ServiceRow.id))
        .order_by(col(VersionRow.id))
    )
    found = []
    for service, version, delivery in (await session.execute(query)).all():
        url = delivery.get("destination")
        nearest = nearest_destination(place_of(url), all_of_them) if url else None
        if nearest is not None and nearest.name == name:
            found.append(f"{service}/{version}")
    return found[:5]
