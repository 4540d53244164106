"""Alerts: the newest of a fingerprint, those that are due, pages of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from monitor.domain.alerts.alert import Alert
from monitor.store.tables import AlertRow
from shared.contracts.alerting.alerts import AlertsQuery
from shared.errors import NotFound
from shared.text import without_nul

CHUNK = 200
_STORED = (
    *("id", "fingerprint", "service", "project", "monitor", "kind", "severity", "opened_at", "updated_at", "seen_at"),
    *("resolved_at", "acknowledged_at", "acknowledged_by", "silenced_by", "revision"),
)


async def latest_alerts(
    session: AsyncSession, open_keys: Collection[str], all_keys: Collection[str]
) -> dict[str, AlertRow]:
    """The newest alert of each fingerprint, held until the transaction ends.

    Of `open_keys` only open ones are looked for, of `all_keys` those that are resolved too.
    """
    table: Any = AlertRow
    found: dict[str, AlertRow] = {}
    for keys in _chunks(open_keys):
        query = select(table).where(table.open_key.in_(keys)).order_by(table.id).with_for_update()
        found |= {row.fingerprint: row for row in (await session.scalars(query)).all()}
    for key in (key for key in all_keys if key not in found):
        newest = select(table).where(table.fingerprint == key).order_by(table.id.desc()).limit(1)
        found |= {row.fingerprint: row for row in (await session.scalars(newest)).all()}
    return found


async def open_alerts(session: AsyncSession, service: str, monitor: str | None) -> list[AlertRow]:
    """What is open of a service, or of one monitor of it, held until the transaction ends."""
    table: Any = AlertRow
    query = select(table).where(table.open_key.is_not(None), table.service == service)
    if monitor is not None:
        query = query.where(table.monitor == monitor)
    return list((await session.scalars(query.order_by(table.id).with_for_update())).all())


async def due_alerts(session: AsyncSession, now: datetime, limit: int) -> list[AlertRow]:
    """Alerts whose routing is to be looked at, held until the transaction ends."""
    table: Any = AlertRow
    query = select(table).where(table.due_at <= now).order_by(table.due_at).limit(limit).with_for_update()
    return list((await session.scalars(query)).all())


async def has_due(session: AsyncSession, now: datetime) -> bool:
    """Whether there is any."""
    table: Any = AlertRow
    return (await session.scalars(select(table.id).where(table.due_at <= now).limit(1))).first() is not None


async def make_due(session: AsyncSession, now: datetime, *, unowned_only: bool) -> None:
    """Have the routing of open alerts looked at again; `unowned_only`: of those alone whose project is not known."""
    table: Any = AlertRow
    which = [table.open_key.is_not(None), *([table.project.is_(None)] if unowned_only else [])]
    await session.execute(update(table).where(*which).values(due_at=now))


async def postpone(session: AsyncSession, identity: UUID, until: datetime) -> None:
    """Have the routing of one alert looked at again at `until`."""
    table: Any = AlertRow
    await session.execute(update(table).where(table.id == identity).values(due_at=until))


async def load_alert(session: AsyncSession, identity: UUID, *, for_update: bool = False) -> AlertRow:
    """One alert. Raises `NotFound`."""
    row = await session.get(AlertRow, identity, with_for_update=for_update)
    if row is None:
        raise NotFound("There is no such alert, or it is not kept any more")
    return row


async def find_alerts(session: AsyncSession, query: AlertsQuery, before: UUID | None) -> list[AlertRow]:
    """A page of alerts, newest first; those older than `before`."""
    table: Any = AlertRow
    wanted = select(table)
    if query.projects is not None:
        wanted = wanted.where(table.project.in_(query.projects))
    for name in ("state", "service", "monitor", "severity"):
        if (value := getattr(query, name)) is not None:
            wanted = wanted.where(getattr(table, name) == value)
    if before is not None:
        wanted = wanted.where(table.id < before)
    return list((await session.scalars(wanted.order_by(table.id.desc()).limit(query.limit))).all())


async def count_open(session: AsyncSession) -> dict[tuple[str, str], int]:
    """Open alerts by severity and state."""
    table: Any = AlertRow
    query = select(table.severity, table.state, func.count()).where(table.open_key.is_not(None))
    return {
        (severity, state): count
        for severity, state, count in await session.execute(query.group_by(table.severity, table.state))
    }


async def delete_resolved(session: AsyncSession, before: datetime) -> None:
    """Delete alerts that were resolved before then; their deliveries go with them."""
    table: Any = AlertRow
    await session.execute(delete(table).where(table.resolved_at < before))


def write_alert(row: AlertRow | None, alert: Alert, due_at: datetime | None) -> AlertRow:
    """The alert as a row: a new one, or this one changed."""
    values: dict[str, Any] = {name: getattr(alert, name) for name in _STORED} | {
        "open_key": alert.fingerprint if alert.resolved_at is None else None,
        "labels": _without_nul(dict(alert.labels)),
        "state": alert.state,
        "summary": _without_nul(alert.summary),
        "evidence": _without_nul(dict(alert.evidence)),
        "resolved_why": _without_nul(alert.resolved_why),
        "comment": alert.comment,
        "due_at": due_at,
    }
    if row is None:
        return AlertRow(**values)
    for name, value in values.items():
        if getattr(row, name) != value:
            setattr(row, name, value)
    return row


def read_alert(row: AlertRow) -> Alert:
    """The row as an alert."""
    shared = {name: getattr(row, name) for name in _STORED}
    return Alert(
        **shared,
        labels=row.labels,
        summary=row.summary,
        evidence=row.evidence,
        resolved_why=row.resolved_why,
        comment=row.comment,
    )


def _without_nul(value: Any) -> Any:
    """PostgreSQL's text cannot hold NUL."""
    if isinstance(value, str):
        return without_nul(value)
    if isinstance(value, dict):
        return {_without_nul(key): _without_nul(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nul(item) for item in value]
    return value


def _chunks(keys: Iterable[str]) -> Iterable[list[str]]:
    every = list(keys)
    return (every[start : start + CHUNK] for start in range(0, len(every), CHUNK))
