"""Sessions inside a pod: what is asked of one, and how it ended. The same for every backend and on every way in."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.base import Contract

TERMINALS_SUBJECT = "penstock.terminals.v1"
"""The service that hears there and the session's random name follow."""


class TerminalFrame(IntEnum):
    """What a message of a session holds; the first seven are those that Kubernetes' own protocol has."""

    STDIN = 0
    STDOUT = 1
    STDERR = 2
    STATUS = 3
    """How it ended (`TerminalExit`): the last message of whoever runs the command."""
    RESIZE = 4
    """`TerminalSize`."""
    END = 255
    """The input ends here."""
    CREDIT = 16
    """How many bytes of this session's streams were taken so far, by whoever got them."""
    HEARTBEAT = 17
    CLOSE = 18
    """The session ends now; why, in words."""


MOST_ROWS_OR_COLUMNS = 1000
MOST_ARGUMENTS = 64
MOST_COMMAND_BYTES = 16 * 1024

Rows = Annotated[int, Field(ge=1, le=MOST_ROWS_OR_COLUMNS, strict=True)]

OutputStream = Literal["stdout", "stderr"]


class TerminalSize(Contract):
    """Size of a terminal in characters."""

    rows: Rows = 24
    columns: Rows = 80


class TerminalExit(Contract):
    """How the command of a session ended: its exit code, or the signal that ended it; neither where nobody knows.

    `message`: why it ended, in words, where it was not the command's own doing ("the session was idle for 15 minutes").
    """

    code: int | None = None
    signal: str | None = None
    message: str | None = None

    def describe(self) -> str:
        """One phrase for people: `exit code 1`, `killed by SIGHUP`."""
        if self.signal is not None:
            return f"killed by {self.signal}"
        return "exit status unknown" if self.code is None else f"exit code {self.code}"


SessionName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{20,64}$")]
Argument = Annotated[str, Field(max_length=MOST_COMMAND_BYTES)]


class TerminalOrder(Contract):
    """Open a session inside a pod. Who orders it hears on `terminal_subject(<its service>, session)` already."""

    session: SessionName = Field(description="Random: who knows it takes part.")
    version_id: UUID
    pod: str
    command: tuple[Argument, ...] = Field(default=(), max_length=MOST_ARGUMENTS, description="Empty: a shell.")
    tty: bool = True
    size: TerminalSize = TerminalSize()


class TerminalOffer(Contract):
    """Whether a pod has terminals: why not, in a sentence; None: it has."""

    refused: str | None = None


def terminal_subject(service: str, session: str) -> str:
    """Where `service` hears what belongs to a session."""
    return f"{TERMINALS_SUBJECT}.{service}.{session}"
