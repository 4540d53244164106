"""The router's view of the `routes` bucket, and what a read of the bucket changes in it.

The bucket is the truth, with one exception. A bucket that was made anew (its server lost its data) says nothing about
routes that it does not hold *yet*: known ones stay until their writer has written again, plus a grace period; only
then does absence mean deletion. This is decided per writer: an `intent.` or `keys.` entry speaks for the
controller, an `endpoints.` entry for the scheduler. A key that the new bucket does hold, or deletes, counts at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import orjson

Change = tuple[str, bytes | None]
"""A key and its new value; None: it is gone."""


@dataclass(slots=True)
class BucketView:
    """The last known values, from which bucket they come, and how far it was read."""

    grace_s: float
    created: str = ""
    sequence: int = 0
    entries: dict[str, bytes] = field(default_factory=dict)
    unconfirmed: set[str] = field(default_factory=set)
    """Keys known from an earlier bucket that this one has not mentioned."""
    _forget_at: dict[str, float] = field(default_factory=dict)

    def is_other(self, created: str, last_sequence: int) -> bool:
        """Whether this is another bucket than the one that was read, or one that lost its end."""
        return bool(self.created) and (created != self.created or last_sequence < self.sequence)

    def replace(self, created: str, sequence: int, listing: Mapping[str, bytes], now: float) -> list[Change]:
        """Take a whole listing of the bucket as of `sequence`."""
        if self.is_other(created, sequence):
            self.unconfirmed = set(self.entries)
            self._forget_at.clear()
        self.created, self.sequence = created, sequence
        changes: list[Change] = [(key, value) for key, value in listing.items() if self._set(key, value, now)]
        gone = [key for key in self.entries if key not in listing and key not in self.unconfirmed]
        changes += [(key, None) for key in gone if self._unset(key)]
        return changes

    def update(self, sequence: int, key: str, value: bytes | None, now: float) -> list[Change]:
        """Take one message of the bucket."""
        self.sequence = sequence
        changed = self._unset(key) if value is None else self._set(key, value, now)
        return [(key, value)] if changed else []

    def forget_unconfirmed(self, now: float) -> list[Change]:
        """Drop what a writer has not written again within the grace period after its first write."""
        late = {writer for writer, at in self._forget_at.items() if at <= now}
        gone = [key for key in self.unconfirmed if writer_of(key) in late]
        return [(key, None) for key in gone if self._unset(key)]

    def encode(self) -> bytes:
        """For the snapshot on disk."""
        return orjson.dumps(
            {
                "created": self.created,
                "sequence": self.sequence,
                "unconfirmed": sorted(self.unconfirmed),
                "entries": {key: value.decode() for key, value in sorted(self.entries.items())},
            }
        )

    def restore(self, snapshot: bytes) -> list[Change]:
        """Take a snapshot; raises ValueError, KeyError or TypeError where it is none."""
        raw = orjson.loads(snapshot)
        self.created, self.sequence = str(raw["created"]), int(raw["sequence"])
        self.entries = {str(key): str(value).encode() for key, value in raw["entries"].items()}
        self.unconfirmed = set(raw["unconfirmed"]) & set(self.entries)
        return list(self.entries.items())

    def _set(self, key: str, value: bytes, now: float) -> bool:
        self.unconfirmed.discard(key)
        if self.unconfirmed:
            self._forget_at.setdefault(writer_of(key), now + self.grace_s)
        if self.entries.get(key) == value:
            return False
        self.entries[key] = value
        return True

    def _unset(self, key: str) -> bool:
        self.unconfirmed.discard(key)
        return self.entries.pop(key, None) is not None


def writer_of(key: str) -> str:
    """Who writes this key."""
    return "scheduler" if key.startswith("endpoints.") else "controller"


def in_order(changes: list[Change]) -> Iterator[Change]:
    """Endpoints and keys before the intents that need them, so that no request meets half a service."""
    yield from sorted(changes, key=lambda change: change[0].startswith("intent."))
