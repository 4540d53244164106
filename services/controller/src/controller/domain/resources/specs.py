"""The catalogue of resource specs: named sizes of a pod, with the price of one pod for one hour."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, Field, model_validator

from controller.domain import names
from controller.domain.commands import (
    Change,
    Command,
    Cores,
    Devices,
    Gibibytes,
    GpuKind,
    Text,
    require_gpus_of_kind,
)

Price = Annotated[float, Field(ge=0, le=1_000_000)]
GPU_KIND = "Words that the name of each of its GPUs holds, such as `H200` or `MIG 1g.18gb`; null: any."


class NewSpec(Command):
    """A size of a pod; the price is of one pod for one hour, in the installation's currency."""

    name: Annotated[str, AfterValidator(names.spec_name)]
    description: Text = ""
    cpu: Cores
    memory_gb: Gibibytes
    gpu: Devices = 0
    gpu_kind: GpuKind | None = Field(default=None, description=GPU_KIND)
    price_per_hour: Price = 0

    @model_validator(mode="after")
    def _kind_of_gpus(self) -> Self:
        require_gpus_of_kind(self.gpu, self.gpu_kind)
        return self


class SpecChange(Change):
    """What of a spec may be edited; its size only while no version uses it."""

    nullable: ClassVar[frozenset[str]] = frozenset({"gpu_kind"})

    description: Text | None = None
    cpu: Cores | None = None
    memory_gb: Gibibytes | None = None
    gpu: Devices | None = None
    gpu_kind: GpuKind | None = Field(default=None, description=GPU_KIND)
    price_per_hour: Price | None = None

    @property
    def is_of_size(self) -> bool:
        """Whether pods of that spec would be others."""
        return bool(self.model_fields_set & {"cpu", "memory_gb", "gpu", "gpu_kind"})
