"""The audit log, written by the session itself: whatever a transaction changes of an audited table leaves a line in it.

So a new use case cannot forget to. A row's first state and its last one in the transaction are compared; of secrets
(and their hashes) it only says that they were replaced, and what only counts (revisions) is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic_core import to_jsonable_python
from sqlalchemy import event, inspect
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from controller.store.tables import (
    ApiKeyRow,
    AuditRow,
    CanaryRow,
    ChannelRow,
    ControllerTable,
    DestinationRow,
    ErasureRow,
    GroupProjectRow,
    GroupRow,
    LabelSourceRow,
    MaintenanceRow,
    MemberRow,
    MonitorRow,
    NodeRow,
    ProjectRow,
    RetrainingTriggerRow,
    SecretRow,
    ServiceRow,
    SessionRow,
    SignInLinkRow,
    SilenceRow,
    SpecRow,
    TokenRow,
    UserRow,
    VersionRow,
)

_HIDDEN = frozenset({"sha256", "sealed", "subjects"})
"""Credentials, and who was erased: the log says that they were replaced, never their values."""
HIDDEN = "(hidden)"
_COUNTERS = frozenset({"revision", "traffic_revision", "cohort", "updated_at", "next_version"})


@dataclass(frozen=True)
class Actor:
    """Who changes something, by which operation, in which request."""

    name: str
    operation: str
    request_id: str


@dataclass(frozen=True)
class AuditedResource:
    """What was changed, as people call it."""

    kind: str
    name: str
    project: str | None = None


def _service(session: Session, row: Any) -> AuditedResource:
    return AuditedResource("service", row.name, row.project)


def _of_service(kind: str) -> Callable[[Session, Any], AuditedResource]:
    def subject(session: Session, row: Any) -> AuditedResource:
        service = session.get_one(ServiceRow, row.service_id)
        return AuditedResource(kind, f"{service.name}/{row.name}", service.project)

    return subject


def _canary(session: Session, row: Any) -> AuditedResource:
    service = session.get_one(ServiceRow, row.service_id)
    return AuditedResource("canary", f"{service.name}/{row.version}/{row.id}", service.project)


def _member(session: Session, row: Any) -> AuditedResource:
    return AuditedResource("member", f"{row.project}/{session.get_one(UserRow, row.user_id).name}", row.project)


def _token(session: Session, row: Any) -> AuditedResource:
    return AuditedResource("token", f"{session.get_one(UserRow, row.user_id).name}/{row.name}")


def _of_user(kind: str) -> Callable[[Session, Any], AuditedResource]:
    return lambda session, row: AuditedResource(kind, session.get_one(UserRow, row.user_id).name)


def _granted(session: Session, row: Any) -> AuditedResource:
    group = session.get_one(GroupRow, row.group_id)
    return AuditedResource("resource group grant", f"{group.name}/{row.project}", row.project)


def _node(session: Session, row: Any) -> AuditedResource:
    return AuditedResource("node", f"{session.get_one(GroupRow, row.group_id).name}/{row.name}")


AUDITED: Mapping[type[ControllerTable], Callable[[Session, Any], AuditedResource]] = {
    ServiceRow: _service,
    VersionRow: _of_service("version"),
    ApiKeyRow: _of_service("key"),
    CanaryRow: _canary,
    LabelSourceRow: _of_service("label source"),
    MonitorRow: _of_service("monitor"),
    RetrainingTriggerRow: _of_service("retraining trigger"),
    ProjectRow: lambda _, row: AuditedResource("project", row.name, row.name),
    MemberRow: _member,
    UserRow: lambda _, row: AuditedResource("user", row.name),
    TokenRow: _token,
    SessionRow: _of_user("session"),
    SignInLinkRow: _of_user("sign-in link"),
    SpecRow: lambda _, row: AuditedResource("resource spec", row.name),
    GroupRow: lambda _, row: AuditedResource("resource group", row.name),
    GroupProjectRow: _granted,
    NodeRow: _node,
    ErasureRow: lambda _, row: AuditedResource("erasure", f"{row.service}/{row.id}", row.project),
    SecretRow: lambda _, row: AuditedResource("secret", row.name, row.project),
    DestinationRow: lambda _, row: AuditedResource("destination", row.name, row.project),
    ChannelRow: lambda _, row: AuditedResource("channel", row.name, row.project),
    SilenceRow: lambda _, row: AuditedResource("silence", str(row.id), row.project),
    MaintenanceRow: lambda _, row: AuditedResource("maintenance window", row.name, row.project),
}
"""Tables whose changes are audited, and how a row of each is named. A test holds it against all tables."""


@dataclass
class _Change:
    subject: AuditedResource
    before: dict[str, Any] | None
    row: Any
    is_deleted: bool = False


@dataclass
class _Changes:
    by_row: dict[int, _Change] = field(default_factory=dict)

    def gather(self, session: Session) -> None:
        """Note the first state of what this flush is about to change."""
        for row in [*session.new, *session.dirty, *session.deleted]:
            if type(row) in AUDITED and id(row) not in self.by_row:
                is_new = row in session.new
                with session.no_autoflush:
                    subject = AUDITED[type(row)](session, row)
                self.by_row[id(row)] = _Change(subject, None if is_new else _stored(row), row)
            if row in session.deleted and id(row) in self.by_row:
                self.by_row[id(row)].is_deleted = True


def audit_changes(session: AsyncSession, actor: Actor, now: datetime) -> None:
    """Have every change of this transaction written into the audit log, in the same transaction."""
    changes = _Changes()

    def before_flush(found: Session, *_: Any) -> None:
        changes.gather(found)

    def before_commit(found: Session) -> None:
        found.flush()
        for change in changes.by_row.values():
            line = _line(change)
            if line is not None:
                found.add(
                    AuditRow(at=now, actor=actor.name, operation=actor.operation, request_id=actor.request_id, **line)
                )

    event.listen(session.sync_session, "before_flush", before_flush)
    event.listen(session.sync_session, "before_commit", before_commit)


def record_action(
    session: AsyncSession,
    actor: Actor,
    now: datetime,
    subject: AuditedResource,
    action: str,
    *,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Write a line about something that was done and changed no row here, such as the restart of a pod.

    `details`: what else is known of it, shown as the state after it.
    """
    session.add(
        AuditRow(
            at=now,
            actor=actor.name,
            operation=actor.operation,
            request_id=actor.request_id,
            project=subject.project,
            resource_kind=subject.kind,
            resource_name=subject.name,
            action=action,
            after=None if details is None else dict(details),
        )
    )


def _line(change: _Change) -> dict[str, Any] | None:
    """What the log says of one row's change; None where nothing did that people care for."""
    before, after = change.before, None if change.is_deleted else audited_values(change.row)
    if before is None and after is None:
        return None
    if before is not None and after is not None:
        differing = {name for name in after if before[name] != after[name]}
        if not differing:
            return None
        before, after = _shown(before, differing), _shown(after, differing)
    else:
        before, after = (values and _shown(values, values.keys() - _HIDDEN) for values in (before, after))
    action = "created" if before is None else "deleted" if after is None else "updated"
    return {
        "action": action,
        "project": change.subject.project,
        "resource_kind": change.subject.kind,
        "resource_name": change.subject.name,
        "before": before,
        "after": after,
    }


def _shown(values: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: HIDDEN if name in _HIDDEN else values[name] for name in sorted(names)}


def _columns(row: Any) -> list[str]:
    return [attribute.key for attribute in inspect(row).mapper.column_attrs if attribute.key not in _COUNTERS]


def audited_values(row: Any) -> dict[str, Any]:
    """The row as it is now, as far as the log would show it."""
    return {name: _comparable(name, getattr(row, name)) for name in _columns(row)}


def _stored(row: Any) -> dict[str, Any]:
    """The row as it was read, whatever has been set since."""
    state, values = inspect(row), {}
    for name in _columns(row):
        history = state.attrs[name].history
        old = history.deleted[0] if history.deleted else getattr(row, name)
        values[name] = _comparable(name, old)
    return values


def _comparable(column: str, value: Any) -> Any:
    """As the log shows it; what it does not show, as it is (sealed bytes are no JSON)."""
    return value if column in _HIDDEN else to_jsonable_python(value)
