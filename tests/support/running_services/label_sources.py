"""Label sources of a running inference-logger: defined by a test in the controller's place, and run when it says so."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from running_services.running_logger import RunningLogger
from shared.contracts.inference_tables.label_sources import DatabaseAccess, LabelRun, LabelSource
from shared.errors import NotFound
from shared.ids import new_id


class DefinedSources:
    """Implements `handlers.sources.reading.SourceCalls`."""

    def __init__(self, running: RunningLogger) -> None:
        self.defined: dict[UUID, LabelSource] = {}
        self.urls: dict[UUID, str] = {}
        self.sources = running.app.sources
        self.sources.reader.calls = self

    async def label_sources(self) -> tuple[LabelSource, ...]:
        return tuple(self.defined.values())

    async def label_source_access(self, source: UUID) -> DatabaseAccess:
        if source not in self.urls:
            raise NotFound("its secret is gone")
        return DatabaseAccess(url=self.urls[source], allowed=("127.0.0.1",))

    def define(self, name: str, **fields: Any) -> LabelSource:
        shape = {"service": "wine", "keys": {"client_request_id": "order"}, "labels": {"": "quality"}}
        made = LabelSource(id=new_id(), name=name, **{**shape, **fields})
        self.defined[made.id] = made
        return made

    async def run(self, source: LabelSource) -> LabelRun:
        """Have it read, and wait for that."""
        await self.sources.run_now(source.id)
        if source.id in self.sources._running:
            await asyncio.gather(self.sources._running[source.id])
        return (await self.sources.runs(source.id, 1))[0]
