"""The catalogue of resource specs: named sizes of a pod, with the price of one pod for one hour."""

from __future__ import annotations

from dataclasses import dataclass

from shared.contracts.deployment import Resources
from shared.errors import Detail, InvalidInput

DEFAULT_SPEC = "1C2G"


@dataclass(frozen=True)
class ResourceSpec:
    """`cpu` in cores, `memory_gb` in GiB, `price_per_hour` in the installation's currency."""

    name: str
    cpu: float
    memory_gb: float
    gpu: int
    price_per_hour: float


CATALOGUE: tuple[ResourceSpec, ...] = tuple(
    ResourceSpec(f"{cpu}C{memory}G", cpu, memory, 0, round(0.03 * cpu + 0.008 * memory, 3))
    for cpu, memory in ((1, 1), (1, 2), (1, 4), (2, 4), (2, 8), (4, 8), (4, 16), (8, 16), (8, 32), (16, 32), (16, 64))
)

_BY_NAME = {spec.name: spec for spec in CATALOGUE}


def resources_of(name: str) -> Resources:
    """What one pod of this spec may use; `InvalidInput` names a spec that is not in the catalogue."""
    spec = _BY_NAME.get(name)
    if spec is None:
        known = ", ".join(_BY_NAME)
        raise InvalidInput(
            f"There is no resource spec {name[:64]!r}; there are {known}",
            (Detail(("resource_source", "spec"), "unknown spec"),),
        )
    return Resources(spec=spec.name, cpu=spec.cpu, memory_gb=spec.memory_gb, gpu=spec.gpu)


def price_of(name: str) -> float:
    """Price of one pod for one hour; 0 for what the catalogue does not price, such as a group's own nodes."""
    spec = _BY_NAME.get(name)
    return spec.price_per_hour if spec else 0.0
