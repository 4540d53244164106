"""What the scheduler asks of a way to run pods. One port test-suite holds every backend to it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from scheduler.domain.values import LogPosition, MeasuredUsage, Observation, OutputLine, RunObservation
from shared.contracts.deployment import BackendName, Deployment, Resources
from shared.contracts.nodes import Node, NodeState, PoolState
from shared.contracts.terminals import OutputStream, TerminalExit, TerminalSize

DEFAULT_SIZE = TerminalSize()


@dataclass(frozen=True)
class TerminalOutput:
    """Bytes that a session's command has written, as they are: at most 64 KiB; with a terminal all is `stdout`."""

    stream: OutputStream
    data: bytes


class Terminal(Protocol):
    """A session inside a pod: one command with its input and output.

    Nothing is buffered beyond what the system's pipes hold: who does not read holds the command up, and a command that
    does not read holds up `write`. `write` and `read` may run at the same time, each in one task at a time, and may be
    cancelled. After `close` all of them return at once.
    """

    async def write(self, data: bytes) -> None:
        """Give the command these bytes of input; returns when they are taken. Dropped where it has ended."""
        ...

    async def end_input(self) -> None:
        """Its input ends here: it reads the end of a file (with a terminal: ^D is written)."""
        ...

    async def read(self) -> TerminalOutput | None:
        """Wait for output; None when there is no more (the command has ended, and all that it wrote was read)."""
        ...

    async def resize(self, size: TerminalSize) -> None:
        """The terminal has this size now, and the command is told (SIGWINCH). Without a terminal nothing happens."""
        ...

    async def wait(self) -> TerminalExit:
        """Wait until the command has ended. `code` as in a shell; None where the backend could not find it out."""
        ...

    async def close(self) -> None:
        """End the session: the command and whatever is in its process group, or was started on its terminal, is gone
        when this returns (hang-up first, then the kill). May be repeated; where it has ended, nothing happens.
        """
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
        """Pods that wait, for room above all, and why, in words."""
        ...

    def problem(self) -> str | None:
        """Why nothing can be done with some pods now (what runs them does not answer), in a sentence; None: it can."""
        ...

    def problem_for(self, resources: Resources) -> str | None:
        """Why nothing can be done now with pods of such resources, in a sentence; None: it can."""
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
        """First a `PodsListed`, then each pod as it is, then everything that happens to pods.

        Of several backends as one the list comes once all of them have told theirs; what happens to pods of those that
        have is told before.
        """
        ...

    def logs(self, pod: str, since: LogPosition, *, follow: bool = False) -> AsyncGenerator[OutputLine, None]:
        """Lines of a pod's output from `since` on, run after run; ends at the last one unless it follows.

        Raises:
            NotFound: there is no such pod.
        """
        ...

    def terminal_refused(self, pod: str) -> str | None:
        """Why this pod has no terminal, and how that is changed, in a sentence; None: it has. Asks nobody."""
        ...

    async def exec(self, pod: str, command: Sequence[str], *, tty: bool, size: TerminalSize = DEFAULT_SIZE) -> Terminal:
        """Open a session inside a running pod, with what the pod's own process may do and no more.

        Args:
            pod: its name.
            command: what is executed, without a shell around it; empty: `/bin/bash`, where there is none `/bin/sh`.
            tty: whether it has a terminal of `size` (then output is one stream) or three pipes.
            size: ignored without a terminal.

        Raises:
            Conflict: terminals are switched off here (`terminal_refused`), or the pod does not run.
            NotFound: there is no such pod.
            InvalidInput: the command is not there or cannot be executed; the image has no shell.
            Unavailable: what runs the pods does not answer.
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


def does_not_run(pod: str) -> str:
    """Why a pod has no terminal that could have one."""
    return f"the pod {pod} does not run at the moment"


class Reach(Protocol):
    """Whether routers can send requests to pods of another backend than the default."""

    def refusal(self, backend: BackendName | None, address: str) -> str | None:
        """Why a pod of `backend` at `address` is not to be routed, in a sentence; None: it may be. Asks nobody.

        To be called again while it is refused: whoever stops is not waited for any more.
        """
        ...


class RouteStatus(Protocol):
    """Whether routers may still send requests to a pod."""

    def is_withdrawn(self, pod: str) -> bool:
        """True once the table that routers read no longer names the pod."""
        ...
