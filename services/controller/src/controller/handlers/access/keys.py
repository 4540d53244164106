"""Use cases of API keys. The key itself is given back once and kept nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from controller.domain.access.key_commands import NewKey, Rotation
from controller.domain.access.keys import MAX_ALIVE_PER_NAME, MAX_ALIVE_PER_SERVICE, earliest_expiry, is_alive, mint_key
from controller.domain.commands import require_future
from controller.domain.names import taken
from controller.handlers.unit_of_work import UnitOfWork
from controller.store.access.keys import keys_of
from controller.store.services.services import StoredService
from controller.store.tables import ApiKeyRow
from shared.bus.outbox import publish
from shared.errors import Conflict
from shared.events.service import ApiKeyIssued, ApiKeyRevoked


async def issue_key(unit: UnitOfWork, service: StoredService, command: NewKey) -> tuple[ApiKeyRow, str]:
    """A first key of that name and its plain text; `Conflict` while another of the name is alive."""
    require_future(command.expires_at, unit.now)
    if _named(await _alive(unit, service), command.name):
        raise taken(f"There is already a key {command.name!r}: rotate it, or revoke it first")
    return await _issue(unit, service, command.name, command.expires_at, command.scopes)


async def rotate_key(
    unit: UnitOfWork, service: StoredService, old: ApiKeyRow, command: Rotation
) -> tuple[ApiKeyRow, str]:
    """A successor of `old` with its scopes; `old` stays alive until revoked, or for the grace period of the command."""
    require_future(command.expires_at, unit.now)
    if len(_named(await _alive(unit, service), old.name)) >= MAX_ALIVE_PER_NAME:
        raise Conflict(f"Two keys {old.name!r} are alive already: revoke one first")
    if command.grace_s is not None:
        old.expires_at = earliest_expiry(old.expires_at, unit.now + timedelta(seconds=command.grace_s))
    return await _issue(unit, service, old.name, command.expires_at, old.scopes)


async def revoke_key(unit: UnitOfWork, service: StoredService, key: ApiKeyRow) -> None:
    """End a key now."""
    key.revoked_at = unit.now
    unit.touch_routes(service.row.name)
    await publish(
        unit.session,
        ApiKeyRevoked(
            service_id=service.row.id, service=service.row.name, actor=unit.actor, key_id=key.id, name=key.name
        ),
    )


async def _alive(unit: UnitOfWork, service: StoredService) -> list[ApiKeyRow]:
    """Keys of the service that open it; `Conflict` where there must not be another one."""
    keys = await keys_of(unit.session, service.row.id)
    alive = [key for key in keys if is_alive(key.revoked_at, key.expires_at, unit.now)]
    if len(alive) >= MAX_ALIVE_PER_SERVICE:
        raise Conflict(f"A service has at most {MAX_ALIVE_PER_SERVICE} keys that are alive: revoke some first")
    return alive


def _named(keys: Sequence[ApiKeyRow], name: str) -> list[ApiKeyRow]:
    return [key for key in keys if key.name == name]


async def _issue(
    unit: UnitOfWork, service: StoredService, name: str, expires_at: datetime | None, scopes: Sequence[str] | None
) -> tuple[ApiKeyRow, str]:
    fresh = mint_key()
    row = ApiKeyRow(
        service_id=service.row.id,
        name=name,
        prefix=fresh.prefix,
        sha256=fresh.sha256,
        expires_at=expires_at,
        scopes=list(scopes) if scopes is not None else None,
        creator=unit.actor,
        created_at=unit.now,
    )
    unit.session.add(row)
    await unit.session.flush()
    unit.touch_routes(service.row.name)
    await publish(
        unit.session,
        ApiKeyIssued(service_id=service.row.id, service=service.row.name, actor=unit.actor, key_id=row.id, name=name),
    )
    return row, fresh.plain
