"""Revisions of services and versions: what a change of a row always brings with it."""

from __future__ import annotations

from controller.handlers.unit_of_work import UnitOfWork
from controller.store.tables import ServiceRow, VersionRow


def mark_changed(unit: UnitOfWork, *rows: ServiceRow | VersionRow) -> None:
    """Count a change of `rows`, and have the routes of a service among them written after the commit."""
    for row in rows:
        row.revision += 1
        row.updated_at = unit.now
        if isinstance(row, ServiceRow):
            unit.touch_routes(row.name)
