"""The catalogue of resource specs."""

from __future__ import annotations

from sqlalchemy import and_, or_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from controller.store.tables import ServiceRow, SpecRow, VersionRow
from shared.contracts.deployment import Resources
from shared.errors import Detail, InvalidInput, NotFound


async def every_spec(session: AsyncSession) -> list[SpecRow]:
    """All of them, smallest first."""
    query = select(SpecRow).order_by(col(SpecRow.gpu), col(SpecRow.cpu), col(SpecRow.memory_gb), col(SpecRow.name))
    return list((await session.scalars(query)).all())


async def load_spec(session: AsyncSession, name: str, *, for_update: bool = False) -> SpecRow:
    """A spec by name; `NotFound` names it."""
    row = await session.get(SpecRow, name, with_for_update=for_update)
    if row is None:
        raise NotFound(f"There is no resource spec {name[:64]!r}")
    return row


async def resources_of(session: AsyncSession, name: str) -> Resources:
    """What one pod of this spec may use; `InvalidInput` names a spec that is not in the catalogue.

    It is held until the transaction ends: no size is changed, and no spec removed, while a version begins to use it.
    """
    spec = await session.get(SpecRow, name, with_for_update={"read": True})
    if spec is None:
        known = ", ".join(each.name for each in await every_spec(session))
        raise InvalidInput(
            f"There is no resource spec {name[:64]!r}; there are {known}",
            (Detail(("resource_source", "spec"), "unknown spec"),),
        )
    return Resources(spec=spec.name, cpu=spec.cpu, memory_gb=spec.memory_gb, gpu=spec.gpu, gpu_kind=spec.gpu_kind)


async def price_of(session: AsyncSession, name: str) -> float:
    """Price of one pod for one hour; 0 for what the catalogue does not price, such as a group's own nodes."""
    spec = await session.get(SpecRow, name)
    return spec.price_per_hour if spec else 0.0


async def users_of_spec(session: AsyncSession, name: str) -> list[str]:
    """Versions that use a spec, or would be rolled back to it, as `<service>/<version>`; at most five."""
    good = col(VersionRow.last_good)
    is_now = and_(col(VersionRow.spec) == name, col(VersionRow.resource_group).is_(None))
    is_good = and_(good["spec"].as_string() == name, good["resource_group"].as_string().is_(None))
    query = (
        select(ServiceRow.name, VersionRow.name)
        .join(VersionRow, col(VersionRow.service_id) == col(ServiceRow.id))
        .where(or_(is_now, is_good))
        .order_by(col(VersionRow.id))
        .limit(5)
    )
    return [f"{service}/{version}" for service, version in (await session.execute(query)).all()]
