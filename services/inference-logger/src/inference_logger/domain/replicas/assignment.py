"""Several inference-loggers share the services: who owns which, from where on, and who is gone. Pure decisions.

The tables of a service belong to one replica, by rendezvous hash over the members: where one comes or goes, only what
it gets or had changes hands. Every member reads the whole stream and takes what is its own, so that one number says up
to where it has stored all of that. When the members change, all of them read on from the lowest of these numbers; what
a service's owner of before had stored beyond that is its *floor*, and is passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

MOST_LAYERS = 16
"""Of changes that a member which is far behind keeps alive; without an older one more is read and looked up again."""
Positions = Mapping[str, int]
"""Member → up to where it has stored what it owns."""


def owner_of(service: str, members: Iterable[str]) -> str:
    """Who of the members owns the tables of a service."""
    return max(members, key=lambda member: (sha256(f"{member}\0{service}".encode()).digest(), member))


@dataclass(frozen=True)
class Assignment:
    """Who shares the work. `epoch` grows with each change: commits carry it, and older ones are refused."""

    epoch: int = 0
    members: tuple[str, ...] = ()
    stream: str = ""
    """The stream, and its epoch, that positions belong to."""
    layers: tuple[Positions, ...] = ()
    """Where the members of earlier epochs had been when these ended."""
    home: str = ""
    """Names the parking area, which all members share."""

    def owner(self, service: str) -> str:
        """Who owns the tables of a service."""
        return owner_of(service, self.members)

    def floor(self, service: str) -> int:
        """Up to where earlier owners of a service have stored it."""
        return max((layer[owner_of(service, layer)] for layer in self.layers), default=0)

    def with_members(self, members: Iterable[str], positions: Positions) -> Assignment:
        """After members came or went; `positions` are those of the members until now."""
        wanted = tuple(sorted(set(members)))
        if wanted == self.members or not positions:
            return replace(self, epoch=self.epoch + 1, members=wanted)
        lowest = min(positions.values())
        layers = [layer for layer in (*self.layers, dict(positions)) if max(layer.values()) > lowest]
        return replace(self, epoch=self.epoch + 1, members=wanted, layers=tuple(layers[-MOST_LAYERS:]))

    def on_stream(self, stream: str) -> Assignment:
        """On another stream, or another epoch of it: positions begin anew."""
        return replace(self, epoch=self.epoch + 1, stream=stream, layers=())
