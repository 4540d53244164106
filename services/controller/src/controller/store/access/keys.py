"""API keys, as hashes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeVar, cast
from uuid import UUID

import sqlalchemy
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from controller.domain.access.keys import is_alive
from controller.store.tables import ApiKeyRow
from shared.errors import Conflict, NotFound


async def keys_of(
    session: AsyncSession, service_id: UUID, before: UUID | None = None, size: int | None = None
) -> list[ApiKeyRow]:
    """Keys of a service that were not revoked, newest first, expired ones among them: all, or a page of `size`."""
    query = select(ApiKeyRow).where(ApiKeyRow.service_id == service_id, col(ApiKeyRow.revoked_at).is_(None))
    if before is not None:
        query = query.where(col(ApiKeyRow.id) < before)
    if size is not None:
        query = query.limit(size)
    return list((await session.scalars(query.order_by(col(ApiKeyRow.id).desc()))).all())


async def load_key(session: AsyncSession, service_id: UUID, id_or_name: str, now: datetime) -> ApiKeyRow:
    """A key of this service that was not revoked; `NotFound` names it, `Conflict` where several have the name."""
    return find_by_id_or_name(await keys_of(session, service_id), id_or_name, "API key", now)


class Expiring(Protocol):
    """Something with an id and a name that ends by itself."""

    id: UUID
    name: str
    expires_at: datetime | None


Named = TypeVar("Named", bound=Expiring)


def find_by_id_or_name(found: Sequence[Named], id_or_name: str, what: str, now: datetime) -> Named:
    """The one of that id, else of that name: an expired one only where no other has it."""
    by_id = [one for one in found if str(one.id) == id_or_name.lower()]
    by_name = [one for one in found if one.name == id_or_name]
    alive = [one for one in by_name if is_alive(None, one.expires_at, now)]
    fitting = by_id or alive or by_name
    if not fitting:
        raise NotFound(f"There is no {what} {id_or_name!r}")
    if len(fitting) > 1:
        ids = ", ".join(str(one.id) for one in fitting)
        raise Conflict(f"{len(fitting)} of them are named {id_or_name!r}: say which by its id, one of {ids}")
    return fitting[0]


class RoutedKey(Protocol):
    """An API key as routers get it."""

    @property
    def id(self) -> UUID:
        """Its id."""
        ...

    @property
    def sha256(self) -> str:
        """Its hash."""
        ...

    @property
    def expires_at(self) -> datetime | None:
        """When it ends by itself."""
        ...

    @property
    def scopes(self) -> list[str] | None:
        """What it opens; None: everything."""
        ...


async def alive_keys(
    session: AsyncSession, service_ids: Sequence[UUID] | None, now: datetime
) -> dict[UUID, list[RoutedKey]]:
    """Keys that open each service (None: every service) now, oldest first."""
    fields = ("id", "service_id", "sha256", "revoked_at", "expires_at", "scopes")
    query = sqlalchemy.select(*(getattr(ApiKeyRow, name) for name in fields)).where(col(ApiKeyRow.revoked_at).is_(None))
    if service_ids is not None:
        query = query.where(col(ApiKeyRow.service_id).in_(service_ids))
    found: dict[UUID, list[RoutedKey]] = defaultdict(list)
    for row in await session.execute(query.order_by(col(ApiKeyRow.id))):
        if is_alive(row.revoked_at, row.expires_at, now):
            found[row.service_id].append(cast(RoutedKey, row))
    return found


async def record_key_use(session: AsyncSession, used: Mapping[UUID, datetime]) -> None:
    """Keep the latest use of each key; an older one changes nothing, nor does a key that is gone."""
    for key_id, at in sorted(used.items()):
        is_later = col(ApiKeyRow.last_used_at).is_(None) | (col(ApiKeyRow.last_used_at) < at)
        noting = update(ApiKeyRow).where(col(ApiKeyRow.id) == key_id, is_later).values(last_used_at=at)
        await session.execute(noting.execution_options(synchronize_session=False))
