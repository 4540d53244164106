"""Sessions inside a pod: what is asked of one, and how it ended. The same for every backend and on every way in."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.base import Contract

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
