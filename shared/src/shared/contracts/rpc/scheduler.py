"""RPC methods of the scheduler: pods, nodes, capacity and runs as they are."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import Field

from shared.contracts.base import Contract
from shared.contracts.deployment import PodView, VersionState
from shared.contracts.nodes import NodeStateList, PoolStateList
from shared.contracts.rpc.method import Nothing, RpcMethod
from shared.contracts.runs import PodRun


class PodsQuery(Contract):
    """Pods of a version."""

    version_id: UUID


class PodList(Contract):
    """Pods, by name."""

    items: tuple[PodView, ...]


class PodRef(Contract):
    """One pod of a version."""

    version_id: UUID
    pod: str


class VersionStateList(Contract):
    """The scheduler's view of every version that it knows."""

    items: tuple[VersionState, ...]


class RunsQuery(Contract):
    """Runs of pods that are open, or that ended at `ended_after` or later."""

    ended_after: datetime
    limit: int = Field(default=1000, ge=1, le=1000)
    cursor: str | None = None


class RunPage(Contract):
    """Runs, by version, pod and number, and where to go on."""

    items: tuple[PodRun, ...]
    next_cursor: str | None = None


PODS = RpcMethod("scheduler", "pods", PodsQuery, PodList)
RESTART_POD = RpcMethod("scheduler", "restart_pod", PodRef, Nothing)
VERSION_STATES = RpcMethod("scheduler", "version_states", Nothing, VersionStateList)
NODES = RpcMethod("scheduler", "nodes", Nothing, NodeStateList)
CAPACITY = RpcMethod("scheduler", "capacity", Nothing, PoolStateList)
RUNS = RpcMethod("scheduler", "runs", RunsQuery, RunPage)
