"""Facts about nodes of resource groups. Producer: controller."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from shared.contracts.nodes import Node
from shared.events.base import Event


class NodeFact(Event):
    """What every fact about a node carries."""

    entity: ClassVar[str] = "node"
    node: Node
    actor: str | None = None

    def key(self) -> str:
        """The node's name."""
        return self.node.name


class NodeAdded(NodeFact):
    """A node has joined a group."""

    fact: ClassVar[str] = "added"


class NodeUpdated(NodeFact):
    """A node was isolated, drained, resumed, renewed or moved, or has expired."""

    fact: ClassVar[str] = "updated"
    reason: str = Field(description="`isolated`, `draining`, `resumed`, `moved`, `expired`, …")


class NodeReleased(NodeFact):
    """A node is in no group any more."""

    fact: ClassVar[str] = "released"
