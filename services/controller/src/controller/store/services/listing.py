"""Pages of services, filtered and sorted in the database; what it cannot know (status, tags) is looked at here."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, null, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from controller.domain.services.status import (
    DesiredState,
    Observation,
    ServiceStatus,
    VersionStatus,
    service_status,
    version_status,
)
from controller.store.services.services import StoredService, with_versions
from controller.store.tables import ObservationRow, ServiceRow, VersionRow

Chosen = TypeVar("Chosen", bound=Select[Any])


@dataclass(frozen=True)
class ServiceFilter:
    """Which services a list shows; None does not filter. `tag`: `key:value`, or `key` with any value.

    Keys and values may hold colons themselves: every way to read `tag` counts.
    """

    projects: frozenset[str] | None = None
    """Only services of these projects; None: of all."""
    project: str | None = None
    type: str | None = None
    creator: str | None = None
    search: str | None = None
    tag: str | None = None
    status: ServiceStatus | None = None


@dataclass(frozen=True)
class PagePosition:
    """Where a page goes on: after this service, in this direction. Ids are UUIDv7: they sort by creation."""

    after: UUID | None = None
    is_oldest_first: bool = False


async def page_of_services(
    session: AsyncSession, wanted: ServiceFilter, position: PagePosition, size: int
) -> list[StoredService]:
    """Up to `size` services after `position`."""
    if wanted.status is None and wanted.tag is None:
        query = _on_from(_filtered(select(ServiceRow), wanted), position).limit(size)
        return await with_versions(session, (await session.scalars(query)).all())
    ids = await _chosen_ids(session, wanted, position, size)
    query = _on_from(select(ServiceRow).where(col(ServiceRow.id).in_(ids)), position)
    return await with_versions(session, (await session.scalars(query)).all())


async def names_of_services(
    session: AsyncSession, projects: Collection[str] | None, names: Collection[str] | None, size: int
) -> list[str]:
    """Names of up to `size` services of these projects (None: of all) among `names` (None: any), newest first."""
    query = select(col(ServiceRow.name))
    if projects is not None:
        query = query.where(col(ServiceRow.project).in_(projects))
    if names is not None:
        query = query.where(col(ServiceRow.name).in_(names))
    return list((await session.scalars(query.order_by(col(ServiceRow.id).desc()).limit(size))).all())


def _filtered(query: Chosen, wanted: ServiceFilter) -> Chosen:
    if wanted.projects is not None:
        query = query.where(col(ServiceRow.project).in_(wanted.projects))
    for column in ("project", "type", "creator"):
        if (value := getattr(wanted, column)) is not None:
            query = query.where(getattr(ServiceRow, column) == value)
    if wanted.search:
        word = wanted.search
        query = query.where(
            or_(
                col(ServiceRow.name).icontains(word, autoescape=True),
                col(ServiceRow.description).icontains(word, autoescape=True),
            )
        )
    return query


def _on_from(query: Chosen, position: PagePosition) -> Chosen:
    identity = col(ServiceRow.id)
    if position.after is not None:
        query = query.where(identity > position.after if position.is_oldest_first else identity < position.after)
    return query.order_by(identity if position.is_oldest_first else identity.desc())


async def _chosen_ids(
    session: AsyncSession, wanted: ServiceFilter, position: PagePosition, size: int
) -> Sequence[UUID]:
    """The first `size` services of that status and tag. Only what these depend on is read of the others."""
    is_autoscaled = col(VersionRow.autoscaling).is_not(None).label("is_autoscaled")
    versions = (col(VersionRow.wanted), col(VersionRow.generation), col(VersionRow.replicas), is_autoscaled)
    seen_generation: ColumnElement[Any] = col(ObservationRow.generation).label("seen_generation")
    counts = (col(ObservationRow.ready_replicas), col(ObservationRow.desired_replicas))
    seen = (col(ObservationRow.phase), *counts, col(ObservationRow.was_ready))
    tags: Any = null().label("tags") if wanted.tag is None else col(ServiceRow.tags)
    query = select(col(ServiceRow.id), tags, *versions, seen_generation, *seen)
    query = query.outerjoin(VersionRow, col(VersionRow.service_id) == col(ServiceRow.id))
    query = query.outerjoin(ObservationRow, col(ObservationRow.version_id) == col(VersionRow.id))
    rows = (await session.execute(_on_from(_filtered(query, wanted), position))).all()
    found: list[UUID] = []
    for service_id, of_service in groupby(rows, key=lambda row: row.id):
        if _is_chosen(list(of_service), wanted):
            found.append(service_id)
            if len(found) == size:
                break
    return found


def _is_chosen(of_service: Sequence[Row[Any]], wanted: ServiceFilter) -> bool:
    if wanted.tag is not None and not has_tag(of_service[0].tags, wanted.tag):
        return False
    return wanted.status in (None, service_status(_statuses(of_service)))


def has_tag(tags: Mapping[str, str], wanted: str) -> bool:
    """Whether `wanted` is the key of one of `tags`, or `key:value` of one."""
    return wanted in tags or any(f"{key}:{value}" == wanted for key, value in tags.items())


def _statuses(versions: Sequence[Row[Any]]) -> Iterator[VersionStatus]:
    for row in versions:
        if row.wanted is not None:  # a service without versions has one row of nothing
            seen = None
            if row.seen_generation is not None:
                seen = Observation(row.seen_generation, row.phase, row.ready_replicas, row.was_ready)
            told = row.desired_replicas if row.is_autoscaled and row.seen_generation == row.generation else None
            replicas = row.replicas if told is None else told
            yield version_status(DesiredState(row.wanted), row.generation, replicas, seen)
