"""RPC methods of the scheduler: pods, nodes, capacity and runs as they are."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.base import Contract
from shared.contracts.deployment import PodView, VersionState
from shared.contracts.nodes import NodeStateList, PoolStateList
from shared.contracts.rpc.method import Nothing, RpcMethod
from shared.contracts.runs import PodRun
from shared.contracts.terminals import TerminalOffer, TerminalOrder


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


class StartPhase(Contract):
    """One phase of a pod's start that has begun."""

    name: Literal["placed", "model", "environment", "process", "loaded", "checked", "ready"]
    started_at: datetime
    ended_at: datetime | None = None
    state: Literal["done", "running", "failed", "skipped"] = Field(description="skipped: there was nothing to do.")
    detail: str | None = None


class PodTimeline(Contract):
    """The start of a pod's newest run; without phases for a pod of an earlier release."""

    pod: str
    run: int
    state: Literal["starting", "ready", "failed"]
    started_at: datetime | None = None
    ready_at: datetime | None = None
    phases: tuple[StartPhase, ...] = ()


class VersionStateList(Contract):
    """The scheduler's view of every version that it knows."""

    items: tuple[VersionState, ...]


class ModelFiles(Contract):
    """The files of a model that describe its environment, as text; None: it has none of this name."""

    mlmodel: str | None = Field(default=None, description="`MLmodel`.")
    requirements: str | None = Field(default=None, description="`requirements.txt`.")
    python_env: str | None = Field(default=None, description="`python_env.yaml`.")
    conda: str | None = Field(default=None, description="`conda.yaml`.")


class EnvironmentOutlook(Contract):
    """What the first start of a model version will find, as told from its requirements without building anything."""

    state: Literal["own", "built", "to_build", "refused", "unknown"] = Field(
        description="own: the platform's own environment satisfies it. built: one that does is here already. to_build: "
        "one is built at the first start, which takes minutes. refused: it cannot start. unknown: that shows when it "
        "starts, `reason` says why."
    )
    unmet: tuple[str, ...] = Field(
        default=(), description="Requirements that the platform's own environment does not meet, with what is there."
    )
    reason: str | None = Field(default=None, description="Of refused and unknown.")


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
POD_TIMELINE = RpcMethod("scheduler", "pod_timeline", PodRef, PodTimeline)
VERSION_STATES = RpcMethod("scheduler", "version_states", Nothing, VersionStateList)
NODES = RpcMethod("scheduler", "nodes", Nothing, NodeStateList)
CAPACITY = RpcMethod("scheduler", "capacity", Nothing, PoolStateList)
ENVIRONMENT = RpcMethod("scheduler", "environment", ModelFiles, EnvironmentOutlook)
RUNS = RpcMethod("scheduler", "runs", RunsQuery, RunPage)
TERMINAL_OFFER = RpcMethod("scheduler", "terminal_offer", PodRef, TerminalOffer)
OPEN_TERMINAL = RpcMethod("scheduler", "open_terminal", TerminalOrder, Nothing)
