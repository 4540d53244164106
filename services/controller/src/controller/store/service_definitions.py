"""What is defined for one service by name: label sources, quality rules, retraining triggers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from controller.domain.names import taken
from controller.store.tables import LabelSourceRow, MonitorRow, RetrainingTriggerRow, ServiceRow
from shared.errors import Conflict, NotFound

Row = TypeVar("Row", LabelSourceRow, MonitorRow, RetrainingTriggerRow)


@dataclass(frozen=True)
class ServiceDefinitions(Generic[Row]):
    """Definitions of one kind; `noun` is what a sentence calls one of them."""

    table: type[Row]
    noun: str

    async def of_service(self, session: AsyncSession, service_id: UUID) -> list[Row]:
        """Those of one service, by name."""
        query = select(self.table).where(self.table.service_id == service_id).order_by(col(self.table.name))
        return list((await session.scalars(query)).all())

    async def load(self, session: AsyncSession, service: str, name: str, *, for_update: bool = False) -> Row:
        """One of a service; `NotFound` names it."""
        query = (
            select(self.table)
            .join(ServiceRow, col(ServiceRow.id) == col(self.table.service_id))
            .where(ServiceRow.name == service, self.table.name == name)
        )
        row = (await session.scalars(query.with_for_update(of=self.table) if for_update else query)).one_or_none()
        if row is None:
            raise NotFound(f"Service {service[:64]!r} has no {self.noun} {name[:64]!r}")
        return row

    async def every(self, session: AsyncSession) -> list[tuple[Row, ServiceRow]]:
        """All of them, each with its service."""
        query = (
            select(self.table, ServiceRow)
            .join(ServiceRow, col(ServiceRow.id) == col(self.table.service_id))
            .order_by(col(self.table.id))
        )
        return [(row, service) for row, service in (await session.execute(query)).all()]

    async def check_new(self, session: AsyncSession, service: ServiceRow, name: str, most: int) -> None:
        """`Conflict` when the service has one of this name, or `most` of them."""
        others = await self.of_service(session, service.id)
        if any(row.name == name for row in others):
            raise taken(f"Service {service.name!r} has a {self.noun} {name!r} already")
        if len(others) >= most:
            raise Conflict(f"A service may have {most} {self.noun}s")
