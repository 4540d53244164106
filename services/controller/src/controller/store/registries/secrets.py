"""Secrets, sealed."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import or_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from controller.store.tables import SecretRow, ServiceRow, VersionRow
from shared.errors import NotFound


async def secret_by_name(session: AsyncSession, name: str) -> SecretRow | None:
    """A secret, if there is one of that name."""
    return (await session.scalars(select(SecretRow).where(SecretRow.name == name))).one_or_none()


async def load_secret(session: AsyncSession, name: str, *, for_update: bool = False) -> SecretRow:
    """A secret by name; `NotFound` names it."""
    query = select(SecretRow).where(SecretRow.name == name)
    row = (await session.scalars(query.with_for_update() if for_update else query)).one_or_none()
    if row is None:
        raise NotFound(f"There is no secret {name[:64]!r}")
    return row


async def sealed_by_others(session: AsyncSession, key_id: str) -> list[SecretRow]:
    """Secrets that another key than this one has sealed, by name; held until the transaction ends."""
    query = select(SecretRow).where(SecretRow.key_id != key_id).order_by(col(SecretRow.name))
    return list((await session.scalars(query.with_for_update())).all())


async def project_of_version(session: AsyncSession, version_id: UUID) -> str:
    """Whose a version is; `NotFound` when it is gone."""
    query = (
        select(ServiceRow.project)
        .join(VersionRow, col(VersionRow.service_id) == col(ServiceRow.id))
        .where(col(VersionRow.id) == version_id)
    )
    project = (await session.scalars(query)).one_or_none()
    if project is None:
        raise NotFound("There is no such version")
    return project


async def project_of_service(session: AsyncSession, service_id: UUID | None) -> str:
    """Whose a service is; `NotFound` when it is gone."""
    project = (await session.scalars(select(ServiceRow.project).where(col(ServiceRow.id) == service_id))).one_or_none()
    if project is None:
        raise NotFound("There is no such service")
    return project


async def versions_with_variables(session: AsyncSession, project: str) -> list[tuple[str, VersionRow]]:
    """Versions of a project that have environment variables, or had when they last served, as `<service>/<version>`."""
    query = (
        select(ServiceRow.name, VersionRow)
        .join(VersionRow, col(VersionRow.service_id) == col(ServiceRow.id))
        .where(col(ServiceRow.project) == project)
        .where(or_(col(VersionRow.env).is_not(None), col(VersionRow.last_good)["env"].as_string().is_not(None)))
        .order_by(col(VersionRow.id))
    )
    return [(f"{service}/{row.name}", row) for service, row in (await session.execute(query)).all()]


async def versions_of_images(session: AsyncSession, project: str) -> list[tuple[str, VersionRow]]:
    """Versions of a project that are made from an image, or were when they last served, as `<service>/<version>`."""
    query = (
        select(ServiceRow.name, VersionRow)
        .join(VersionRow, col(VersionRow.service_id) == col(ServiceRow.id))
        .where(col(ServiceRow.project) == project)
        .where(or_(col(VersionRow.image).is_not(None), col(VersionRow.last_good)["image"].as_string().is_not(None)))
        .order_by(col(VersionRow.id))
    )
    return [(f"{service}/{row.name}", row) for service, row in (await session.execute(query)).all()]


async def versions_from(session: AsyncSession, registry: str) -> list[str]:
    """Versions whose model, or the one that they would be rolled back to, comes from a registry; at most five.

    Each as `<service>/<version>`.
    """
    rolled_back_to = col(VersionRow.last_good)["model_registry"].as_string()
    query = (
        select(ServiceRow.name, VersionRow.name)
        .join(VersionRow, col(VersionRow.service_id) == col(ServiceRow.id))
        .where(or_(col(VersionRow.model_registry) == registry, rolled_back_to == registry))
        .order_by(col(VersionRow.id))
        .limit(5)
    )
    return [f"{service}/{version}" for service, version in (await session.execute(query)).all()]


async def page_of_secrets(
    session: AsyncSession, visible: Collection[str] | None, after: str | None, size: int
) -> list[SecretRow]:
    """Up to `size` secrets by name, those after `after`; of `visible` projects only, where given."""
    query = select(SecretRow).order_by(col(SecretRow.name)).limit(size)
    if visible is not None:
        query = query.where(col(SecretRow.project).in_(visible))
    if after is not None:
        query = query.where(col(SecretRow.name) > after)
    return list((await session.scalars(query)).all())
