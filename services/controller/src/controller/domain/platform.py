"""Which processes the platform has, of those that said how they are: who answers, and who did and does not now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.contracts.rpc.status import ServiceStatus

ALWAYS = ("scheduler", "monitor", "inference-logger")
"""Services that every platform has one of."""
ROUTER = "router"
REMEMBERED_FOR = timedelta(hours=1)
"""A router that was not heard of for so long was taken away on purpose."""


@dataclass(frozen=True)
class ProcessState:
    """One process; `since`: when it was started, or last answered where it is away (None: not known)."""

    name: str
    is_running: bool
    version: str | None
    since: datetime | None


class KnownProcesses:
    """What was last heard of each process. Kept in memory: after a restart everybody is asked again."""

    def __init__(self, routers: Iterable[str] = ()) -> None:
        """`routers`: ids of those that are wanted, which are away until they answer; others say themselves that
        they are there."""
        self._wanted = frozenset((*ALWAYS, *(f"{ROUTER}-{each}" for each in routers)))
        self._last: dict[str, tuple[datetime, ServiceStatus]] = {}

    def are_all_in(self, found: Mapping[str, ServiceStatus]) -> bool:
        """Whether everybody who is expected has answered."""
        expected = self._wanted | self._last.keys()
        return expected <= found.keys() and any(_is_router(name) for name in found)

    def note(self, found: Iterable[ServiceStatus], now: datetime) -> None:
        """These have answered now."""
        for status in found:
            self._last[status.name] = (now, status)
        for name, (at, _) in tuple(self._last.items()):
            if _is_router(name) and now - at > REMEMBERED_FOR:
                del self._last[name]

    def states(self, running: Iterable[str]) -> Iterator[ProcessState]:
        """Every process, by name, those of `running` as running."""
        answered, known = frozenset(running), {*self._wanted, *self._last}
        if not any(_is_router(name) for name in known):
            known.add(ROUTER)
        for name in sorted(known):
            at, status = self._last.get(name, (None, None))
            is_running = name in answered
            since = status.since if status and is_running else at
            yield ProcessState(name, is_running, status.version if status else None, since)

    def last_status(self, name: str) -> ServiceStatus | None:
        """What a process last said."""
        return self._last[name][1] if name in self._last else None


def _is_router(name: str) -> bool:
    return name.partition("-")[0] == ROUTER
