"""The catalogue of resource specs: named sizes of a pod, with the price of one pod for one hour."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from controller.domain import names
from controller.domain.commands import Change, Command, Cores, Devices, Gibibytes, Text

Price = Annotated[float, Field(ge=0, le=1_000_000)]


class NewSpec(Command):
    """A size of a pod; the price is of one pod for one hour, in the installation's currency."""

    name: Annotated[str, AfterValidator(names.spec_name)]
    description: Text = ""
    cpu: Cores
    memory_gb: Gibibytes
    gpu: Devices = 0
    price_per_hour: Price = 0


class SpecChange(Change):
    """What of a spec may be edited; its size only while no version uses it."""

    description: Text | None = None
    cpu: Cores | None = None
    memory_gb: Gibibytes | None = None
    gpu: Devices | None = None
    price_per_hour: Price | None = None

    @property
    def is_of_size(self) -> bool:
        """Whether pods of that spec would be others."""
        return bool(self.model_fields_set & {"cpu", "memory_gb", "gpu"})
