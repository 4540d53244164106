"""GPUs of one machine and who has which: whole ones, none of them twice, of the kind that a pod asks for. Pure.

What was given stands in the claims: of pods that have their place, and of those that end.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from scheduler.domain.claims import ResourceClaim
from shared.contracts.deployment import Resources
from shared.contracts.nodes import GpuKind

_SLICE = re.compile(r"\bmig\b")
NO_SUCH_GPU = "no node has a GPU "
"""How the sentence begins that a pod waits with for a kind of GPU which nothing has."""


@dataclass(frozen=True)
class Gpu:
    """One device that a pod may have to itself."""

    id: str
    """UUID, as CUDA and NVIDIA's container runtime take it; the number where nothing more is known."""
    number: str
    """Place in NVML's order, of a slice with its place on the GPU (`0:1`), as names of CDI end."""
    kind: str = ""
    """NVML's name for it, such as `NVIDIA H200` or `NVIDIA H200 MIG 1g.18gb`; empty where it is not known."""
    memory_bytes: int = 0
    minor: int | None = None
    """Its file is `/dev/nvidia<minor>`; None where it is not known."""

    def __str__(self) -> str:
        return f"{self.kind} ({self.id})" if self.kind else f"GPU {self.id}"


def is_of_kind(kind: str, wanted: str) -> bool:
    """Whether a device of this kind is what a pod asks for: its name holds the text, whole words of it.

    An A100 is no A10. A slice is meant by a text that reaches into its own part of the name (`MIG 1g.18gb`): who asks
    for an H200 is not given a seventh of one.
    """
    name = kind.casefold()
    cut = _SLICE.search(name)
    found = re.finditer(rf"(?<![a-z0-9]){re.escape(wanted.casefold())}(?![a-z0-9])", name)
    return any(each.end() > (cut.start() if cut else 0) for each in found)


def gpus_asked_for(resources: Resources) -> str:
    """In words, such as `2 GPU H200`."""
    return f"{resources.gpu} GPU {resources.gpu_kind}" if resources.gpu_kind else f"{resources.gpu} GPU"


def no_such_gpu(kind: str, there: Sequence[GpuKind], group: str | None = None) -> str:
    """Why a pod waits for GPUs of a kind of which there are none, and what to do; `there`: what its nodes have."""
    any_kind = "GPUs of any kind" if there else "no GPU"
    instead = "one of these kinds" if any(each.kind for each in there) else any_kind
    where = f" in resource group {group}" if group else ""
    known = ", ".join(f"{each.gpu} {each.kind or 'whose kind is not known'}" for each in there)
    has = f"only {known}" if known else "nor any other"
    return (
        f"{NO_SUCH_GPU}{kind}{where}, {has}: ask for {instead}, or add a node with a GPU {kind}: it starts once there "
        "is one"
    )


class GpuLedger:
    """Which devices are free. Those that a pod waits for which takes another one's place are kept for it."""

    def __init__(self, there: Sequence[Gpu], claims: Iterable[ResourceClaim]) -> None:
        claims = list(claims)
        # Devices may have been given by number, before their ids were known.
        names = {name: gpu.id for gpu in there for name in (gpu.id, gpu.number)}
        self.there = tuple(there)
        self._held = {claim.pod: {names.get(gpu, gpu) for gpu in claim.gpus} for claim in claims}
        taken = set().union(*self._held.values())
        self._free = [gpu for gpu in there if gpu.id not in taken]
        self._asked = {claim.resources.gpu_kind for claim in claims if claim.resources.gpu_kind}
        self.due: dict[str, tuple[str, ...]] = {}
        """What pods that have their place get now, having waited for it; by pod."""
        for claim in sorted(filter(_lacks_gpus, claims), key=self._turn):
            if given := self.take(claim):
                self.due[claim.pod] = given

    def _turn(self, claim: ResourceClaim) -> tuple[bool, float, str]:
        """First those for which a pod has ended; of the others the oldest first."""
        return claim.took in self._held, claim.since, claim.pod

    def take(self, claim: ResourceClaim) -> tuple[str, ...]:
        """Give a pod its devices, by id; nothing where too few are free: then they are kept for one that takes the
        place of a pod which has the others."""
        asked = claim.resources
        if not asked.gpu:
            return ()
        free = self._of_kind(self._free, asked)
        others = self._asked - {asked.gpu_kind}
        # Stable: by number, those first that nobody asks for by their kind.
        free.sort(key=lambda gpu: any(is_of_kind(gpu.kind, each) for each in others))
        if len(free) < asked.gpu:
            old = claim.took or (claim.replaces.pod if claim.replaces else None)
            missing = asked.gpu - self.count(asked, self.held([old] if old else ()))
            self._remove(free[:missing] if old in self._held and missing > 0 else ())
            return ()
        given = tuple(gpu.id for gpu in free[: asked.gpu])
        self._remove(free[: asked.gpu])
        self._held[claim.pod] = set(given)
        return given

    def _remove(self, gpus: Collection[Gpu]) -> None:
        self._free = [gpu for gpu in self._free if gpu not in gpus]

    def held(self, pods: Iterable[str]) -> set[str]:
        """What pods have."""
        return set().union(*(self._held.get(pod, ()) for pod in pods))

    def free(self, asked: Resources, besides: Collection[str] = ()) -> int:
        """How many that would do are free, or among those that soon are."""
        return len(self._of_kind(self._free, asked)) + self.count(asked, besides)

    def at_most(self, asked: Resources, kept: Collection[str] = ()) -> int:
        """How many that would do there are at all, save those that others keep."""
        return self.count(asked, {gpu.id for gpu in self.there} - set(kept))

    def count(self, asked: Resources, ids: Collection[str]) -> int:
        """How many of these would do."""
        return len(self._of_kind((gpu for gpu in self.there if gpu.id in ids), asked))

    @staticmethod
    def _of_kind(gpus: Iterable[Gpu], asked: Resources) -> list[Gpu]:
        return [gpu for gpu in gpus if asked.gpu_kind is None or is_of_kind(gpu.kind, asked.gpu_kind)]

    def kinds(self) -> tuple[GpuKind, ...]:
        """How many of each kind there are, and are free."""
        free = Counter(gpu.kind for gpu in self._free)
        return tuple(
            GpuKind(kind=kind or None, gpu=count, free=free[kind])
            for kind, count in Counter(gpu.kind for gpu in self.there).items()
        )


def _lacks_gpus(claim: ResourceClaim) -> bool:
    return claim.is_placed and not claim.is_leaving and len(claim.gpus) < claim.resources.gpu
