"""The bus: what other services are asked."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from shared.contracts.chunks import ChunkStream
from shared.contracts.quality.monitors import Monitor, MonitorList
from shared.contracts.quality.training_data import TrainingData, TrainingDataQuery
from shared.contracts.rpc.inference_logger.tables import TABLES, TableList, TablesQuery, TableView
from shared.contracts.rpc.method import Nothing
from shared.contracts.rpc.quality import MONITORS, NOTE_METRIC_TABLE, TRAINING_DATA, MetricTable
from shared.storage.over_bus import ANSWER_WITHIN_S, DestinationsOverBus

TRAINING_WITHIN_S = 30.0
"""The controller asks MLflow."""


class PeersOverBus(DestinationsOverBus):
    """Implements `handlers.rules.sources.PeerCalls`."""

    async def monitors(self) -> tuple[Monitor, ...]:
        """Every rule that is defined."""
        answer = await self._bus.call(MONITORS, Nothing(), timeout=ANSWER_WITHIN_S)
        assert isinstance(answer, MonitorList)
        return answer.items

    async def tables(self, service: str) -> tuple[TableView, ...]:
        """The catalogue's entries of a service."""
        answer = await self._bus.call(TABLES, TablesQuery(service=service), timeout=ANSWER_WITHIN_S)
        assert isinstance(answer, TableList)
        return answer.items

    async def training_data(self, query: TrainingDataQuery) -> TrainingData:
        """Where the data lie that a model was trained on."""
        answer = await self._bus.call(TRAINING_DATA, query, timeout=TRAINING_WITHIN_S)
        assert isinstance(answer, TrainingData)
        return answer

    async def note_table(self, table: MetricTable) -> None:
        """Have a table that was written listed in the catalogue."""
        await self._bus.call(NOTE_METRIC_TABLE, table, timeout=ANSWER_WITHIN_S)

    def read_chunks(self, stream: ChunkStream) -> AsyncGenerator[bytes, None]:
        """A file that the controller hands over."""
        return self._bus.read_chunks(stream)
