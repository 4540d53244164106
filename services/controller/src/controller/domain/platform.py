"""Which processes the platform has, of those that said how they are: who answers, and who did and does not now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.contracts.rpc.status import LoggerBacklog, ServiceStatus

ALWAYS = ("scheduler", "monitor")
"""Services that every platform has one of."""
ROUTER, LOGGER = "router", "inference-logger"
"""Services that a platform may have several processes of."""
REMEMBERED_FOR = timedelta(hours=1)
"""One of several that was not heard of for so long was taken away on purpose."""


@dataclass(frozen=True)
class ProcessState:
    """One process; `since`: when it was started, or last answered where it is away (None: not known)."""

    name: str
    is_running: bool
    version: str | None
    since: datetime | None


class KnownProcesses:
    """What was last heard of each process. Kept in memory: after a restart everybody is asked again."""

    def __init__(self, routers: Iterable[str] = (), loggers: Iterable[str] = ()) -> None:
        """`routers`, `loggers`: ids of those that are wanted, which are away until they answer; others say themselves
        that they are there."""
        several = (*(f"{ROUTER}-{each}" for each in routers), *(f"{LOGGER}-{each}" for each in loggers))
        self._wanted = frozenset((*ALWAYS, *several))
        self._last: dict[str, tuple[datetime, ServiceStatus]] = {}

    def are_all_in(self, found: Mapping[str, ServiceStatus]) -> bool:
        """Whether everybody who is expected has answered."""
        expected = self._wanted | self._last.keys()
        return expected <= found.keys() and {*map(service_of, found)} >= {ROUTER, LOGGER}

    def note(self, found: Iterable[ServiceStatus], now: datetime) -> None:
        """These have answered now."""
        for status in found:
            self._last[status.name] = (now, status)
        for name, (at, _) in tuple(self._last.items()):
            if now - at > REMEMBERED_FOR and self._was_taken_away(name, at):
                del self._last[name]

    def _was_taken_away(self, name: str, at: datetime) -> bool:
        if service_of(name) == LOGGER:  # the only one may be away for long
            return any(service_of(other) == LOGGER and last > at for other, (last, _) in self._last.items())
        return service_of(name) == ROUTER

    def states(self, running: Iterable[str]) -> Iterator[ProcessState]:
        """Every process, by name, those of `running` as running."""
        answered, known = frozenset(running), {*self._wanted, *self._last}
        known |= {ROUTER, LOGGER} - {*map(service_of, known)}
        for name in sorted(known):
            at, status = self._last.get(name, (None, None))
            is_running = name in answered
            since = status.since if status and is_running else at
            yield ProcessState(name, is_running, status.version if status else None, since)

    def last_status(self, name: str) -> ServiceStatus | None:
        """What a process last said."""
        return self._last[name][1] if name in self._last else None


def service_of(name: str) -> str:
    """`router-2` → `router`."""
    return next((each for each in (ROUTER, LOGGER) if name == each or name.startswith(f"{each}-")), name)


def backlog_of(found: Mapping[str, ServiceStatus]) -> LoggerBacklog | None:
    """Of all loggers together: each reads the whole stream, and has taken what is its own."""
    told = [each.backlog for name, each in found.items() if service_of(name) == LOGGER and each.backlog]
    if not told:
        return None
    ages = [each.oldest_age_s for each in told if each.oldest_age_s is not None]
    return LoggerBacklog(
        pending=max(each.pending for each in told),
        unacked=sum(each.unacked for each in told),
        oldest_age_s=max(ages, default=None),
    )
