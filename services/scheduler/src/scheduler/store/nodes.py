"""Nodes of resource groups, as the controller last listed them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import select

from scheduler.store.tables import ResourceNodeRow
from shared.contracts.nodes import Node


async def node_rows(session: AsyncSession) -> Sequence[ResourceNodeRow]:
    """Every node, those that were released included."""
    return (await session.execute(select(ResourceNodeRow))).scalars().all()


async def list_nodes(session: AsyncSession) -> list[Node]:
    """Every node that is there."""
    return [Node.model_validate(row.node) for row in await node_rows(session) if row.node]


async def store_node(session: AsyncSession, node: Node) -> bool:
    """Store the intent where it is newer than what is known; whether it was."""
    row = await session.get(ResourceNodeRow, node.id)
    if row is None:
        session.add(ResourceNodeRow(id=node.id, generation=node.generation, node=node.model_dump(mode="json")))
        return True
    if row.node is None or row.generation >= node.generation:
        return False
    row.generation, row.node = node.generation, node.model_dump(mode="json")
    return True


async def release_node(session: AsyncSession, node: UUID) -> None:
    """Note that a node is released, for good, whether or not it was ever heard of."""
    row = await session.get(ResourceNodeRow, node)
    if row is None:
        session.add(ResourceNodeRow(id=node, generation=0))
    else:
        row.node = None
