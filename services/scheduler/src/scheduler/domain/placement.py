"""Which of the waiting pods have room: what they ask for counts, not what they use, as Kubernetes counts requests.

First come, first served: a small pod does not slip past a large one that has waited longer, or that would wait for
ever. One that asks for more than there is at all holds nobody up. A pod that replaces another one of its version takes
that one's place, one for one, though both run for a moment: an update goes on where the machine is full.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
    replaces: Resources | None = None
    """What the pod asks for whose place this one takes, where it takes one's."""


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
        if can_ever and (_takes_a_place(claim, left) or (not is_held_up and left.holds(claim.resources))):
            placed.append(claim.pod)
            left = left.less(claim.resources)
            continue
        is_held_up = is_held_up or can_ever
        waiting[claim.pod] = _why(claim.resources, left if can_ever else total, can_ever=can_ever)
    return Placement(tuple(placed), waiting)


def _takes_a_place(claim: Claim, left: Room) -> bool:
    """Whether what it replaces, and what is left, make room for it."""
    if claim.replaces is None:
        return False
    asked, old = claim.resources, claim.replaces
    more = Room(max(0, asked.cpu - old.cpu), max(0, asked.memory_gb - old.memory_gb), max(0, asked.gpu - old.gpu))
    return more == Room(0, 0) or (left.cpu >= more.cpu and left.memory_gb >= more.memory_gb and left.gpu >= more.gpu)


def replacing(claims: Sequence[Claim], templates: Mapping[str, str]) -> list[Claim]:
    """The claims of one version's pods, each waiting one with the pod of another template whose place it takes.

    `templates`: pod → what it runs. One for one: pods that were placed already have taken theirs.
    """
    found = [claim for claim in claims if claim.is_placed]
    waiting = sorted((claim for claim in claims if not claim.is_placed), key=lambda each: (each.since, each.pod))
    for claim in waiting:
        same = [templates[each.pod] == templates[claim.pod] for each in found]
        old = [each for each, is_same in zip(found, same, strict=True) if not is_same]
        taken = sum(same)
        found.append(replace(claim, replaces=old[taken].resources) if taken < len(old) else claim)
    return found


def _why(asked: Resources, room: Room, *, can_ever: bool) -> str:
    wanted = Room(asked.cpu, asked.memory_gb, asked.gpu)
    return f"asks for {wanted}; {'free are' if can_ever else 'there are only'} {room}"
