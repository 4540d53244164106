"""Tickets for sessions inside pods, and the limits of such sessions.

A browser can put no token on a WebSocket, and a token in a URL is logged: so an ordinary request gets a ticket, and the
first message of the connection redeems it. A ticket is good once, for 30 seconds, for one pod, from the address that
asked for it. Tickets and the count of sessions are in this process' memory: one controller answers them.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from controller.domain.access.keys import digest
from controller.domain.access.roles import Role
from controller.domain.commands import Command, plain_text
from shared.contracts.terminals import MOST_ARGUMENTS, MOST_COMMAND_BYTES, Rows, TerminalSize
from shared.counted import counted
from shared.errors import Detail, InvalidInput, LimitExceeded, Unauthenticated

TICKET_LIFE = timedelta(seconds=30)
UNUSABLE = "The ticket is not known, was used, has expired, or is for another pod or address: ask for a new one"


@dataclass(frozen=True)
class TerminalLimits:
    """What an operator sets."""

    idle: timedelta = timedelta(minutes=15)
    lifetime: timedelta = timedelta(hours=8)
    sessions_of_user: int = 5
    role: Role = Role.EDITOR
    """What a member must be in the service's project."""
    recordings: Path | None = None
    """Folder of recordings; None: nothing is recorded."""
    recording_bytes: int = 16 * 1024 * 1024


class ExecTicketRequest(Command):
    """What is to be executed in the pod; without anything a shell on a terminal."""

    command: Annotated[list[str], Field(max_length=MOST_ARGUMENTS)] = Field(
        default_factory=list, description="Without a shell around it. Empty: /bin/bash, where there is none /bin/sh."
    )
    tty: bool = Field(default=True, description="A terminal; else three pipes, and stderr comes apart.")
    rows: Rows = 24
    columns: Rows = 80

    @model_validator(mode="after")
    def _can_be_executed(self) -> ExecTicketRequest:
        for place, argument in enumerate(self.command):
            plain_text(argument)
            if place == 0 and not argument:
                raise InvalidInput("command names no program", (Detail(("command", 0), "is empty"),))
        if sum(len(argument.encode()) for argument in self.command) > MOST_COMMAND_BYTES:
            raise InvalidInput(
                f"command is longer than {MOST_COMMAND_BYTES} bytes", (Detail(("command",), "too long"),)
            )
        return self

    @property
    def size(self) -> TerminalSize:
        """The terminal's, in characters."""
        return TerminalSize(rows=self.rows, columns=self.columns)


@dataclass(frozen=True)
class TerminalGrant:
    """What a ticket stands for."""

    user: str
    service: str
    version: str
    version_id: UUID
    project: str
    pod: str
    source: str
    """The address that asked for the ticket."""
    wanted: ExecTicketRequest
    must_be_allowed: Callable[[], Awaitable[None]]
    """Raises once who asked may no longer do this."""

    @property
    def path(self) -> tuple[str, str, str]:
        """As the WebSocket's path names the pod."""
        return self.service, self.version, self.pod


@dataclass
class TerminalTickets:
    """Tickets that were not redeemed, and how many sessions each user has."""

    limits: TerminalLimits = field(default_factory=TerminalLimits)
    _grants: dict[str, tuple[TerminalGrant, datetime]] = field(default_factory=dict)
    _open: Counter[str] = field(default_factory=Counter)

    def issue(self, grant: TerminalGrant, now: datetime) -> tuple[str, datetime]:
        """A new ticket, and when it expires. Raises `LimitExceeded` where the user has too many sessions."""
        self._grants = {key: found for key, found in self._grants.items() if found[1] > now}
        self._require_room(grant.user, waiting=sum(found[0].user == grant.user for found in self._grants.values()))
        ticket = secrets.token_urlsafe(32)
        self._grants[digest(ticket)] = grant, now + TICKET_LIFE
        return ticket, now + TICKET_LIFE

    def redeem(self, ticket: str, path: tuple[str, str, str], source: str, now: datetime) -> TerminalGrant:
        """What it stands for; it is used up, also where it is for something else. Raises `Unauthenticated`."""
        grant, expires_at = self._grants.pop(digest(ticket), (None, now))
        if grant is None or expires_at <= now or grant.path != path or grant.source != source:
            raise Unauthenticated(UNUSABLE)
        return grant

    @contextmanager
    def counted(self, user: str) -> Iterator[None]:
        """Count a session of the user while it is open. Raises `LimitExceeded`."""
        self._require_room(user, waiting=0)
        self._open[user] += 1
        try:
            yield
        finally:
            self._open[user] -= 1
            if not self._open[user]:
                del self._open[user]

    def _require_room(self, user: str, *, waiting: int) -> None:
        if self._open.get(user, 0) + waiting >= self.limits.sessions_of_user:
            already = counted(self.limits.sessions_of_user, "terminal")
            raise LimitExceeded(f"You have {already} open (CONTROLLER_TERMINAL_SESSIONS): close one")
