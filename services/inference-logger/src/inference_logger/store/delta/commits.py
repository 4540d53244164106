"""What one commit has done to a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from inference_logger.domain.records import RawRecord


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
