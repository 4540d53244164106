"""Resource groups, who may use them, their nodes, and which service each is bound to."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from controller.store.tables import GroupProjectRow, GroupRow, NodeRow, ServiceRow, VersionRow
from shared.errors import NotFound


@dataclass(frozen=True)
class StoredGroup:
    """A group with all that belongs to it; `services`: whose versions name it (one, or none)."""

    row: GroupRow
    projects: tuple[str, ...]
    nodes: tuple[NodeRow, ...]
    services: tuple[str, ...]


async def load_group(session: AsyncSession, name: str, *, for_update: bool = False) -> GroupRow:
    """A group by name; `NotFound` names it."""
    query = select(GroupRow).where(GroupRow.name == name)
    row = (await session.scalars(query.with_for_update() if for_update else query)).one_or_none()
    if row is None:
        raise NotFound(f"There is no resource group {name[:64]!r}")
    return row


async def lock_groups(session: AsyncSession) -> None:
    """Wait for whoever else reserves something of the machine, until this transaction ends."""
    await session.scalars(select(GroupRow).order_by(col(GroupRow.id)).with_for_update())


async def whole_groups(session: AsyncSession, rows: Sequence[GroupRow]) -> list[StoredGroup]:
    """Everything that belongs to these groups, in their order."""
    ids = [row.id for row in rows]
    grants = (
        select(GroupProjectRow).where(col(GroupProjectRow.group_id).in_(ids)).order_by(col(GroupProjectRow.project))
    )
    nodes = select(NodeRow).where(col(NodeRow.group_id).in_(ids)).order_by(col(NodeRow.name))
    granted = (await session.scalars(grants)).all()
    found = (await session.scalars(nodes)).all()
    users = await users_of_groups(session, [row.name for row in rows])
    return [
        StoredGroup(
            row,
            tuple(grant.project for grant in granted if grant.group_id == row.id),
            tuple(node for node in found if node.group_id == row.id),
            users.get(row.name, ()),
        )
        for row in rows
    ]


async def whole_group(session: AsyncSession, row: GroupRow) -> StoredGroup:
    """Everything that belongs to one group."""
    (whole,) = await whole_groups(session, [row])
    return whole


async def page_of_groups(
    session: AsyncSession, visible: Collection[str] | None, after: str | None, size: int, search: str | None = None
) -> list[GroupRow]:
    """Up to `size` groups by name, those after `after`; those that `visible` projects may use, where given."""
    query = select(GroupRow).order_by(col(GroupRow.name)).limit(size)
    if visible is not None:
        granted = select(GroupProjectRow.group_id).where(col(GroupProjectRow.project).in_(visible))
        query = query.where(col(GroupRow.id).in_(granted))
    if after is not None:
        query = query.where(col(GroupRow.name) > after)
    if search is not None:
        query = query.where(col(GroupRow.name).contains(search, autoescape=True))
    return list((await session.scalars(query)).all())


async def is_granted(session: AsyncSession, group: UUID, project: str) -> bool:
    """Whether services of `project` may use the group."""
    return await session.get(GroupProjectRow, (group, project)) is not None


async def grants_of_group(session: AsyncSession, group: UUID) -> Sequence[GroupProjectRow]:
    """Who may use the group."""
    return (await session.scalars(select(GroupProjectRow).where(GroupProjectRow.group_id == group))).all()


async def grants_of_project(session: AsyncSession, project: str) -> Sequence[GroupProjectRow]:
    """Groups that services of a project may use."""
    return (await session.scalars(select(GroupProjectRow).where(GroupProjectRow.project == project))).all()


async def users_of_groups(session: AsyncSession, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Group → services with a version that names it, or would be rolled back to one that does."""
    rolled_back_to = col(VersionRow.last_good)["resource_group"].as_string()
    query = (
        select(ServiceRow.name, VersionRow.resource_group, rolled_back_to)
        .join(VersionRow, col(VersionRow.service_id) == col(ServiceRow.id))
        .where(or_(col(VersionRow.resource_group).in_(names), rolled_back_to.in_(names)))
    )
    found: dict[str, set[str]] = {name: set() for name in names}
    for service, now, before in (await session.execute(query)).all():
        for name in {now, before} & found.keys():
            found[name].add(service)
    return {name: tuple(sorted(services)) for name, services in found.items()}


async def lock_users(session: AsyncSession, name: str) -> None:
    """Wait for whoever else edits the service that the group is bound to, until this transaction ends."""
    users = (await users_of_groups(session, [name]))[name]
    query = select(ServiceRow).where(col(ServiceRow.name).in_(users)).order_by(col(ServiceRow.id))
    await session.scalars(query.with_for_update())


async def versions_of_group(session: AsyncSession, name: str) -> Sequence[VersionRow]:
    """Versions that name the group, or would be rolled back to what does."""
    before = col(VersionRow.last_good)["resource_group"].as_string()
    query = select(VersionRow).where(or_(col(VersionRow.resource_group) == name, before == name))
    return (await session.scalars(query.order_by(col(VersionRow.id)))).all()


async def every_node(session: AsyncSession) -> list[tuple[NodeRow, GroupRow]]:
    """Every node with its group, by name."""
    query = select(NodeRow, GroupRow).join(GroupRow, col(GroupRow.id) == col(NodeRow.group_id))
    return [(node, group) for node, group in (await session.execute(query.order_by(col(NodeRow.name)))).all()]


async def load_node(session: AsyncSession, group: GroupRow, name: str, *, for_update: bool = False) -> NodeRow:
    """A node of a group; `NotFound` names it."""
    query = select(NodeRow).where(NodeRow.group_id == group.id, NodeRow.name == name)
    row = (await session.scalars(query.with_for_update() if for_update else query)).one_or_none()
    if row is None:
        raise NotFound(f"Resource group {group.name!r} has no node {name[:64]!r}")
    return row


async def nodes_due(session: AsyncSession, by: datetime) -> list[NodeRow]:
    """Nodes that are being released, or expire before `by`, in the order in which they joined."""
    is_expiring = col(NodeRow.expires_at).is_not(None) & (col(NodeRow.expires_at) <= by)
    query = select(NodeRow).where(or_(col(NodeRow.phase) == "releasing", is_expiring)).order_by(col(NodeRow.id))
    return list((await session.scalars(query)).all())
