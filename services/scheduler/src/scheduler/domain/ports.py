"""What the scheduler asks of a way to run pods. One port test-suite holds every backend to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol
from uuid import UUID

from scheduler.domain.values import LogPosition, MeasuredUsage, Observation, OutputLine, RunObservation
from shared.contracts.deployment import Deployment
from shared.contracts.nodes import Node, NodeState, PoolState


class Terminal(Protocol):
    """A session inside a pod."""

    async def close(self) -> None:
        """End the session."""
        ...


class Backend(Protocol):
    """Runs pods. Every call may be repeated; what has happened is reported through `watch`, never by a return value."""

    async def run(self) -> None:
        """Work until cancelled. Pods outlive it."""
        ...

    def set_nodes(self, nodes: Sequence[Node]) -> None:
        """These are the nodes of resource groups; pods are placed only after the first call."""
        ...

    def nodes(self) -> list[NodeState] | None:
        """The nodes that pods are placed by, and what those there ask for; None before `set_nodes`."""
        ...

    def pools(self) -> list[PoolState] | None:
        """The room that there is, and which versions' pods hold it; None before `set_nodes`."""
        ...

    def waiting_reasons(self) -> Mapping[str, str]:
        """Pods that wait for room, and why they have none, in words."""
        ...

    async def apply(self, deployment: Deployment) -> None:
        """Make the pods of one version be as wanted: `desired_replicas` of them, of this model and these resources."""
        ...

    async def delete(self, version_id: UUID) -> None:
        """End every pod of a version."""
        ...

    def versions(self) -> frozenset[UUID]:
        """Versions that have pods here."""
        ...

    def watch(self) -> AsyncIterator[Observation]:
        """First a `PodsListed`, then each pod as it is, then everything that happens to pods."""
        ...

    def logs(self, pod: str, since: LogPosition, *, follow: bool = False) -> AsyncIterator[OutputLine]:
        """Lines of a pod's output from `since` on, run after run; ends at the last one unless it follows.

        Raises:
            NotFound: there is no such pod.
        """
        ...

    async def exec(self, pod: str, command: list[str], *, tty: bool) -> Terminal:
        """Open a session inside a pod.

        Raises:
            InvalidInput: this backend cannot.
        """
        ...

    async def restart(self, pod: str) -> None:
        """Drain a pod, end its process, start it again at once.

        Raises:
            NotFound: there is no such pod.
        """
        ...

    async def usage(self) -> list[MeasuredUsage]:
        """CPU and memory of every running pod since the last call."""
        ...

    async def runs(self) -> list[RunObservation]:
        """Runs that are open, and those whose end was not settled; at first every one that is still known."""
        ...

    async def acknowledge_runs(self, runs: Sequence[RunObservation]) -> None:
        """The ends of these runs are stored for good: they need not be listed, nor kept, any more."""
        ...


class RouteStatus(Protocol):
    """Whether routers may still send requests to a pod."""

    def is_withdrawn(self, pod: str) -> bool:
        """True once the table that routers read no longer names the pod."""
        ...
