"""The intent half of the route table: what every router should know of every service, and writing what differs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from controller.domain.services.status import DesiredState, VersionStatus
from controller.store.access.keys import RoutedKey, alive_keys
from controller.store.services.services import StoredService, StoredVersion, read_services
from controller.store.tables import RevisionRow, ServiceRow, VersionRow
from shared.contracts.routes import (
    Cors,
    Intent,
    KeyEntry,
    Masking,
    MaskingRule,
    RateLimit,
    ServiceKeys,
    VersionRoute,
    intent_key,
    keys_key,
)
from shared.fairness import in_turns

LONGEST_HOLD_MS = 60_000
NO_ROOM = ("capacity:", "GpuKindMissing:")
"""How the scheduler's message begins where there is no room for a version's pods."""

OWN_LOG_SET = "services"
"""Log set of the topics that are called as their services."""

Phase = Literal["running", "starting", "waiting", "failed"]

OWN_PREFIXES = ("intent.", "keys.")

Values = dict[str, dict[str, Any]]
"""Wanted value of each key, without its revision."""


class RouteTableWriter(Protocol):
    """The KV bucket that routers read."""

    async def put(self, key: str, value: bytes) -> Any:
        """Write a value."""
        ...

    async def delete(self, key: str) -> Any:
        """Remove a key."""
        ...


async def desired_routes(
    session: AsyncSession, now: datetime, names: Sequence[str] | None = None, debug_key: str | None = None
) -> Values:
    """What the table should say of all services, or of `names`; a service that is gone has no value."""
    services = await read_services(session, names)
    keys = await alive_keys(session, None if names is None else [service.row.id for service in services], now)
    wanted: Values = {}
    async for service in in_turns(services):
        wanted[intent_key(service.row.name)] = _value(service_intent(service, debug_key))
        wanted[keys_key(service.row.name)] = _value(keys_of(service, keys.get(service.row.id, [])))
    return wanted


def service_intent(service: StoredService, debug_key: str | None = None) -> Intent:
    """What callers of one service should get; `debug_key` checks the tickets of debug requests."""
    weights = service.effective_weights()
    return Intent(
        service_id=service.row.id,
        service=service.row.name,
        revision=0,
        auth_enabled=service.row.auth_enabled,
        sticky_header=service.row.sticky_header,
        cohort=service.row.cohort,
        cors=service.row.cors and Cors.model_validate(service.row.cors),
        max_body_bytes=service.row.max_body_bytes,
        debug_key=debug_key,
        fallback=service.row.fallback,
        versions=tuple(
            _route(version, weights.get(version.row.name, 0), service.row)
            for version in service.versions
            if version.row.wanted == DesiredState.STARTED
        ),
    )


def keys_of(service: StoredService, keys: Sequence[RoutedKey]) -> ServiceKeys:
    """Every key that opens one service."""
    entries = tuple(_entry(key) for key in keys)
    return ServiceKeys(service=service.row.name, revision=0, keys=entries)


def _entry(key: RoutedKey) -> KeyEntry:
    scopes = tuple(key.scopes) if key.scopes is not None else None
    return KeyEntry(id=key.id, sha256=key.sha256, expires_at=key.expires_at, scopes=scopes)


def _log_topic(service: str, log_stream: bool | dict[str, str]) -> str | None:
    if isinstance(log_stream, bool):
        return f"{OWN_LOG_SET}.{service}" if log_stream else None
    return f"{log_stream['log_set']}.{log_stream['topic']}"


def _route(version: StoredVersion, weight: int, service: ServiceRow) -> VersionRoute:
    row = version.row
    return VersionRoute(
        version_id=row.id,
        version=row.name,
        model=_served_entity(row),
        predict_path=row.image and row.image["predict_path"],
        weight=weight,
        request_timeout_ms=row.request_timeout_ms,
        max_concurrency=row.max_concurrency,
        log_enabled=row.log_delivery["enabled"],
        sample_rate=row.log_delivery["sample_rate"],
        destination=row.log_delivery["destination"],
        masking=_masking(row, service.project),
        log_topic=_log_topic(service.name, row.log_delivery.get("log_stream", False)),
        rate_limit=row.rate_limit and RateLimit.model_validate(row.rate_limit),
        phase=_phase(version),
        **_hold_settings(row),
    )


def _served_entity(row: VersionRow) -> str:
    return f"{row.model}/{row.model_version}" if row.image is None else str(row.image["image"])


def _masking(row: VersionRow, project: str) -> Masking | None:
    rules = row.log_delivery.get("masking")
    return Masking(key=project, rules=tuple(map(MaskingRule.model_validate, rules))) if rules else None


def _phase(version: StoredVersion) -> Phase:
    """The phase that routers answer with while the version has no ready pod."""
    if version.status is VersionStatus.FAILED:
        return "failed"
    if version.status is not VersionStatus.STARTING:
        return "running"
    seen = version.seen if version.is_current else None
    return "waiting" if seen is not None and (seen.message or "").startswith(NO_ROOM) else "starting"


def _hold_settings(row: VersionRow) -> dict[str, Any]:
    """A request to an autoscaled version may be held for its first pod as long as its own timeout."""
    if row.autoscaling is None:
        return {}
    return {"is_autoscaled": True, "hold_ms": min(row.request_timeout_ms, LONGEST_HOLD_MS)}


async def route_differences(
    wanted: Values, there: Mapping[str, bytes], names: Sequence[str] | None
) -> tuple[Values, list[str]]:
    """What to write and what to remove so that `there` says what is `wanted` (of `names` only, where given)."""
    mine = _keys_of(names) if names is not None else {key for key in there if key.startswith(OWN_PREFIXES)}
    writes = {key: value async for key, value in in_turns(wanted.items()) if _stored(there.get(key)) != value}
    return writes, sorted(key for key in mine if key in there and key not in wanted)


def highest_revision(there: Mapping[str, bytes]) -> int:
    """The highest revision in the table: a restored database must not fall behind what routers have seen."""
    return max((_revision(value) for key, value in there.items() if key.startswith(OWN_PREFIXES)), default=0)


async def reserve_revisions(session: AsyncSession, count: int, above: int) -> int:
    """Reserve `count` revisions above everything that was ever written; returns the first."""
    row = await session.get(RevisionRow, 1, with_for_update=True)
    if row is None:
        row = RevisionRow(value=0)
        session.add(row)
    first = max(row.value, above) + 1
    row.value = first + count - 1
    return first


async def write_routes(table: RouteTableWriter, writes: Values, removals: Sequence[str], first_revision: int) -> None:
    """Carry out `differences`; keys first, so that a revoked one is gone as early as can be."""
    for offset, key in enumerate(sorted(writes, key=lambda name: (not name.startswith("keys."), name))):
        await table.put(key, json.dumps({**writes[key], "revision": first_revision + offset}).encode())
    for key in removals:
        await table.delete(key)


def _keys_of(names: Sequence[str]) -> set[str]:
    return {key for name in names for key in (intent_key(name), keys_key(name))}


def _value(contract: Intent | ServiceKeys) -> dict[str, Any]:
    return contract.model_dump(mode="json", exclude={"revision"})


def _parsed(value: bytes | None) -> dict[str, Any]:
    try:
        parsed = json.loads(value) if value else None
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _stored(value: bytes | None) -> dict[str, Any]:
    return {name: part for name, part in _parsed(value).items() if name != "revision"}


def _revision(value: bytes) -> int:
    revision = _parsed(value).get("revision")
    return revision if isinstance(revision, int) else 0
