"""The bus: what the controller is asked about triggers, and the inference-logger about tables and labels."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from shared.bus import Bus
from shared.contracts.retraining import (
    EvidenceTable,
    RetrainingAccess,
    RetrainingTrigger,
    RetrainingTriggerList,
    RetrainingTriggerQuery,
)
from shared.contracts.rpc.inference_logger.labels import LABEL_COVERAGE, LabelCoverage, LabelCoverageQuery
from shared.contracts.rpc.inference_logger.tables import TABLES, TableList, TablesQuery
from shared.contracts.rpc.method import Nothing
from shared.contracts.rpc.retraining import RETRAINING_ACCESS, RETRAINING_TRIGGERS
from shared.errors import NotFound

ANSWER_WITHIN_S = 3.0
COVERAGE_WITHIN_S = 10.0
COVERAGE_STEP_S = 86_400


class ControllerOverBus:
    """Implements `Definitions`."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def triggers(self) -> Sequence[RetrainingTrigger]:
        """All that are defined."""
        answer = await self._bus.call(RETRAINING_TRIGGERS, Nothing(), timeout=ANSWER_WITHIN_S)
        assert isinstance(answer, RetrainingTriggerList)
        return answer.items

    async def access(self, trigger: UUID) -> RetrainingAccess:
        """Asked anew each time: nothing of it is kept."""
        answer = await self._bus.call(RETRAINING_ACCESS, RetrainingTriggerQuery(id=trigger), timeout=ANSWER_WITHIN_S)
        assert isinstance(answer, RetrainingAccess)
        return answer


class LoggerOverBus:
    """Implements `Surroundings`."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def tables(self, service: str) -> tuple[EvidenceTable, ...]:
        """Tables of a service, and their versions now."""
        answer = await self._bus.call(TABLES, TablesQuery(service=service), timeout=ANSWER_WITHIN_S)
        assert isinstance(answer, TableList)
        return tuple(
            EvidenceTable(name=table.name, location=table.location, version=table.version) for table in answer.items
        )

    async def label_share(self, service: str, since: datetime, until: datetime) -> float:
        """Share of the rows of a time that have a label; 0 where there are no rows."""
        query = LabelCoverageQuery(service=service, from_time=since, to_time=until, step=COVERAGE_STEP_S)
        try:
            answer = await self._bus.call(LABEL_COVERAGE, query, timeout=COVERAGE_WITHIN_S)
        except NotFound:
            return 0.0
        assert isinstance(answer, LabelCoverage)
        return answer.share
