"""What every use case gets: its transaction, the actor, the time, and the limits of this installation."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

from controller.domain.inference_tables.locations import TableRoot
from controller.store.tables import ControllerTable
from shared.errors import PreconditionFailed
from shared.security.addresses import AddressRule


@dataclass(frozen=True)
class InstallationLimits:
    """Limits that an operator sets."""

    max_active: int = 2
    table_roots: tuple[TableRoot, ...] = ()
    token_lifetime: timedelta = timedelta(days=90)
    currency: str = "USD"
    retrainers: AddressRule = field(default_factory=AddressRule)
    """Hosts of systems that retrain, which may be called although they are not public."""


@dataclass(frozen=True)
class UnitOfWork:
    """One unit of work. `now` is read once, so that everything in it happens at the same moment."""

    session: AsyncSession
    now: datetime
    actor: str
    limits: InstallationLimits = field(default_factory=InstallationLimits)
    routes_changed: Callable[[str], None] = lambda _service: None

    def touch_routes(self, service: str) -> None:
        """Have the service's routes written as soon as this transaction is committed, and not before."""
        after_commit(self.session, lambda: self.routes_changed(service))


async def delete_with_children(unit: UnitOfWork, row: ControllerTable, parts: Iterable[ControllerTable]) -> None:
    """Remove a row and, first and by name, what refers to it: a database's cascade leaves no line in the audit log."""
    for part in parts:
        await unit.session.delete(part)
    await unit.session.flush()
    await unit.session.delete(row)


def after_commit(session: AsyncSession, call: Callable[[], None]) -> None:
    """Call once, right after `session` has committed; never when it rolls back."""
    event.listen(session.sync_session, "after_commit", lambda _session: call(), once=True)


def require_revision(if_match: frozenset[int] | None, revision: int) -> None:
    """Refuse a change of something that is no longer what its caller read (`None`: the caller does not mind)."""
    if if_match is not None and revision not in if_match:
        raise PreconditionFailed(f"It has changed since it was read: its revision is now {revision}")
