"""A small service on a real bus: inbox, outbox, a table of effects, and handlers that tests steer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.bus import Bus
from shared.bus.envelope import headers_of, subject_of
from shared.bus.outbox import add_tables, outbox, publish
from shared.clock import SystemClock
from shared.contracts.deployment import Deployment, MlflowSource, Resources
from shared.database import Database
from shared.events import Event, VersionDeleted, VersionStarted
from shared.ids import new_id

metadata = MetaData()
add_tables(metadata)
effects = Table("effects", metadata, Column("seq", Integer, primary_key=True), Column("version", String(64)))

DURABLE = "scheduler-intent"
SERVICE_ID = UUID(int=1)


def deleted(version: str, service: str = "wine") -> VersionDeleted:
    """A fact that names a version; tests tell facts apart by it."""
    return VersionDeleted(service_id=SERVICE_ID, service=service, version_id=UUID(int=2), version=version)


def started(version: str) -> VersionStarted:
    source = MlflowSource(model="m", version="1")
    resources = Resources(spec="1C2G", cpu=1, memory_gb=2)
    deployment = Deployment(
        service_id=SERVICE_ID,
        service="wine",
        version_id=UUID(int=2),
        version=version,
        generation=1,
        desired_replicas=1,
        model_source=source,
        resources=resources,
    )
    return VersionStarted(
        service_id=SERVICE_ID, service="wine", version_id=UUID(int=2), version=version, deployment=deployment
    )


class SmallService:
    """`service` on the bus; what it consumes is written to `effects`, and `before` may raise first."""

    def __init__(self, url: str, database_url: str, service: str = "scheduler") -> None:
        self.database = Database.open(database_url)
        self.bus = Bus(service, url, clock=SystemClock(), database=self.database, owns_streams=True)
        self.calls: list[str] = []
        self.called_at: list[float] = []
        self.before: Callable[[Any], Awaitable[None]] = self._nothing
        self.task: asyncio.Task[None] | None = None
        if service == "scheduler":
            self.bus.consume(DURABLE, {VersionDeleted: self._handle, VersionStarted: self._handle})

    async def _nothing(self, _: Event) -> None: ...

    async def _handle(self, event: VersionDeleted, session: AsyncSession) -> None:
        self.calls.append(event.version)
        self.called_at.append(time.monotonic())
        await session.execute(insert(effects).values(version=event.version))
        await self.before(event)

    async def create_tables(self) -> None:
        async with self.database.engine.begin() as connection:
            await connection.run_sync(metadata.create_all)

    async def start(self, *, connected: bool = True) -> None:
        await self.create_tables()
        self.task = asyncio.create_task(self.bus.run())
        if connected:
            await asyncio.wait_for(self.bus.connected(), 30)

    async def stop(self) -> None:
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)
        await self.database.close()

    async def effects(self) -> list[str]:
        async with self.database.read() as session:
            return list((await session.execute(select(effects.c.version).order_by(effects.c.seq))).scalars())

    async def say(self, *events: Event) -> None:
        """Through the outbox."""
        async with self.database.unit_of_work() as session:
            for event in events:
                await publish(session, event)

    async def unsent(self) -> int:
        async with self.database.read() as session:
            return len((await session.execute(select(outbox.c.seq).where(outbox.c.sent.is_(False)))).all())

    async def publish(self, event: Event, **headers: str) -> str:
        """Straight to the stream, as another service's relay would; returns the event's id."""
        event_id = new_id()
        own = headers_of(event, event_id=event_id, source="controller", at=SystemClock().now()) | headers
        await self.bus.js.publish(subject_of(event), event.model_dump_json().encode(), stream="EVENTS", headers=own)
        return str(event_id)

    async def publish_raw(self, body: bytes, headers: dict[str, str] | None = None) -> None:
        await self.bus.js.publish("penstock.events.version.deleted.v1", body, stream="EVENTS", headers=headers)


def sqlite_url(folder: Path, name: str = "small") -> str:
    return f"sqlite+aiosqlite:///{folder}/{name}.db"
