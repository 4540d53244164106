"""Resource groups and their nodes: their bodies, the intent that the scheduler gets, and the status of a node."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, ClassVar, Literal, Protocol
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import AfterValidator, Field, StrictBool, TypeAdapter

from controller.domain.commands import (
    Change,
    Command,
    Cores,
    Devices,
    Gibibytes,
    Tags,
    Text,
    VersionName,
)
from controller.domain.times import Moment
from shared.contracts.deployment import BackendName, Resources
from shared.contracts.nodes import Machine, Node, NodeState, ReadyBackends
from shared.errors import Detail, InvalidInput

SOON = timedelta(days=7)
"""How long before a node expires its operators are warned."""


_BACKENDS: TypeAdapter[BackendName] = TypeAdapter(BackendName)


class NodePhase(StrEnum):
    """Intent of a node, as it is stored."""

    ACTIVE = "active"
    ISOLATED = "isolated"
    DRAINING = "draining"
    RELEASING = "releasing"


class NodeStatus(StrEnum):
    """How a node is doing, as callers see it."""

    READY = "ready"
    ISOLATED = "isolated"
    DRAINING = "draining"
    DRAINED = "drained"
    RELEASING = "releasing"
    EXPIRED = "expired"


def _http_url(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or not url.isprintable():
        raise InvalidInput("console_url must be an http:// or https:// URL", (Detail(("console_url",), "not a URL"),))
    return url


ConsoleUrl = Annotated[str, Field(max_length=2048), AfterValidator(_http_url)]
BillingMode = Literal["pay_as_you_go", "prepaid"]


class NewGroup(Command):
    """A resource group, which services of `projects` may use."""

    name: VersionName
    description: Text = ""
    tags: Tags = Field(default_factory=dict)
    projects: Annotated[tuple[VersionName, ...], Field(max_length=100)] = ()
    backend: BackendName | None = Field(
        default=None, description="What runs its pods, of those that the scheduler has ready; null: its default."
    )


class GroupChange(Change):
    """What of a group may be edited; its name only while no version names it. Another backend replaces its pods."""

    nullable: ClassVar[frozenset[str]] = frozenset({"backend"})

    name: VersionName | None = None
    description: Text | None = None
    tags: Tags | None = None
    backend: BackendName | None = Field(
        default=None, description="What runs its pods, of those that the scheduler has ready; null: its default."
    )


class NewNode(Command):
    """A node: a share of the scheduler's machine, kept for the group. `console_url`: its provider's page."""

    name: VersionName
    cpu: Cores
    memory_gb: Gibibytes
    gpu: Devices = 0
    billing_mode: BillingMode = "prepaid"
    expires_at: Moment | None = None
    console_url: ConsoleUrl | None = None


class NodeChange(Change):
    """What of a node may be edited; its size stays what it was when it joined."""

    nullable: ClassVar[frozenset[str]] = frozenset({"console_url"})

    billing_mode: BillingMode | None = None
    console_url: ConsoleUrl | None = None


class Leave(Command):
    """How pods leave a node: each once another one stands in for it, or (`force`) at once."""

    force: StrictBool = False


class Renewal(Command):
    """Until when a node stays; null: for good."""

    expires_at: Moment | None


class Move(Command):
    """The group that a node goes to."""

    group: VersionName


class StoredNode(Protocol):
    """What is decided on, of a stored node."""

    id: UUID
    name: str
    phase: str
    generation: int
    cpu: float
    memory_gb: float
    gpu: int
    is_forced: bool
    is_expired: bool
    expires_at: datetime | None


class NodesGroup(Protocol):
    """What a node's intent says of its group."""

    name: str
    backend: str | None


def node_intent(node: StoredNode, group: NodesGroup) -> Node:
    """Intent of a node, as the scheduler gets it."""
    leaving: Literal["move", "end"] = "end" if node.is_forced else "move"
    return Node(
        id=node.id,
        name=node.name,
        group=group.name,
        backend=backend_name(group.backend),
        generation=node.generation,
        cpu=node.cpu,
        memory_gb=node.memory_gb,
        gpu=node.gpu,
        is_schedulable=takes_pods(node),
        pods=leaving if node.phase in (NodePhase.DRAINING, NodePhase.RELEASING) else "stay",
    )


def takes_pods(node: StoredNode) -> bool:
    """Whether new pods may come to it."""
    return node.phase == NodePhase.ACTIVE and not node.is_expired


def is_empty(node: StoredNode, seen: NodeState | None) -> bool:
    """Whether the scheduler, which acts on the newest intent, sees no pod there; False while nothing is known."""
    return seen is not None and seen.generation >= node.generation and seen.pods == 0


def node_status(node: StoredNode, seen: NodeState | None) -> NodeStatus:
    """How the node is doing; `seen`: what the scheduler says of it, if it answers."""
    if node.phase == NodePhase.DRAINING:
        return NodeStatus.DRAINED if is_empty(node, seen) else NodeStatus.DRAINING
    if node.phase == NodePhase.RELEASING:
        return NodeStatus.RELEASING
    if node.is_expired:
        return NodeStatus.EXPIRED
    return NodeStatus.ISOLATED if node.phase == NodePhase.ISOLATED else NodeStatus.READY


def expires_soon(node: StoredNode, now: datetime) -> bool:
    """Whether it expires within a week, or has."""
    return node.expires_at is not None and node.expires_at - now <= SOON


def backend_name(stored: str | None) -> BackendName | None:
    """As contracts have it."""
    return None if stored is None else _BACKENDS.validate_python(stored)


def require_backend(backend: BackendName | None, there: ReadyBackends) -> Machine:
    """What pods of `backend` (None: the default) run on; `InvalidInput` where the scheduler does not have it."""
    machine = there.machine_of(backend)
    if machine is None:
        has = ", ".join(each.name for each in there.backends) or "its default alone"
        raise InvalidInput(
            f"The scheduler does not have the backend {backend} ready: it has {has} (SCHEDULER_BACKENDS)",
            (Detail(("backend",), f"not one of those that are ready: {has}"),),
        )
    return machine


def group_pod_resources(
    group: NodesGroup, cpu: float, memory_gb: float, gpu: int, gpu_kind: str | None = None
) -> Resources:
    """What one pod in a group may use; such a size has no entry in the catalogue, and is named by what it is."""
    devices = f"-{gpu}GPU" if gpu else ""
    return Resources(
        spec=f"{cpu:g}C{memory_gb:g}G{devices}",
        cpu=cpu,
        memory_gb=memory_gb,
        gpu=gpu,
        gpu_kind=gpu_kind,
        group=group.name,
        backend=backend_name(group.backend),
    )
