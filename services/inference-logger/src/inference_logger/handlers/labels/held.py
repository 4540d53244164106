"""How many uploads are held at once, and how large they are together: they lie in memory and temporary files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from shared.errors import LimitExceeded

RETRY_AFTER_S = 5


@dataclass
class HeldUploads:
    """The room that all uploads share; one that finds none is refused, those that are held go on."""

    most: int = 64
    most_bytes: int = 1024 * 1024 * 1024
    number: int = 0
    bytes: int = 0

    @contextmanager
    def one(self) -> Iterator[Callable[[int], None]]:
        """Hold an upload; what this gives takes room for a further piece of it. Both raise `LimitExceeded`."""
        if self.number >= self.most:
            raise LimitExceeded(
                f"{self.most} uploads of labels are under way; try again in a moment", retry_after_s=RETRY_AFTER_S
            )
        size = 0

        def take(length: int) -> None:
            nonlocal size
            if self.bytes + length > self.most_bytes:
                raise LimitExceeded(
                    f"uploads of labels under way hold {self.most_bytes >> 20} MiB; try again in a moment",
                    retry_after_s=RETRY_AFTER_S,
                )
            size += length
            self.bytes += length

        self.number += 1
        try:
            yield take
        finally:
            self.number -= 1
            self.bytes -= size
