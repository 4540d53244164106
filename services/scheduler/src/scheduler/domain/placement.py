"""Which of the waiting pods have room: what they ask for counts, not what they use, as Kubernetes counts requests.

First come, first served: a small pod does not slip past a large one that has waited longer, or that would wait for
ever. One that asks for more than there is at all, or than its own version leaves of it, holds nobody up. A pod that
replaces another one of its version takes that one's place, one for one, though both run for a moment: an update goes
on where the machine is full. Devices are not shared, not for a moment: an update of pods with GPUs needs free ones, or
(where the installation's owner says so) the old pod ends first.

Each node of a resource group is a pool of its own, and so is what nodes leave of the machine. Pods of a group go where
most is left, so that one node's trouble is not the trouble of all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from uuid import UUID

from scheduler.domain.claims import ResourceClaim
from scheduler.domain.gpus import Gpu, GpuLedger, no_such_gpu
from shared.contracts.deployment import Resources
from shared.contracts.nodes import GpuKind
from shared.counted import counted

_EPSILON = 1e-9
FREE_FIRST = "SCHEDULER_GPU_ROLLOUT=free-first ends the pod that it replaces first, for its GPU"
MAX_NAMED_HOLDERS = 5
"""Versions that are named to a pod which waits."""


@dataclass(frozen=True)
class Capacity:
    """Cores, GiB and devices."""

    cpu: float
    memory_gb: float
    gpu: int = 0

    def minus(self, resources: Resources) -> Capacity:
        """What is left beside a pod; less than nothing where more was given away than there is."""
        return Capacity(self.cpu - resources.cpu, self.memory_gb - resources.memory_gb, self.gpu - resources.gpu)

    def fits(self, resources: Resources) -> bool:
        """Whether a pod fits."""
        left = self.minus(resources)
        return min(left.cpu, left.memory_gb, left.gpu) >= -_EPSILON

    def __str__(self) -> str:
        devices = f", {self.gpu} GPU" if self.gpu > 0 else ""
        cores = max(self.cpu, 0)
        return f"{counted(cores, 'core')}, {max(self.memory_gb, 0):.3g} GiB{devices}"


UNLIMITED = Capacity(inf, inf, 1 << 30)


@dataclass(frozen=True)
class ResourcePool:
    """Room that pods of one group may have: a node of the group, or (`node` and `group` None) the shared pool."""

    capacity: Capacity
    group: str | None = None
    node: UUID | None = None
    is_open: bool = True
    """Whether new pods may come to it."""
    gpu_kinds: tuple[GpuKind, ...] = ()
    """What its devices are: of a share of a machine all that the machine has."""


@dataclass(frozen=True)
class Placement:
    """Pods that have room now, with the node of each (None: the shared pool); why the others have none, in words.

    `took`: those of them that have the place of a pod which is still there, with that pod. `gpus`: their devices,
    by id; none yet of those that wait for another pod's.
    """

    placed: dict[str, UUID | None] = field(default_factory=dict)
    took: dict[str, str] = field(default_factory=dict)
    gpus: dict[str, tuple[str, ...]] = field(default_factory=dict)
    waiting: dict[str, str] = field(default_factory=dict)


def place_pods(
    claims: Sequence[ResourceClaim],
    pools: Sequence[ResourcePool],
    gpus: Sequence[Gpu] = (),
    *,
    frees_gpus: bool = False,
) -> Placement:
    """Give room to as many of the waiting as there is, oldest first in each group.

    Args:
        gpus: devices of the machine that the pools are shares of; how many of them pods may have the pools say.
        frees_gpus: a pod that replaces another one takes its devices too: it waits for the other's end then.
    """
    left = _left(claims, pools)
    ledger = GpuLedger(gpus, claims)
    placement = Placement()
    held_up: set[str | None] = set()
    siblings: defaultdict[UUID | None, list[ResourceClaim]] = defaultdict(list)
    for claim in claims:
        if claim.is_placed and claim.version and not claim.is_leaving:
            siblings[claim.version].append(claim)
    for claim in sorted((each for each in claims if not each.is_placed), key=lambda each: (each.since, each.pod)):
        mine = [pool for pool in pools if pool.group == claim.resources.group and pool.is_open]
        is_held_up = claim.resources.group in held_up
        chosen = _chosen(claim, mine, left, ledger, is_held_up=is_held_up, frees_gpus=frees_gpus)
        if chosen is not None:
            placement.placed[claim.pod] = chosen.node
            if claim.replaces and _takes_a_place(claim, chosen.node, left[chosen.node], ledger, frees_gpus=frees_gpus):
                placement.took[claim.pod] = claim.replaces.pod
            left[chosen.node] = left[chosen.node].minus(claim.resources)
            placement.gpus[claim.pod] = ledger.take(claim)
            if claim.version:
                siblings[claim.version].append(replace(claim, is_placed=True, node=chosen.node))
            continue
        most = [_at_most(claim, pool, siblings[claim.version], ledger, frees_gpus=frees_gpus) for pool in mine]
        can_ever = any(room.fits(claim.resources) for room in most)
        if can_ever:
            held_up.add(claim.resources.group)
        rooms = [_of_kind(left[pool.node], claim, ledger.free(claim.resources)) for pool in mine] if can_ever else most
        why = _why(claim, rooms, mine, ledger, can_ever=can_ever)
        holders = _holders(claim, claims, mine) if can_ever else ""
        placement.waiting[claim.pod] = f"{why}; held by {holders}" if holders else why
    return placement


def _of_kind(room: Capacity, claim: ResourceClaim, gpus: int) -> Capacity:
    """Of the devices in a room those that a pod asks for, which are at most so many on the whole machine."""
    return replace(room, gpu=min(room.gpu, gpus)) if claim.resources.gpu_kind else room


def _at_most(
    claim: ResourceClaim,
    pool: ResourcePool,
    siblings: Sequence[ResourceClaim],
    ledger: GpuLedger,
    *,
    frees_gpus: bool,
) -> Capacity:
    """What a pool has for a pod once all other versions' pods are gone: those of its own stay beside it."""
    room = pool.capacity
    staying = {each.pod for each in siblings if not (frees_gpus and each.pod == _replaced(claim))}
    for each in siblings:
        if each.node != pool.node:
            continue
        if each.pod != _replaced(claim):
            room = room.minus(each.resources)
        elif not frees_gpus:
            room = replace(room, gpu=room.gpu - each.resources.gpu)  # the old one keeps them until the new one answers
    return _of_kind(room, claim, ledger.at_most(claim.resources, ledger.held(staying)))


def _replaced(claim: ResourceClaim) -> str | None:
    return claim.replaces.pod if claim.replaces else None


def _left(claims: Sequence[ResourceClaim], pools: Sequence[ResourcePool]) -> dict[UUID | None, Capacity]:
    left = {pool.node: pool.capacity for pool in pools}
    for claim in claims:
        if claim.is_placed and claim.node in left:
            left[claim.node] = left[claim.node].minus(claim.resources)
    return left


def _chosen(
    claim: ResourceClaim,
    pools: Sequence[ResourcePool],
    left: Mapping[UUID | None, Capacity],
    ledger: GpuLedger,
    *,
    is_held_up: bool,
    frees_gpus: bool,
) -> ResourcePool | None:
    """Where it goes; one that takes a place goes there, past those that wait for room."""
    fitting = [pool for pool in pools if pool.capacity.fits(claim.resources)]
    for pool in fitting:
        if _takes_a_place(claim, pool.node, left[pool.node], ledger, frees_gpus=frees_gpus):
            return pool
    gpus = ledger.free(claim.resources)
    free = [pool for pool in fitting if _of_kind(left[pool.node], claim, gpus).fits(claim.resources)]
    if is_held_up or not free:
        return None
    return max(free, key=lambda pool: (left[pool.node].cpu, left[pool.node].memory_gb))


def _takes_a_place(
    claim: ResourceClaim, node: UUID | None, left: Capacity, ledger: GpuLedger, *, frees_gpus: bool
) -> bool:
    """Whether what it replaces there, and what is left there, make room for it."""
    if claim.replaces is None or claim.replaces.node != node:
        return False
    asked, old = claim.resources, claim.replaces.resources
    if asked.group != old.group:
        return False
    freed = ledger.held([claim.replaces.pod]) if frees_gpus else ()
    if asked.gpu_kind and ledger.free(asked, freed) < asked.gpu:
        return False
    gpu = asked.gpu - old.gpu if frees_gpus else asked.gpu
    more = Capacity(max(0, asked.cpu - old.cpu), max(0, asked.memory_gb - old.memory_gb), max(0, gpu))
    return more == Capacity(0, 0) or (
        left.cpu >= more.cpu and left.memory_gb >= more.memory_gb and left.gpu >= more.gpu
    )


def pair_replacements(claims: Sequence[ResourceClaim], templates: Mapping[str, str]) -> list[ResourceClaim]:
    """The claims of one version's pods, each waiting one with the pod of another template whose place it takes.

    `templates`: pod → what it runs. One for one: a place that was taken is not taken again.
    """
    placed = [claim for claim in claims if claim.is_placed]
    waiting = sorted((claim for claim in claims if not claim.is_placed), key=lambda each: (each.since, each.pod))
    taken = {claim.took for claim in placed}
    free = [claim for claim in placed if claim.pod not in taken]
    found = list(placed)
    for claim in waiting:
        old = next((each for each in free if templates[each.pod] != templates[claim.pod]), None)
        if old is not None:
            free.remove(old)
        found.append(replace(claim, replaces=old))
    return found


def _holders(claim: ResourceClaim, claims: Sequence[ResourceClaim], pools: Sequence[ResourcePool]) -> str:
    """Whose pods hold the room that a pod waits for, the largest first; other projects are not named."""
    nodes = {pool.node for pool in pools}
    held: defaultdict[str, list[Resources]] = defaultdict(list)
    for each in claims:
        if each.is_placed and each.node in nodes and each.service:
            is_known = each.project == claim.project
            held[f"{each.service}/{each.name}" if is_known else "other projects"].append(each.resources)
    rooms = {owner: _sum(resources) for owner, resources in held.items()}
    ranked = sorted(rooms, key=lambda owner: (-rooms[owner].cpu, -rooms[owner].memory_gb, owner))
    told = [f"{owner} ({rooms[owner]})" for owner in ranked[:MAX_NAMED_HOLDERS]]
    further = len(ranked) - len(told)
    return ", ".join([*told, f"{further} more"] if further else told)


def _sum(resources: Sequence[Resources]) -> Capacity:
    return Capacity(
        sum(each.cpu for each in resources),
        sum(each.memory_gb for each in resources),
        sum(each.gpu for each in resources),
    )


def _why(
    claim: ResourceClaim,
    rooms: Sequence[Capacity],
    pools: Sequence[ResourcePool],
    ledger: GpuLedger,
    *,
    can_ever: bool,
) -> str:
    asked = claim.resources
    total = ledger.at_most(asked)
    if asked.gpu and asked.gpu_kind and not total:
        return no_such_gpu(asked.gpu_kind, ledger.kinds())
    kind = f" {asked.gpu_kind}" if asked.gpu and asked.gpu_kind else ""
    wanted = f"{Capacity(asked.cpu, asked.memory_gb, asked.gpu)}{kind}"
    if not rooms:
        return f"asks for {wanted}; no node of resource group {asked.group} takes pods"
    room = max(rooms, key=lambda each: (each.cpu, each.memory_gb))
    where = f" on one node of resource group {asked.group}" if asked.group else ""
    # `Capacity` leaves devices out where there are none.
    devices = f", no GPU{kind}" if asked.gpu and room.gpu <= 0 else kind
    said = f"asks for {wanted}; {'free are' if can_ever else 'there are only'} {room}{devices}{where}"
    if not can_ever and any(_of_kind(pool.capacity, claim, total).fits(asked) for pool in pools):
        old = claim.replaces
        is_stuck = old is not None and old.resources.gpu and (not kind or ledger.count(asked, ledger.held([old.pod])))
        stuck = f"; {FREE_FIRST}" if is_stuck else ""
        return f"{said} beside its version's own pods{stuck}"
    return said
