"""`/capacity`: the room for pods, and whose pods hold it."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import APIRouter
from pydantic import BaseModel, Field

from controller.api.dependencies import CurrentPrincipal, Dependencies
from controller.api.resources.groups import Capacity
from controller.domain.access.roles import Principal
from controller.store.resources.groups import page_of_groups
from shared.contracts.deployment import BackendName
from shared.contracts.nodes import GpuKind, PodAllocation, PoolState, PoolStateList
from shared.contracts.rpc.method import Nothing
from shared.contracts.rpc.scheduler import CAPACITY

router = APIRouter(tags=["resource groups"])
ALL_GROUPS = 10_000


class HoldView(BaseModel):
    """Pods of one version, and what they ask for together; null names: those of projects that are not the caller's.

    A version that is updated from one kind of GPU to another has one for each.
    """

    project: str | None
    service: str | None
    version: str | None
    pods: int
    cpu: float
    memory_gb: float
    gpu: int
    gpu_kind: str | None = Field(description="The kind of GPU that they ask for; null: any, or of other projects.")


class PoolView(BaseModel):
    """A node of a resource group, or (`group` and `node` null) the shared pool.

    A group that has no nodes has one of no size (`node` null) while pods wait in it.
    """

    group: str | None
    node: str | None
    capacity: Capacity = Field(description="What pods may ask for together.")
    free: Capacity = Field(description="What of it no pod asks for.")
    gpu_kinds: list[GpuKind] = Field(
        description="What its GPUs are, and how many no pod has; of a share of a machine all that the machine has."
    )
    is_open: bool = Field(description="Whether new pods may come.")
    held: list[HoldView]
    waiting: list[HoldView] = Field(description="Pods that wait for room; of a group, shown at each of its nodes.")


class BackendView(BaseModel):
    """One way to run pods that the scheduler has ready; resource groups may name it."""

    name: BackendName
    is_default: bool = Field(description="Whether it runs the pods of the shared pool, and of groups that name none.")
    machine: str = Field(description="What it runs pods on.")
    problem: str | None = Field(description="Why it can do nothing now, in a sentence; null: it can.")


class CapacityView(BaseModel):
    """The machine, what runs pods, and the pools that there are."""

    machine: str
    backends: list[BackendView] = Field(description="What runs pods, the default first.")
    pools: list[PoolView]


@router.get("/capacity", response_model=CapacityView)
async def read_capacity(deps: Dependencies, principal: CurrentPrincipal) -> CapacityView:
    """Room for pods: the shared pool, and the nodes of the resource groups that the caller may see.

    A group without nodes is listed while pods wait in it.
    """
    seen = await deps.call(CAPACITY, Nothing(), PoolStateList)
    async with deps.read_session() as session:
        visible = {row.name for row in await page_of_groups(session, principal.projects, None, ALL_GROUPS)}
    pools = [pool for pool in seen.items if pool.group is None or pool.group in visible]
    return CapacityView(
        machine=seen.machine.name,
        backends=[
            BackendView(**each.model_dump(exclude={"machine"}), machine=each.machine.name) for each in seen.backends
        ],
        pools=[_pool_view(pool, principal) for pool in pools],
    )


def _pool_view(pool: PoolState, principal: Principal) -> PoolView:
    return PoolView(
        group=pool.group,
        node=pool.node,
        capacity=Capacity(cpu=pool.cpu, memory_gb=pool.memory_gb, gpu=pool.gpu),
        free=Capacity(
            cpu=max(0.0, pool.cpu - sum(hold.cpu for hold in pool.held)),
            memory_gb=max(0.0, pool.memory_gb - sum(hold.memory_gb for hold in pool.held)),
            gpu=max(0, pool.gpu - sum(hold.gpu for hold in pool.held)),
        ),
        gpu_kinds=list(pool.gpu_kinds),
        is_open=pool.is_open,
        held=_hold_views(pool.held, principal),
        waiting=_hold_views(pool.waiting, principal),
    )


def _hold_views(holds: Iterable[PodAllocation], principal: Principal) -> list[HoldView]:
    """Those of the caller's projects by name, the others in one."""
    found: list[HoldView] = []
    others = HoldView(project=None, service=None, version=None, pods=0, cpu=0, memory_gb=0, gpu=0, gpu_kind=None)
    for hold in holds:
        if principal.may_see(hold.project or ""):
            found.append(HoldView(**hold.model_dump()))
            continue
        others.pods += hold.pods
        others.cpu += hold.cpu
        others.memory_gb += hold.memory_gb
        others.gpu += hold.gpu
    return [*found, others] if others.pods else found
