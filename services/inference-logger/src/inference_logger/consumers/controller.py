"""The bus: what the controller is asked."""

from __future__ import annotations

from uuid import UUID

from shared.contracts.inference_tables.erasures import ErasureOrder, ErasureOrders
from shared.contracts.inference_tables.label_sources import (
    DatabaseAccess,
    LabelSource,
    LabelSourceList,
    LabelSourceQuery,
)
from shared.contracts.rpc.controller import (
    ERASURES,
    LABEL_SOURCE_ACCESS,
    LABEL_SOURCES,
)
from shared.contracts.rpc.method import Nothing
from shared.storage.over_bus import ANSWER_WITHIN_S, DestinationsOverBus


class ControllerOverBus(DestinationsOverBus):
    """Destinations, erasures, label sources; implements `ControllerCalls` of each."""

    async def erasures(self) -> tuple[ErasureOrder, ...]:
        """Those that are not finished."""
        answer = await self._bus.call(ERASURES, Nothing(), timeout=ANSWER_WITHIN_S)
        assert isinstance(answer, ErasureOrders)
        return answer.items

    async def label_sources(self) -> tuple[LabelSource, ...]:
        """All that are defined."""
        answer = await self._bus.call(LABEL_SOURCES, Nothing(), timeout=ANSWER_WITHIN_S)
        assert isinstance(answer, LabelSourceList)
        return answer.items

    async def label_source_access(self, source: UUID) -> DatabaseAccess:
        """How the database of one is reached."""
        answer = await self._bus.call(LABEL_SOURCE_ACCESS, LabelSourceQuery(id=source), timeout=ANSWER_WITHIN_S)
        assert isinstance(answer, DatabaseAccess)
        return answer
