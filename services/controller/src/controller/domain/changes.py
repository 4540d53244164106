"""What changed on the platform, for those who show it: the last changes, each with an id, and who may know of it.

A change says what is to be read anew, never how it is now. So of several changes of one thing only the last is kept,
and a reader who was away for long still gets everything.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from controller.domain.access.roles import Principal

ChangeKind = Literal[
    "service",
    "version",
    "pods",
    "traffic",
    "canary",
    "retraining",
    "retraining_trigger",
    "monitor",
    "label_source",
    "erasure",
    "key",
    "node",
    "group",
    "spec",
    "project",
    "member",
    "user",
    "token",
    "secret",
    "destination",
    "channel",
    "silence",
    "maintenance",
    "alert",
    "dead_letter",
]

KEPT_CHANGES = 4096
"""Things whose last change is kept: what a reader may be behind before everything is to be read anew."""
IDS_PER_MILLISECOND = 1000


@dataclass(frozen=True)
class Audience:
    """Who may know of a change, besides administrators."""

    projects: frozenset[str] = frozenset()
    """Whoever may see one of these."""
    user_id: UUID | None = None
    is_public: bool = False
    """Whoever has signed in."""

    def admits(self, principal: Principal) -> bool:
        """Whether this principal may know of it."""
        if principal.is_admin or self.is_public or principal.user_id == self.user_id:
            return True
        return any(principal.may_see(project) for project in self.projects)


ADMINS = Audience()
EVERYBODY = Audience(is_public=True)


@dataclass(frozen=True)
class Change:
    """Something is to be read anew; `revision` is what it has now, None where it has none or is gone."""

    kind: ChangeKind
    name: str
    service: str | None = None
    revision: int | None = None
    audience: Audience = ADMINS


class ChangeLog:
    """The last changes in order. Ids only grow, over restarts too: the first one is made of the time of the start.

    An id of before the restart is older than everything kept, so whoever brings one reads everything anew.
    """

    def __init__(self, started_at: datetime, capacity: int = KEPT_CHANGES) -> None:
        self.last_id = int(started_at.timestamp() * 1000) * IDS_PER_MILLISECOND
        self._complete_since = self.last_id
        self._capacity = capacity
        self._kept: OrderedDict[tuple[str, str | None, str, Audience], tuple[int, Change]] = OrderedDict()
        self._listeners: set[Callable[[], None]] = set()
        self._access_listeners: set[Callable[[], None]] = set()

    def publish(self, change: Change) -> None:
        """Add a change and wake those who wait; an earlier one of the same thing is forgotten."""
        self.last_id += 1
        key = (change.kind, change.service, change.name, change.audience)
        self._kept.pop(key, None)
        self._kept[key] = (self.last_id, change)
        if len(self._kept) > self._capacity:
            _, (forgotten, _) = self._kept.popitem(last=False)
            self._complete_since = forgotten
        self._wake()

    def since(self, last_id: int) -> list[tuple[int, Change]] | None:
        """Changes after `last_id`, the oldest first; None where they are not known: everything is to be read anew."""
        if not self._complete_since <= last_id <= self.last_id:
            return None
        newer: list[tuple[int, Change]] = []
        for found in reversed(self._kept.values()):
            if found[0] <= last_id:
                break
            newer.append(found)
        return newer[::-1]

    def forget_all(self) -> None:
        """Changes may have been missed: every reader is to read everything anew."""
        self.last_id += 1
        self._complete_since = self.last_id
        self._kept.clear()
        self._wake()

    def note_access_change(self) -> None:
        """What somebody may see may be another now, or may be gone; readers look again."""
        for wake in tuple(self._access_listeners):
            wake()

    def listen(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Have `wake` called at every change; returns what ends that."""
        self._listeners.add(wake)
        return lambda: self._listeners.discard(wake)

    def listen_to_access(self, wake: Callable[[], None]) -> Callable[[], None]:
        """The same whenever what somebody may see may be another."""
        self._access_listeners.add(wake)
        return lambda: self._access_listeners.discard(wake)

    def _wake(self) -> None:
        for wake in tuple(self._listeners):
            wake()
