"""`/resource-groups/{g}/nodes`: what is done with the nodes of a group, and how they are doing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field

from controller.api.dependencies import Actor, ApiDependencies, CurrentPrincipal, Dependencies, IfMatch, json_answer
from controller.api.idempotency import PostRequest, no_preparation
from controller.api.pagination import Page
from controller.api.resources.groups import Capacity, GroupPath, capacity_of, visible_group
from controller.domain.resources.groups import (
    BillingMode,
    Leave,
    Move,
    NewNode,
    NodeChange,
    NodeStatus,
    Renewal,
    expires_soon,
    node_status,
    takes_pods,
)
from controller.handlers.resources import nodes
from controller.handlers.unit_of_work import UnitOfWork, require_revision
from controller.store.resources.groups import load_group, load_node, whole_group
from controller.store.tables import GroupRow, NodeRow
from shared.contracts.nodes import GpuKind, NodeState, NodeStateList
from shared.contracts.rpc.method import Nothing
from shared.contracts.rpc.scheduler import NODES
from shared.errors import PenstockError

router = APIRouter(tags=["resource groups"])

NodePath = Annotated[str, Path(max_length=63)]
Seen = dict[UUID, NodeState]
Change = Callable[[UnitOfWork, GroupRow, NodeRow], Awaitable[None]]


class NodeView(BaseModel):
    """A node. `allocatable`: what its pods may ask for together (nothing where none may come); `allocated`: what those
    that are there ask for, null (as `pods`) while the scheduler does not answer. `expires_soon`: within a week."""

    id: UUID
    name: str
    group: str
    machine: str
    capacity: Capacity
    allocatable: Capacity
    allocated: Capacity | None
    pods: int | None
    gpu_kinds: list[GpuKind] = Field(
        description="What its GPUs are, and how many no pod has; of a share of a machine all that the machine has."
    )
    status: NodeStatus
    billing_mode: BillingMode
    console_url: str | None
    expires_at: datetime | None
    expires_soon: bool
    joined_at: datetime
    creator: str
    created_at: datetime
    updated_at: datetime
    revision: int


@router.get("/resource-groups/{group}/nodes", response_model=Page[NodeView])
async def list_nodes(group: GroupPath, deps: Dependencies, principal: CurrentPrincipal) -> Page[NodeView]:
    """Nodes of a group, by name."""
    async with deps.read_session() as session:
        row = await visible_group(session, group, principal)
        found = (await whole_group(session, row)).nodes
    seen = await _seen(deps)
    return Page(items=[_view(deps, row.name, node, seen) for node in found])


@router.post("/resource-groups/{group}/nodes", status_code=201, response_model=NodeView)
async def add_node(group: GroupPath, command: NewNode, post: PostRequest) -> Response:
    """Reserve a share of the machine for the group; 409 where it has no more. Needs an administrator."""

    async def machine() -> NodeStateList:
        return await post.deps.call(NODES, Nothing(), NodeStateList)

    async def work(unit: UnitOfWork, there: NodeStateList) -> NodeView:
        row = await load_group(unit.session, group)
        node = await nodes.add_node(unit, row, command, there)
        return _view(post.deps, row.name, node, {each.id: each for each in there.items})

    return await post.run_once(command, work, machine)


@router.get("/resource-groups/{group}/nodes/{node}", response_model=NodeView)
async def read_node(group: GroupPath, node: NodePath, deps: Dependencies, principal: CurrentPrincipal) -> Response:
    """One node."""
    async with deps.read_session() as session:
        row = await visible_group(session, group, principal)
        found = await load_node(session, row, node)
    return json_answer(_view(deps, row.name, found, await _seen(deps)))


@router.patch("/resource-groups/{group}/nodes/{node}", response_model=NodeView)
async def change_node(
    group: GroupPath, node: NodePath, change: NodeChange, *, deps: Dependencies, actor: Actor, allowed: IfMatch
) -> Response:
    """Edit how it is paid for and where its provider shows it. Needs an administrator."""
    seen = await _seen(deps)
    async with deps.unit_of_work(actor) as unit:
        row = await load_group(unit.session, group)
        found = await load_node(unit.session, row, node, for_update=True)
        require_revision(allowed, found.revision)
        await nodes.change_node(unit, found, change)
        return json_answer(_view(deps, row.name, found, seen))


@router.post("/resource-groups/{group}/nodes/{node}/isolate", status_code=200, response_model=NodeView)
async def isolate_node(group: GroupPath, node: NodePath, post: PostRequest) -> Response:
    """No new pods; those that are there stay. Needs an administrator."""
    return await _changed(post, group, node, nodes.isolate_node)


@router.post("/resource-groups/{group}/nodes/{node}/resume", status_code=200, response_model=NodeView)
async def resume_node(group: GroupPath, node: NodePath, post: PostRequest) -> Response:
    """Let pods come again. Needs an administrator."""
    return await _changed(post, group, node, nodes.resume_node)


@router.post("/resource-groups/{group}/nodes/{node}/drain", status_code=202, response_model=NodeView)
async def drain_node(group: GroupPath, node: NodePath, post: PostRequest, asked: Leave | None = None) -> Response:
    """Have its pods leave: each once another one stands in for it, or at once by `force`. Needs an administrator."""

    async def drain(unit: UnitOfWork, row: GroupRow, found: NodeRow) -> None:
        await nodes.drain_node(unit, row, found, is_forced=asked is not None and asked.force)

    return await _changed(post, group, node, drain, command=asked, status_code=202)


@router.post("/resource-groups/{group}/nodes/{node}/release", status_code=202, response_model=NodeView)
async def release_node(group: GroupPath, node: NodePath, post: PostRequest, asked: Leave | None = None) -> Response:
    """Drain it; once there is no pod on it, it is gone. Needs an administrator."""

    async def release(unit: UnitOfWork, row: GroupRow, found: NodeRow) -> None:
        await nodes.release_node(unit, row, found, is_forced=asked is not None and asked.force)

    return await _changed(post, group, node, release, command=asked, status_code=202)


@router.post("/resource-groups/{group}/nodes/{node}/renew", status_code=200, response_model=NodeView)
async def renew_node(group: GroupPath, node: NodePath, command: Renewal, post: PostRequest) -> Response:
    """Keep it longer; one that has expired takes pods again. Needs an administrator."""

    async def renew(unit: UnitOfWork, row: GroupRow, found: NodeRow) -> None:
        await nodes.renew_node(unit, row, found, command.expires_at)

    return await _changed(post, group, node, renew, command=command)


@router.post("/resource-groups/{group}/nodes/{node}/move", status_code=200, response_model=NodeView)
async def move_node(group: GroupPath, node: NodePath, command: Move, post: PostRequest) -> Response:
    """Hand a node without pods to another group of the same machine; 503 while the scheduler is away. Needs an
    administrator."""

    async def ask() -> NodeStateList:
        return await post.deps.call(NODES, Nothing(), NodeStateList)

    async def work(unit: UnitOfWork, there: NodeStateList) -> NodeView:
        row = await load_group(unit.session, group)
        found = await load_node(unit.session, row, node, for_update=True)
        to = await load_group(unit.session, command.group)
        await nodes.move_node(unit, row, found, to, there)
        return _view(post.deps, to.name, found, {each.id: each for each in there.items})

    return await post.run_once(command, work, ask, 200)


async def _changed(
    post: PostRequest,
    group: str,
    node: str,
    change: Change,
    *,
    command: BaseModel | None = None,
    status_code: int = 200,
) -> Response:
    seen = await _seen(post.deps)

    async def work(unit: UnitOfWork, _: None) -> NodeView:
        row = await load_group(unit.session, group)
        found = await load_node(unit.session, row, node, for_update=True)
        await change(unit, row, found)
        return _view(post.deps, row.name, found, seen)

    return await post.run_once(command, work, no_preparation, status_code)


async def _seen(deps: ApiDependencies) -> Seen:
    """What is on each node; nothing where the scheduler does not answer."""
    try:
        return {each.id: each for each in (await deps.call(NODES, Nothing(), NodeStateList, within_s=1.0)).items}
    except PenstockError:
        return {}


def _view(deps: ApiDependencies, group: str, node: NodeRow, seen: Seen) -> NodeView:
    there = seen.get(node.id)
    capacity = capacity_of((node,))
    return NodeView(
        **node.model_dump(include=set(NodeView.model_fields) - {"group", "pods", "gpu_kinds", "status"}),
        group=group,
        capacity=capacity,
        allocatable=capacity if takes_pods(node) else Capacity(),
        allocated=Capacity(cpu=there.cpu, memory_gb=there.memory_gb, gpu=there.gpu) if there else None,
        pods=there.pods if there else None,
        gpu_kinds=list(there.gpu_kinds) if there else [],
        status=node_status(node, there),
        expires_soon=expires_soon(node, deps.clock.now()),
    )
