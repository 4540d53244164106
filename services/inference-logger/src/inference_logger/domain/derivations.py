"""When a derived table is brought up to date, and how long its rows wait for a signature. Pure decisions.

Each commit to a payload table wakes the table that is derived from it; a table that was just written rests for the
interval, so that commits of a busy second are derived together. One that fails is tried again after 1, 2, 4 … 30 s.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from inference_logger.domain.inferences.signatures import KnownSignatures, Signature, SignatureKey
from inference_logger.domain.tables import TableKey
from inference_logger.domain.waiting import RetrySchedule

SIGNATURE_WAIT_S = 10.0
"""A pod says what its signature is when it turns ready: before its first request, by another way than its records."""


@dataclass
class DerivationSchedule:
    """Source tables that have something new, and when each may be derived (monotonic seconds)."""

    interval_s: float
    _due: dict[TableKey, float] = field(default_factory=dict)
    _rest_until: dict[TableKey, float] = field(default_factory=dict)
    _retries: dict[TableKey, RetrySchedule] = field(default_factory=dict)
    _running: set[TableKey] = field(default_factory=set)

    def wake(self, source: TableKey, now: float) -> None:
        """It has got rows."""
        retry = self._retries.get(source)
        at = max(now, self._rest_until.get(source, now), retry.at if retry else now)
        self._due[source] = min(at, self._due.get(source, at))

    def take_due(self, now: float) -> list[TableKey]:
        """Those that are to be derived now; not again before it is said what became of that."""
        due = [source for source, at in self._due.items() if at <= now and source not in self._running]
        for source in due:
            del self._due[source]
        self._running.update(due)
        return due

    def wait_s(self, now: float) -> float | None:
        """Until the next is due; None: there is none."""
        times = [at for source, at in self._due.items() if source not in self._running]
        return max(0.0, min(times) - now) if times else None

    def written(self, source: TableKey, now: float, *, is_behind: bool) -> None:
        """Its derived table was brought on; `is_behind`: there is more, which needs no rest."""
        self._running.discard(source)
        self._retries.pop(source, None)
        if is_behind:
            self._due[source] = now
            return
        self._rest_until[source] = now + self.interval_s
        if source in self._due:  # it was woken meanwhile
            self._due[source] = now + self.interval_s

    def failed(self, source: TableKey, now: float) -> None:
        """It could not be written."""
        self._running.discard(source)
        retry = self._retries.get(source, RetrySchedule()).after_failure(now)
        self._retries[source] = retry
        self._due[source] = retry.at

    def forget(self, source: TableKey) -> None:
        """It is another process' to derive."""
        self._running.discard(source)
        for known in (self._due, self._rest_until, self._retries):
            known.pop(source, None)

    def postponed(self, source: TableKey, at: float) -> None:
        """It waits for something that is expected soon."""
        self._running.discard(source)
        self._due[source] = at


class SignaturesMissing(Exception):
    """Rows of generations whose signature is not known yet."""

    def __init__(self, keys: frozenset[SignatureKey]) -> None:
        super().__init__("the signature of a new generation is not known yet")
        self.keys = keys


@dataclass
class SignatureWaits:
    """Generations that rows have waited for, and since when."""

    _since: dict[SignatureKey, float] = field(default_factory=dict)

    def note(self, keys: Iterable[SignatureKey], now: float) -> None:
        """Rows wait for them from now on, or do so already."""
        for key in keys:
            self._since.setdefault(key, now)

    def given_up(self, now: float) -> frozenset[SignatureKey]:
        """Those that nothing came for in time: their rows do without."""
        return frozenset(key for key, since in self._since.items() if now - since >= SIGNATURE_WAIT_S)


def resolve_signatures(
    keys: Iterable[SignatureKey], known: KnownSignatures, given_up: frozenset[SignatureKey]
) -> Mapping[SignatureKey, Signature]:
    """The signature for each key. Raises `SignaturesMissing` for generations that are worth waiting for."""
    wanted = set(keys)
    missing = {key for key in wanted if key[0] is not None and key[1] is not None and known.of(key) is None}
    if missing - given_up:
        raise SignaturesMissing(frozenset(missing - given_up))
    return {key: known.nearest(key) for key in wanted}
