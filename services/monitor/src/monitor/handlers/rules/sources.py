"""Where the rows of rules lie: the logger's catalogue says, the controller gives the credentials of object stores."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Protocol

from monitor.store.inference_tables.places import TablePlace
from shared.contracts.chunks import ChunkStream
from shared.contracts.quality.monitors import Monitor
from shared.contracts.quality.training_data import TrainingData, TrainingDataQuery
from shared.contracts.rpc.inference_logger.tables import TableView
from shared.contracts.rpc.quality import MetricTable
from shared.storage.destinations import ControllerCalls, DestinationDefinitions, folder_of
from shared.storage.objects import S3

INFERENCES, LABELLED = "inferences", "labelled"


class PeerCalls(ControllerCalls, Protocol):
    """What other services are asked."""

    async def monitors(self) -> tuple[Monitor, ...]:
        """Every rule that is defined."""
        ...

    async def tables(self, service: str) -> tuple[TableView, ...]:
        """The catalogue's entries of a service."""
        ...

    async def training_data(self, query: TrainingDataQuery) -> TrainingData:
        """Where the data lie that a model was trained on."""
        ...

    async def note_table(self, table: MetricTable) -> None:
        """Have a table that was written listed in the catalogue."""
        ...

    def read_chunks(self, stream: ChunkStream) -> AsyncGenerator[bytes, None]:
        """A file that the controller hands over."""
        ...


@dataclass
class RowSources:
    """Finds tables, and how they are opened."""

    calls: PeerCalls
    definitions: DestinationDefinitions

    async def tables(self, service: str, kind: str) -> Sequence[TablePlace]:
        """The tables of a kind that hold rows of a service: several where its destination has changed."""
        found = [
            view
            for view in await self.calls.tables(service)
            if view.kind == kind and view.status != "missing" and view.updated_at is not None
        ]
        return [await self.place(_plain(view.location), view.version) for view in found]

    async def place(self, location: str, version: int | None = None) -> TablePlace:
        """A location with what opens it. Raises `Unavailable` while the credentials cannot be had."""
        if not location.startswith(S3):
            return TablePlace(location, version)
        destination = await self.definitions.at(location)
        credentials = await self.definitions.credentials(destination)
        return TablePlace(location, version, folder_of(destination).options(credentials))


def _plain(location: str) -> str:
    return location.removeprefix("file://")
