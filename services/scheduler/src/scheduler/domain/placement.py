"""Which of the waiting pods have room: what they ask for counts, not what they use, as Kubernetes counts requests.

First come, first served: a small pod does not slip past a large one that has waited longer, or that would wait for
ever. One that asks for more than there is at all holds nobody up. A pod that replaces another one of its version takes
that one's place, though both run for a moment: an update goes on where the machine is full.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from shared.contracts.deployment import Resources

_TINY = 1e-9


@dataclass(frozen=True)
class Room:
    """Cores, GiB and devices."""

    cpu: float
    memory_gb: float
    gpu: int = 0

    def less(self, resources: Resources) -> Room:
        """What is left beside a pod; less than nothing where more was given away than there is."""
        return Room(self.cpu - resources.cpu, self.memory_gb - resources.memory_gb, self.gpu - resources.gpu)

    def holds(self, resources: Resources) -> bool:
        """Whether a pod fits."""
        left = self.less(resources)
        return min(left.cpu, left.memory_gb, left.gpu) >= -_TINY

    def __str__(self) -> str:
        devices = f", {self.gpu} GPU" if self.gpu else ""
        return f"{max(self.cpu, 0):g} cores, {max(self.memory_gb, 0):.3g} GiB{devices}"


UNLIMITED = Room(inf, inf, 1 << 30)


@dataclass(frozen=True)
class Claim:
    """One pod and what it asks for; `since` orders those that wait."""

    pod: str
    resources: Resources
    since: float
    is_placed: bool
    is_replacement: bool = False


@dataclass(frozen=True)
class Placement:
    """Pods that have room now, and why each of the others has not, in words."""

    placed: tuple[str, ...]
    waiting: dict[str, str]


def place(claims: Sequence[Claim], total: Room) -> Placement:
    """Give room to as many of the waiting as there is, oldest first."""
    left = total
    for claim in claims:
        if claim.is_placed:
            left = left.less(claim.resources)
    placed: list[str] = []
    waiting: dict[str, str] = {}
    is_held_up = False
    for claim in sorted((each for each in claims if not each.is_placed), key=lambda each: (each.since, each.pod)):
        can_ever = total.holds(claim.resources)
        if claim.is_replacement or (can_ever and not is_held_up and left.holds(claim.resources)):
            placed.append(claim.pod)
            left = left.less(claim.resources)
            continue
        is_held_up = is_held_up or can_ever
        waiting[claim.pod] = _why(claim.resources, left if can_ever else total, can_ever=can_ever)
    return Placement(tuple(placed), waiting)


def _why(asked: Resources, room: Room, *, can_ever: bool) -> str:
    wanted = Room(asked.cpu, asked.memory_gb, asked.gpu)
    return f"asks for {wanted}; {'free are' if can_ever else 'there are only'} {room}"
