"""One change of an alert: the row, the fact about it and what is to be delivered, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from monitor.domain.alerts.alert import Alert, Transition, mute
from monitor.domain.alerts.muting import muting_of, next_look
from monitor.domain.alerts.routing import NewDelivery, plan_deliveries
from monitor.handlers.alerts.content import content_of
from monitor.store.alerts.alerts import read_alert, write_alert
from monitor.store.alerts.deliveries import last_deliveries
from monitor.store.tables import AlertRow, DeliveryRow
from shared.bus.outbox import publish
from shared.contracts.alerting.alerts import AlertingDefinitions
from shared.events.alert import AlertRaised, AlertResolved, AlertUpdated


async def store_transition(
    session: AsyncSession,
    row: AlertRow | None,
    transition: Transition,
    definitions: AlertingDefinitions | None,
    now: datetime,
) -> AlertRow | None:
    """Store an alert's next state, publish the fact, and queue what its channels are to be told.

    Without definitions (the controller has never answered) it is routed as soon as there are some.
    """
    alert = transition.alert
    if alert is None:
        return row
    if transition.fact is None:
        return write_alert(row, alert, row.due_at if row is not None else now)
    if alert.project is None and definitions is not None:
        alert = replace(alert, project=project_of(alert, definitions))
    if definitions is not None and transition.fact == "raised":
        alert = replace(alert, silenced_by=muting_of(alert, definitions, now).by)
    is_told_alike = row is not None and _is_told_alike(transition)
    stored = write_alert(row, alert, row.due_at if row is not None and is_told_alike else now)
    if row is None:
        async with session.begin_nested():  # somebody else may open it at the same moment
            session.add(stored)
    await session.flush()
    await publish(session, _fact(transition, alert))
    if definitions is not None and not is_told_alike:
        await route_alert(session, stored, definitions, now)
    return stored


async def route_alert(
    session: AsyncSession, row: AlertRow, definitions: AlertingDefinitions, now: datetime
) -> list[NewDelivery]:
    """Queue what is to be told of an alert now, and note when that is to be asked again."""
    alert = read_alert(row)
    if alert.project is None and (project := project_of(alert, definitions)) is not None:
        alert = replace(alert, project=project)
    muting = muting_of(alert, definitions, now)
    step = mute(alert, muting.by, now)
    if step.fact is not None and step.alert is not None:
        alert = step.alert
        await publish(session, _fact(step, alert))
    # One that is over is silenced by nothing any more: whether its beginning may still be told is asked here.
    routed = alert if alert.resolved_at is None else replace(alert, silenced_by=muting.by)
    plan = plan_deliveries(routed, definitions.channels, await last_deliveries(session, alert.id), now)
    for delivery in plan.deliveries:
        session.add(_row(alert, delivery, definitions, now))
    due_at = None if alert.resolved_at is not None else next_look((plan.next_at, muting.until))
    write_alert(row, alert, due_at)
    await session.flush()
    return list(plan.deliveries)


def project_of(alert: Alert, definitions: AlertingDefinitions) -> str | None:
    """Whose an alert is: its service's, or, of a channel, that one's."""
    if alert.service:
        return definitions.projects.get(alert.service)
    wanted = alert.labels.get("channel_id")
    found = (each.channel.project for each in definitions.channels if str(each.channel.id) == wanted)
    return next(found, None) or None


def _row(alert: Alert, delivery: NewDelivery, definitions: AlertingDefinitions, now: datetime) -> DeliveryRow:
    channel = delivery.channel.channel
    return DeliveryRow(
        id=delivery.id,
        alert_id=alert.id,
        channel_id=channel.id,
        channel=channel.name,
        number=delivery.number,
        status=delivery.status,
        reason=delivery.reason,
        severity=alert.severity,
        content=content_of(alert, delivery.status, definitions.console_url),
        state="waiting",
        created_at=now,
    )


def _is_told_alike(transition: Transition) -> bool:
    """Whether only figures are others: channels are told nothing of that."""
    before, after = transition.before, transition.alert
    if before is None or after is None:
        return False
    return (before.state, before.severity) == (after.state, after.severity)


def _fact(transition: Transition, alert: Alert) -> AlertRaised | AlertUpdated | AlertResolved:
    common: Mapping[str, Any] = {
        "alert_id": alert.id,
        **{
            name: value
            for name, value in asdict(alert).items()
            if name in {"fingerprint", "revision", "service", "monitor", "kind", "severity", "labels", "summary"}
        },
        "evidence": alert.evidence,
        "opened_at": alert.opened_at,
    }
    if transition.fact == "raised":
        return AlertRaised(**common)
    if transition.fact == "resolved":
        assert alert.resolved_at is not None
        return AlertResolved(**common, resolved_at=alert.resolved_at)
    before = transition.before or alert
    return AlertUpdated(**common, state=alert.state, previous_severity=before.severity)
