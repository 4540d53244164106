"""Which things a transaction changed, told once it is committed: by its rows, so that no use case can forget to.

Statements that change rows in bulk pass unnoticed; what they write (when a key was last used) nobody waits for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import event, inspect
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session
from sqlmodel import select

from controller.domain.changes import EVERYBODY, Audience, Change, ChangeKind, ChangeLog
from controller.store.tables import (
    ApiKeyRow,
    CanaryRow,
    CanaryVerdictRow,
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
    ObservationRow,
    ProjectRow,
    RetrainingResultRow,
    RetrainingTriggerRow,
    SecretRow,
    ServiceRow,
    SilenceRow,
    SpecRow,
    TokenRow,
    UserRow,
    VersionRow,
)

ACCESS_TABLES = frozenset({"users", "members", "tokens", "sessions", "projects"})
"""Tables that say who may see what, or whether somebody is signed in at all."""

FOLLOWED_TABLES = frozenset({"services", "versions"})
"""Tables of what can be followed: once a row is gone, nobody may see it any more."""

Found = Iterator[tuple[Change, ControllerTable | None]]
"""Changes of one row; the second is the row whose revision goes with it."""


def _service(_: Session, row: Any) -> Found:
    audience = Audience(frozenset({row.project}))
    yield Change("service", row.name, row.name, audience=audience), row
    if _has_changed(row, "fallback"):
        yield Change("traffic", row.name, row.name, audience=audience), row


def _version(session: Session, row: Any) -> Found:
    if (service := session.get(ServiceRow, row.service_id)) is None:
        return
    audience = Audience(frozenset({service.project}))
    yield Change("version", row.name, service.name, audience=audience), row
    if _has_changed(row, "weight"):
        yield Change("traffic", service.name, service.name, audience=audience), service


def _observation(session: Session, row: Any) -> Found:
    if (version := session.get(VersionRow, row.version_id)) is None:
        return
    if (service := session.get(ServiceRow, version.service_id)) is not None:
        audience = Audience(frozenset({service.project}))
        yield Change("version", version.name, service.name, audience=audience), version
        yield Change("pods", version.name, service.name, audience=audience), None


def _of_service(kind: ChangeKind) -> Callable[[Session, Any], Found]:
    """What is defined for a service by name."""

    def changes(session: Session, row: Any) -> Found:
        if (service := session.get(ServiceRow, row.service_id)) is not None:
            yield Change(kind, row.name, service.name, audience=Audience(frozenset({service.project}))), row

    return changes


def _retraining_result(session: Session, row: Any) -> Found:
    if (service := session.get(ServiceRow, row.service_id)) is not None:
        audience = Audience(frozenset({service.project}))
        yield Change("retraining", str(row.retraining_id), service.name, audience=audience), None


def _canary(session: Session, row: Any) -> Found:
    if (service := session.get(ServiceRow, row.service_id)) is not None:
        yield Change("canary", str(row.id), service.name, audience=Audience(frozenset({service.project}))), row


def _canary_verdict(session: Session, row: Any) -> Found:
    if (canary := session.get(CanaryRow, row.canary_id)) is not None:
        yield from _canary(session, canary)


def _erasure(_: Session, row: Any) -> Found:
    yield Change("erasure", str(row.id), row.service, audience=Audience(frozenset({row.project}))), None


def _group(session: Session, row: Any) -> Found:
    yield Change("group", row.name, audience=_of_group(session, row.id)), row


def _grant(session: Session, row: Any) -> Found:
    if (group := session.get(GroupRow, row.group_id)) is not None:
        yield Change("group", group.name, audience=_of_group(session, group.id, row.project)), group


def _node(session: Session, row: Any) -> Found:
    yield Change("node", row.name, audience=_of_group(session, row.group_id)), row


def _member(session: Session, row: Any) -> Found:
    if (user := session.get(UserRow, row.user_id)) is not None:
        audience = Audience(frozenset({row.project}), row.user_id)
        yield Change("member", f"{row.project}/{user.name}", audience=audience), None


def _of_group(session: Session, group_id: Any, *more: str) -> Audience:
    granted = session.scalars(select(GroupProjectRow.project).where(GroupProjectRow.group_id == group_id))
    return Audience(frozenset({*granted, *more}))


def _of_owner(project: str | None) -> Audience:
    """Of a project's own, or of the installation's, which everybody sees."""
    return EVERYBODY if project is None else Audience(frozenset({project}))


NOTICED: Mapping[type[ControllerTable], Callable[[Session, Any], Found]] = {
    ServiceRow: _service,
    VersionRow: _version,
    ObservationRow: _observation,
    ApiKeyRow: _of_service("key"),
    CanaryRow: _canary,
    CanaryVerdictRow: _canary_verdict,
    LabelSourceRow: _of_service("label_source"),
    MonitorRow: _of_service("monitor"),
    RetrainingTriggerRow: _of_service("retraining_trigger"),
    RetrainingResultRow: _retraining_result,
    ErasureRow: _erasure,
    GroupRow: _group,
    GroupProjectRow: _grant,
    NodeRow: _node,
    MemberRow: _member,
    SpecRow: lambda _, row: iter([(Change("spec", row.name, audience=EVERYBODY), row)]),
    ProjectRow: lambda _, row: iter([(Change("project", row.name, audience=Audience(frozenset({row.name}))), row)]),
    UserRow: lambda _, row: iter([(Change("user", row.name, audience=Audience(user_id=row.id)), row)]),
    TokenRow: lambda _, row: iter([(Change("token", row.name, audience=Audience(user_id=row.user_id)), None)]),
    DestinationRow: lambda _, row: iter([(Change("destination", row.name, audience=_of_owner(row.project)), row)]),
    ChannelRow: lambda _, row: iter([(Change("channel", row.name, audience=_of_owner(row.project)), row)]),
    SilenceRow: lambda _, row: iter([(Change("silence", str(row.id), audience=_of_owner(row.project)), row)]),
    MaintenanceRow: lambda _, row: iter([(Change("maintenance", row.name, audience=_of_owner(row.project)), row)]),
    SecretRow: lambda _, row: iter([(Change("secret", row.name, audience=Audience(frozenset({row.project}))), row)]),
}
"""Tables whose changes are told, and what a change of a row of each is called."""


@dataclass
class _Transaction:
    """What one transaction has changed so far."""

    changes: dict[Change, ControllerTable | None] = field(default_factory=dict)
    deleted: set[int] = field(default_factory=set)
    changes_access: bool = False

    def gather(self, session: Session) -> None:
        """Note what this flush is about to write."""
        with session.no_autoflush:
            for row in [*session.new, *session.dirty, *session.deleted]:
                if row in session.dirty and not session.is_modified(row):
                    continue
                table = getattr(row, "__tablename__", "")
                self.changes_access |= table in ACCESS_TABLES
                if row in session.deleted:
                    self.changes_access |= table in FOLLOWED_TABLES
                    self.deleted.add(id(row))
                if (named := NOTICED.get(type(row))) is not None:
                    self.changes.update(named(session, row))

    def publish(self, log: ChangeLog) -> None:
        """Tell of all of it, with the revisions that were committed."""
        for change, row in self.changes.items():
            revision = None if row is None or id(row) in self.deleted else getattr(row, "revision", None)
            log.publish(replace(change, revision=revision))
        if self.changes_access:
            log.note_access_change()


def publish_changes(session: AsyncSession, log: ChangeLog) -> None:
    """Tell `log` of every change of this unit of work once it is committed; of one that is rolled back, never."""
    found, sync = _Transaction(), session.sync_session

    def before_flush(flushing: Session, *_: Any) -> None:
        found.gather(flushing)

    event.listen(sync, "before_flush", before_flush)
    event.listen(sync, "after_commit", lambda _: found.publish(log), once=True)


def _has_changed(row: Any, column: str) -> bool:
    """Whether a row that was there before gets another value."""
    state = inspect(row)
    return bool(state.persistent and state.attrs[column].history.has_changes())
