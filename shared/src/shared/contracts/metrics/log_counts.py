"""What a router counted of the request log, so that every request is accounted for."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import Field

from shared.contracts.base import Contract


class LogCounts(Contract):
    """Requests of one service that came in within one minute. Of one source the numbers only grow."""

    source: UUID = Field(description="Who counted: numbers of several sources add up.")
    minute: datetime = Field(description="Its beginning.")
    logged: int = Field(default=0, description="Requests whose record is in the spool, or was.")
    dropped: dict[str, int] = Field(default={}, description="Reason → requests that have no record.")
    is_complete: bool = Field(default=False, description="The stream had every record of `logged` before this.")
