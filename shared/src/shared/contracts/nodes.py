"""Nodes of resource groups: what the controller wants of them, and what the scheduler sees on them.

A node is a part of a machine that is kept for the one service which its group is bound to. With the process backend it
is a reserved share of the scheduler's machine; what no node reserves is the shared pool.
"""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.base import Contract
from shared.contracts.deployment import DnsLabel


class Node(Contract):
    """Intent for one node. `generation` grows with every change of it; an older one is ignored."""

    id: UUID
    name: DnsLabel
    group: DnsLabel
    generation: int = Field(ge=1)
    cpu: float = Field(gt=0, description="Cores that its pods may ask for together.")
    memory_gb: float = Field(gt=0, description="GiB, likewise.")
    gpu: int = Field(default=0, ge=0)
    is_schedulable: bool = Field(default=True, description="Whether new pods may come to it.")
    pods: Literal["stay", "move", "end"] = Field(
        default="stay",
        description="`move`: each ends once another one, elsewhere in the group, stands in for it; `end`: at once.",
    )


class Machine(Contract):
    """The machine that nodes are shares of: what it has."""

    name: str
    cpu: float
    memory_gb: float
    gpu: int = 0
    runs_images: bool = Field(
        default=False, description="Whether pods may be containers of images of their owners (process backend: no)."
    )


class GpuKind(Contract):
    """GPUs of one kind in one place; those that no pod was given are free."""

    kind: str | None = Field(description="Its maker's name for it, such as `NVIDIA H200`; None: not known.")
    gpu: int
    free: int


class NodeState(Contract):
    """What the scheduler knows of one node: the `generation` that it acts on, and what the pods on it ask for."""

    id: UUID
    generation: int
    pods: int = Field(description="Pods that have their place on it, those that end included.")
    cpu: float = 0
    memory_gb: float = 0
    gpu: int = 0
    gpu_kinds: tuple[GpuKind, ...] = Field(
        default=(), description="What its devices are: of a share of a machine all that the machine has."
    )


class PodAllocation(Contract):
    """Pods of one version in a pool, and what they ask for together."""

    project: str | None
    service: str
    version: str
    pods: int
    cpu: float
    memory_gb: float
    gpu: int = 0


class PoolState(Contract):
    """Room that pods of a resource group have on one `node`, or (both None) in the shared pool.

    `cpu`, `memory_gb`, `gpu`: what pods may ask for together; what they do not is free.
    """

    group: str | None = None
    node: str | None = None
    cpu: float
    memory_gb: float
    gpu: int = 0
    gpu_kinds: tuple[GpuKind, ...] = Field(
        default=(), description="What its devices are: of a share of a machine all that the machine has."
    )
    is_open: bool = True
    held: tuple[PodAllocation, ...] = Field(default=(), description="Pods that have their place there.")
    waiting: tuple[PodAllocation, ...] = Field(
        default=(), description="Pods that wait for room; of a group, at each of its nodes."
    )


class PoolStateList(Contract):
    """Every pool of a machine; the shared one first."""

    machine: Machine
    items: tuple[PoolState, ...]


class NodeStateList(Contract):
    """Every node that the scheduler knows, and the machine that they are shares of."""

    machine: Machine
    items: tuple[NodeState, ...]
