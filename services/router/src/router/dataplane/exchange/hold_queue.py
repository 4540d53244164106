"""Requests that wait for a pod: of a version that is starting, whose pod died, or whose pods are all at their limit."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from typing import Protocol


class HeldRequest(Protocol):
    """A request that is held."""

    is_finished: bool

    def find_pod(self) -> bool:
        """Try to forward; False: it stays in the queue."""
        ...


class HoldQueue:
    """First in, first out for each key (a version's id, a service's name); bounded."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: dict[Hashable, deque[HeldRequest]] = {}

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def add(self, of: Hashable, request: HeldRequest) -> bool:
        """Hold a request for a pod of this version (its id) or service (its name); False where too many are held."""
        waiting = self._waiting.setdefault(of, deque())
        if len(waiting) >= self._limit:
            waiting = self._waiting[of] = deque(each for each in waiting if not each.is_finished)
            if len(waiting) >= self._limit:
                return False
        waiting.append(request)
        return True

    def count(self, of: Hashable) -> int:
        """How many wait for this version (its id) or service (its name)."""
        return sum(not each.is_finished for each in self._waiting.get(of, ()))

    def release_all(self) -> None:
        """The routes have changed: try every key."""
        for of in list(self._waiting):
            self.release(of)

    def release(self, of: Hashable) -> None:
        """A pod may have room: forward requests of this key until one finds no pod."""
        waiting = self._waiting.get(of)
        while waiting:
            request = waiting.popleft()
            if not request.is_finished and not request.find_pod():
                waiting.appendleft(request)
                return
        if waiting is not None and self._waiting.get(of) is waiting:
            del self._waiting[of]
