"""What the monitor is told of channels, routes, silences and maintenance: everything but credentials."""

from __future__ import annotations

import hashlib
from datetime import datetime

from controller.handlers.alerting.channels import routed_channel
from controller.store.alerting.definitions import (
    projects_of_services,
    visible_silences,
    visible_windows,
    with_secrets,
)
from shared.contracts.alerting.alerts import (
    AlertingDefinitions,
    AlertingQuery,
    MaintenanceDefinition,
    SilenceDefinition,
)
from shared.database import Database


async def alerting_definitions(
    database: Database, query: AlertingQuery, console_url: str | None, now: datetime
) -> AlertingDefinitions:
    """All of it, or that it is what was known. Its revision is the hash of its content."""
    async with database.read() as session:
        channels = await with_secrets(session)
        silences = await visible_silences(session, None, now)
        windows = await visible_windows(session, None)
        projects = await projects_of_services(session)
    found = AlertingDefinitions(
        revision="",
        channels=tuple(routed_channel(row, revision) for row, revision in channels),
        silences=tuple(
            SilenceDefinition(**row.model_dump(include={"id", "project", "matchers", "starts_at", "ends_at"}))
            for row in silences
        ),
        maintenance=tuple(
            MaintenanceDefinition(
                service=service,
                **row.model_dump(include={"name", "project", "starts_at", "ends_at", "schedule", "duration_s"}),
            )
            for row, service in windows
        ),
        projects=projects,
        console_url=console_url,
    )
    revision = hashlib.sha256(found.model_dump_json().encode()).hexdigest()[:32]
    if revision == query.known:
        return AlertingDefinitions(revision=revision, is_unchanged=True)
    return found.model_copy(update={"revision": revision})
