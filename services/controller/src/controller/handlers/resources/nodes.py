"""Use cases of nodes: each change makes a new generation of the node's intent, in the same transaction."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from controller.domain.commands import require_future
from controller.domain.names import taken
from controller.domain.resources.groups import (
    NewNode,
    NodeChange,
    NodePhase,
    backend_name,
    expires_soon,
    is_empty,
    node_intent,
    require_backend,
)
from controller.handlers.unit_of_work import UnitOfWork
from controller.store.resources.groups import every_node, lock_groups
from controller.store.tables import GroupRow, NodeRow
from shared.bus.outbox import publish
from shared.contracts.nodes import NodeState, NodeStateList, ReadyBackends
from shared.errors import Conflict
from shared.events.node import NodeAdded, NodeReleased, NodeUpdated

log = logging.getLogger("penstock.controller.nodes")

_TINY = 1e-9


async def add_node(unit: UnitOfWork, group: GroupRow, command: NewNode, there: ReadyBackends) -> NodeRow:
    """Reserve a share of the machine of the group's backend; `Conflict` where it has not so much that is free."""
    require_future(command.expires_at, unit.now)
    await lock_groups(unit.session)
    machine = require_backend(backend_name(group.backend), there)
    every = await every_node(unit.session)
    if any(node.name == command.name for node, _ in every):
        raise taken(f"There is already a node {command.name!r}")
    own = backend_name(group.backend)
    nodes = [node for node, owner in every if not there.are_apart(backend_name(owner.backend), own)]
    for what, unit_name in (("cpu", "cores"), ("memory_gb", "GiB"), ("gpu", "GPUs")):
        left = getattr(machine, what) - sum(getattr(node, what) for node in nodes)
        if getattr(command, what) > left + _TINY:
            raise Conflict(
                f"Machine {machine.name!r} has {max(left, 0):.6g} {unit_name} left that no node reserves, "
                f"not {getattr(command, what):g}"
            )
    row = NodeRow(
        **command.model_dump(),
        group_id=group.id,
        machine=machine.name,
        creator=unit.actor,
        joined_at=unit.now,
        created_at=unit.now,
        updated_at=unit.now,
    )
    unit.session.add(row)
    await unit.session.flush()
    await publish(unit.session, NodeAdded(node=node_intent(row, group), actor=unit.actor))
    return row


async def change_node(unit: UnitOfWork, node: NodeRow, change: NodeChange) -> None:
    """Apply the fields that `change` names; the scheduler needs to know of none of them."""
    for name, value in change.model_dump(exclude_unset=True).items():
        setattr(node, name, value)
    if change.model_fields_set:
        _touch(unit, node)


async def isolate_node(unit: UnitOfWork, group: GroupRow, node: NodeRow) -> None:
    """No new pods; those that are there stay."""
    _refuse_released(node)
    await _set_columns(unit, group, node, "isolated", phase=NodePhase.ISOLATED, is_forced=False)


async def resume_node(unit: UnitOfWork, group: GroupRow, node: NodeRow) -> None:
    """Let pods come again."""
    _refuse_released(node)
    if node.is_expired:
        raise Conflict(f"Node {node.name!r} has expired: renew it")
    await _set_columns(unit, group, node, "resumed", phase=NodePhase.ACTIVE, is_forced=False)


async def drain_node(unit: UnitOfWork, group: GroupRow, node: NodeRow, *, is_forced: bool) -> None:
    """Have its pods leave: each once another one stands in for it, or at once."""
    _refuse_released(node)
    await _set_columns(unit, group, node, "draining", phase=NodePhase.DRAINING, is_forced=is_forced)


async def release_node(unit: UnitOfWork, group: GroupRow, node: NodeRow, *, is_forced: bool) -> None:
    """Have its pods leave, and then the node its group."""
    await _set_columns(unit, group, node, "releasing", phase=NodePhase.RELEASING, is_forced=is_forced)


async def renew_node(unit: UnitOfWork, group: GroupRow, node: NodeRow, expires_at: datetime | None) -> None:
    """Keep it until then (None: for good); one that had expired takes pods again."""
    _refuse_released(node)
    require_future(expires_at, unit.now)
    was_expired, node.expires_at, node.is_warned = node.is_expired, expires_at, False
    _touch(unit, node)
    if was_expired:
        await _set_columns(unit, group, node, "renewed", is_expired=False)


async def move_node(unit: UnitOfWork, group: GroupRow, node: NodeRow, to: GroupRow, there: NodeStateList) -> None:
    """Hand a node on which there is no pod to another group of its machine; it is as ready there as it was here."""
    _refuse_released(node)
    if group.id == to.id:
        return
    machine = require_backend(backend_name(to.backend), there)
    if there.are_apart(backend_name(group.backend), backend_name(to.backend)):
        raise Conflict(
            f"Node {node.name!r} is a share of {node.machine!r}, and the pods of resource group {to.name!r} run on "
            f"{machine.name!r}"
        )
    if not is_empty(node, next((each for each in there.items if each.id == node.id), None)):
        raise Conflict(f"There are pods on node {node.name!r}: drain it first")
    await _set_columns(unit, to, node, "moved", group_id=to.id)


async def advance_node(unit: UnitOfWork, group: GroupRow, node: NodeRow, seen: NodeState | None) -> bool:
    """Expire a node, warn of its expiry, or remove it once it is released and empty; True if anything changed."""
    if node.phase == NodePhase.RELEASING:
        return await _advance_release(unit, group, node, seen)
    if node.expires_at is not None and node.expires_at <= unit.now and not node.is_expired:
        log.warning("node %s of resource group %s has expired: it takes no more pods", node.name, group.name)
        await _set_columns(unit, group, node, "expired", is_expired=True)
        return True
    if expires_soon(node, unit.now) and not node.is_warned and not node.is_expired:
        log.warning("node %s of resource group %s expires at %s", node.name, group.name, node.expires_at)
        node.is_warned = True
        return True
    return False


async def _advance_release(unit: UnitOfWork, group: GroupRow, node: NodeRow, seen: NodeState | None) -> bool:
    if not is_empty(node, seen):
        return False
    await publish(unit.session, NodeReleased(node=node_intent(node, group), actor=unit.actor))
    await unit.session.delete(node)
    return True


async def _set_columns(unit: UnitOfWork, group: GroupRow, node: NodeRow, reason: str, **columns: Any) -> None:
    """Set `columns` and publish the new intent; nothing happens where they have these values."""
    if all(getattr(node, name) == value for name, value in columns.items()):
        return
    for name, value in columns.items():
        setattr(node, name, value)
    node.generation += 1
    _touch(unit, node)
    await publish(unit.session, NodeUpdated(node=node_intent(node, group), actor=unit.actor, reason=reason))


def _touch(unit: UnitOfWork, node: NodeRow) -> None:
    node.revision += 1
    node.updated_at = unit.now


def _refuse_released(node: NodeRow) -> None:
    if node.phase == NodePhase.RELEASING:
        raise Conflict(f"Node {node.name!r} is being released")
