"""Facts about erasures. Producer: inference-logger."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from shared.contracts.inference_tables.erasures import ErasureReceipt
from shared.events.base import Event


class ErasureFinished(Event):
    """Nothing of the rows is left in any file. It names nobody."""

    entity: ClassVar[str] = "erasure"
    fact: ClassVar[str] = "finished"
    service: str
    erasure_id: UUID
    receipt: ErasureReceipt

    def key(self) -> str:
        """The service."""
        return self.service
