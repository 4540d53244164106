"""Whether a stream is the one that was read: set back, damaged, or made anew. Pure decisions.

A position means something only as long as the stream holds the same messages. A store that was restored from an older
copy, or that lost a block, hands out numbers again that tables believe they have. Whoever sees that begins an *epoch*:
the tables' application transactions get other names, the stream is read from its beginning, and every record that may
be in a table already is looked up by `record_id`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

DOUBTFUL_FOR = timedelta(minutes=10)
"""After a stream began anew, how long what it stores may be a repeat: its server knows no message ids of before."""
SAME_TIME = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Checkpoint:
    """Up to where a stream was read. `stored_at` is when the server stored the message there."""

    stream: str
    sequence: int = 0
    epoch: int = 0
    stored_at: datetime | None = None
    doubtful_until: datetime | None = None

    @property
    def name(self) -> str:
        """The stream and its epoch, for positions and application transactions."""
        return f"{self.stream}#{self.epoch}" if self.epoch else self.stream

    def next_epoch(self, now: datetime) -> Checkpoint:
        """The same stream, of which nothing is known to be committed any more."""
        return Checkpoint(self.stream, 0, self.epoch + 1, None, now + DOUBTFUL_FOR)

    def is_doubtful(self, stored_at: datetime) -> bool:
        """Whether the records of a message that was stored then may be in their table already."""
        return self.doubtful_until is not None and stored_at < self.doubtful_until


def stream_mismatch(checkpoint: Checkpoint, last_seq: int, stored_at: datetime | None) -> str | None:
    """Why the stream is not the one that was read up to `checkpoint`; None when it is.

    `stored_at`: when the message at the checkpoint was stored; None when the stream does not have it. It always should:
    purges stop short of it.
    """
    if last_seq < checkpoint.sequence:
        return f"it ends at {last_seq}, and was read up to {checkpoint.sequence}"
    if checkpoint.sequence == 0 or checkpoint.stored_at is None:
        return None
    if stored_at is None:
        return f"it lost its message {checkpoint.sequence}"
    if abs(stored_at - checkpoint.stored_at) > SAME_TIME:
        return f"its message {checkpoint.sequence} is another one than was read"
    return None
