"""Training data of models, for the monitor's baselines: found by MLflow's words, handed over file by file."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import PurePosixPath

from controller.domain.inference_tables.label_sources import checked_location, place_name
from controller.domain.quality.training_data import TrainingSource, training_source
from controller.handlers.registries.registries import ModelRegistries
from controller.handlers.unit_of_work import InstallationLimits
from controller.store.inference_tables.destinations import usable_destinations
from controller.store.services.services import load_service
from controller.store.tables import ServiceRow, VersionRow
from shared.contracts.chunks import ChunkStream
from shared.contracts.quality.training_data import TrainingData, TrainingDataQuery
from shared.database import Database
from shared.errors import InvalidInput, NotFound

MOST_BYTES = 1024 * 1024 * 1024
"""Of an artifact; a larger one is refused."""
UNKNOWN = "MLflow knows no training data of the model: no dataset input that can be read, no tag penstock.training_data"

OF_AN_IMAGE = "the version is made from an image: nobody says what it was trained with"


@dataclass(frozen=True)
class TrainingDataSource:
    """Answers where training data lie. `offer` hands a result over in chunks."""

    database: Database
    registries: ModelRegistries
    limits: InstallationLimits
    offer: Callable[[AsyncGenerator[bytes, None]], Awaitable[ChunkStream]]

    async def find(self, query: TrainingDataQuery) -> TrainingData:
        """Those of a version's model. Raises `NotFound`, `Unavailable`, `UpstreamFailed`."""
        async with self.database.read() as session:
            stored = await load_service(session, query.service)
            service, version = stored.row, stored.version(query.version).row
        if version.model is None:
            return TrainingData(kind="none", reason=OF_AN_IMAGE)
        found = await self._source(service, version)
        if found is None:
            return TrainingData(kind="none", reason=UNKNOWN)
        if found.artifact is not None and version.run_id is not None:
            name = PurePosixPath(found.artifact).name
            chunks = await self.offer(self._artifact(service, version, found.artifact))
            return TrainingData(kind="artifact", source=found.text, name=name, chunks=chunks)
        return await self._checked(service, found)

    async def _source(self, service: ServiceRow, version: VersionRow) -> TrainingSource | None:
        assert version.model is not None
        assert version.model_version is not None
        async with self.registries.open(version.model_registry, service.project) as registry:
            tags = (await registry.model_version(version.model, version.model_version)).tags
            run = await registry.run(version.run_id) if version.run_id is not None else {}
            return training_source(tags, run)

    async def _checked(self, service: ServiceRow, found: TrainingSource) -> TrainingData:
        if found.place is None:
            return TrainingData(kind="none", reason=f"the model has no run that could hold {found.text}")
        async with self.database.read() as session:
            usable = await usable_destinations(session)
        try:
            identity = (service.name, service.project)
            location, root = checked_location(found.place, self.limits.table_roots, identity, usable)
        except InvalidInput as refused:
            return TrainingData(kind="none", reason=f"{found.text} may not be read: {refused.message}")
        return TrainingData(
            kind="place", source=found.text, location=place_name(location), root=root, is_table=found.is_table
        )

    async def _artifact(self, service: ServiceRow, version: VersionRow, path: str) -> AsyncGenerator[bytes, None]:
        assert version.run_id is not None
        async with self.registries.open(version.model_registry, service.project) as registry:
            read = 0
            async with aclosing(registry.run_artifact(version.run_id, path)) as chunks:
                async for chunk in chunks:
                    read += len(chunk)
                    if read > MOST_BYTES:
                        raise InvalidInput(f"artifact {path} is larger than {MOST_BYTES // 2**20} MiB")
                    yield chunk
            if not read:
                raise NotFound(f"artifact {path} is empty")
