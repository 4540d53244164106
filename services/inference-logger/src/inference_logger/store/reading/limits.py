"""What one query may take."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from shared.errors import LimitExceeded


class QueryEnded(Exception):
    """Whoever asked does not wait any longer."""


class WorkingTime:
    """Time that a query has worked, the consumer's not counted; checked between two pieces of a file."""

    def __init__(self, within_s: float) -> None:
        self._within_s = within_s
        self._worked_s = 0.0
        self._since: float | None = None
        self._ended = threading.Event()

    def end(self) -> None:
        """Have the next check raise."""
        self._ended.set()

    @contextmanager
    def working(self) -> Iterator[None]:
        """The query works meanwhile."""
        self._since = time.monotonic()
        try:
            yield
        finally:
            self._worked_s += time.monotonic() - self._since
            self._since = None

    def check(self) -> None:
        """Raise `QueryEnded`, or `LimitExceeded` when it took too long."""
        if self._ended.is_set():
            raise QueryEnded
        running_s = 0.0 if self._since is None else time.monotonic() - self._since
        if self._worked_s + running_s > self._within_s:
            raise LimitExceeded(
                f"the query took longer than {self._within_s:g} s; narrow it by from and to, or ask for fewer columns"
            )
