"""Nodes of resource groups: what the controller wants of them, and what the scheduler sees on them.

A node is a part of a machine that is kept for the one service which its group is bound to. With the process backend it
is a reserved share of the scheduler's machine; what no node reserves is the shared pool.
"""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.base import Contract
from shared.contracts.deployment import BackendName, DnsLabel


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
    backend: BackendName | None = Field(
        default=None, description="What runs the pods of its group; None: the scheduler's default."
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
    mounts_images: bool = Field(
        default=False, description="Whether containers may mount the files of other images (Kubernetes alone)."
    )


class ReadyBackend(Contract):
    """One way to run pods that a scheduler has ready, and the machine that it runs them on."""

    name: BackendName
    is_default: bool = Field(description="Whether it runs the pods of the shared pool, and of groups that name none.")
    machine: Machine
    problem: str | None = Field(default=None, description="Why it can do nothing now, in a sentence; None: it can.")


class ReadyBackends(Contract):
    """What a scheduler says of where pods run. `machine`: the default backend's."""

    machine: Machine
    backends: tuple[ReadyBackend, ...] = Field(default=(), description="Empty: an earlier release, which has one.")

    def machine_of(self, backend: BackendName | None) -> Machine | None:
        """What pods of `backend` (None: the default) run on; None: this scheduler does not have it."""
        if backend is None:
            return self.machine
        return next((each.machine for each in self.backends if each.name == backend), None)

    def are_apart(self, one: BackendName | None, other: BackendName | None) -> bool:
        """Whether pods of these two run on different machines, as far as that is known."""
        left, right = self.machine_of(one), self.machine_of(other)
        return left is not None and right is not None and left.name != right.name


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
    """Pods of one version in a pool that ask for the same kind of GPU, and what they ask for together."""

    project: str | None
    service: str
    version: str
    pods: int
    cpu: float
    memory_gb: float
    gpu: int = 0
    gpu_kind: str | None = Field(default=None, description="As in `Resources`; None: any.")


class PoolState(Contract):
    """Room that pods of a resource group have on one `node`, or (both None) in the shared pool.

    A group without a node has a pool of no size (`node` None) while pods wait in it.
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


class PoolStateList(ReadyBackends):
    """Every pool; the shared one first."""

    items: tuple[PoolState, ...]


class NodeStateList(ReadyBackends):
    """Every node that the scheduler knows."""

    items: tuple[NodeState, ...]
