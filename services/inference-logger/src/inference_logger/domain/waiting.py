"""Tables that wait: what is known of them, when they are tried again, how much they may keep. Pure decisions.

A table that is not here has everything up to the checkpoint of the stream. One that cannot be written waits with a
position of its own, the others go on; it is tried again after 1, 2, 4 … 30 s, and catches up from its position.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from inference_logger.domain.tables import TableKey, TableShare

FIRST_DELAY_S = 1.0
LONGEST_DELAY_S = 30.0
LONGEST_REASON = 500


@dataclass(frozen=True)
class WaitingTable:
    """A table that is behind the checkpoint."""

    key: TableKey
    location: str
    stream: str
    """The stream, and its epoch, that the positions belong to."""
    sequence: int
    """The table has everything of the stream up to here."""
    reason: str
    since: datetime
    rows: int = 0
    """Records that wait, in the stream and in the parking area."""
    stream_bytes: int = 0
    """What it keeps in the stream."""
    parked_upto: int = 0
    """Everything up to this position that the table lacks lies in the parking area."""
    dropped: int = 0
    moved: Mapping[str, str | None] = field(default_factory=dict)
    """Versions whose records wait → the folder that the version logs to by now; None: still to this one."""

    @property
    def read_from(self) -> int:
        """The stream is needed behind this position."""
        return max(self.sequence, self.parked_upto)

    @property
    def successor(self) -> str | None:
        """Where the records may go instead: the folder that every version of theirs logs to by now."""
        targets = list(self.moved.values())
        return targets[-1] if targets and None not in targets else None

    def with_share(self, share: TableShare) -> WaitingTable:
        """With the records of a further batch."""
        versions = {str(record.get("version_id")): None for _, record in (*share.records, *share.retried)}
        return replace(
            self,
            rows=self.rows + share.count,
            stream_bytes=self.stream_bytes + share.size,
            moved={**self.moved, **versions},
        )

    def with_moves(self, shares: Mapping[TableKey, TableShare]) -> WaitingTable:
        """With the versions of `shares` that log to another folder now: their destination was edited."""
        moved = dict(self.moved)
        for key, share in shares.items():
            if key.service == self.key.service and key != self.key:
                newest = {str(record.get("version_id")) for _, record in (*share.records, *share.retried)}
                moved |= {version: key.destination for version in newest & moved.keys()}
        return replace(self, moved=moved)

    def with_written(self, sequence: int, rows: int, size: int) -> WaitingTable:
        """With everything written up to `sequence`."""
        return replace(
            self,
            sequence=max(self.sequence, sequence),
            rows=max(0, self.rows - rows),
            stream_bytes=max(0, self.stream_bytes - size),
        )

    def on_stream(self, stream: str) -> WaitingTable:
        """On another stream, or another epoch of it, of which it has nothing yet: its records are counted anew."""
        return replace(self, stream=stream, sequence=0, parked_upto=0, stream_bytes=0, rows=0)


@dataclass(frozen=True)
class RetrySchedule:
    """When a waiting table is tried again (monotonic seconds), and how long it waits after that."""

    at: float = 0.0
    delay_s: float = FIRST_DELAY_S

    def after_failure(self, now: float) -> RetrySchedule:
        """After another failure."""
        return RetrySchedule(now + self.delay_s, min(self.delay_s * 2, LONGEST_DELAY_S))


def waiting_allowance(cap: int, waiting: int) -> int:
    """Bytes that each of `waiting` tables may keep in a stream of `cap` bytes: a quarter, and half of it together."""
    return min(cap // 4, cap // 2 // max(waiting, 1))


_FRAME = re.compile(r"\s*(\d+: |at )")
"""A line of the call stack, which some errors of delta-rs have behind their text."""


def error_reason(error: BaseException) -> str:
    """One line for people."""
    lines = str(getattr(error, "message", "") or error).splitlines()
    text = " ".join(" ".join(line for line in lines if not _FRAME.match(line)).split())
    text = "".join(character if character.isprintable() else "?" for character in text)
    return (text or type(error).__name__)[:LONGEST_REASON]
