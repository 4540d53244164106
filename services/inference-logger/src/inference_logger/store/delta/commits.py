"""Commits to a table: made by one writer at a time, begun again where another was faster, and what they have done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError

from inference_logger.domain.records import RawRecord

ATTEMPTS = 20
CHECKPOINTS = PostCommitHookProperties(create_checkpoint=True, cleanup_expired_logs=False)
"""To look for expired entries lists the whole log: that is for when a table is tidied, not for a commit."""
T = TypeVar("T")


@dataclass(frozen=True)
class CommitResult:
    """One append. `rows` 0: the table had everything already. `is_new`: it was made for this.

    `erased`: records that it lacked and that were kept out. One that comes again after it was erased is among them too.
    """

    location: str
    version: int
    rows: int
    is_new: bool = False
    erased: Sequence[RawRecord] = ()


def retry_conflicts(commit: Callable[[], T]) -> T:
    """What `commit` returns; it looks at the table each time it is called: again where another writer was faster."""
    for _ in range(ATTEMPTS - 1):
        with suppress(CommitFailedError):
            return commit()
    return commit()


def carrying(transactions: Sequence[Transaction]) -> CommitProperties:
    """Of a commit that fails where another writer was faster, instead of being put behind that one's."""
    return CommitProperties(max_commit_retries=0, app_transactions=list(transactions))


def append(
    table: DeltaTable,
    rows: pa.Table | pa.RecordBatchReader,
    transactions: Sequence[Transaction],
    *,
    is_wider: bool = False,
) -> None:
    """Append rows in one commit, and columns that the table lacks where they are wider. See `retry_conflicts`."""
    write_deltalake(
        table,
        rows,
        mode="append",
        schema_mode="merge" if is_wider else None,
        commit_properties=carrying(transactions),
        post_commithook_properties=CHECKPOINTS,
    )
    table.update_incremental()
