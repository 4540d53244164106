"""Routing: which channels are told of an alert now, and when that has to be asked again.

Level-triggered: what was told already is compared with how the alert is, so that asking twice, late or after a kill
ends in the same deliveries. Each delivery of an alert to a channel has a number, and its id is made of the three.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from monitor.domain.alerts.alert import RANK, Alert
from monitor.domain.alerts.matching import matches_all
from shared.contracts.alerting.alerts import AlertSeverity, DeliveryReason, DeliveryStatus, RoutedChannel
from shared.contracts.alerting.channels import LIMITS

DELIVERIES = UUID("5a3dd3b4-2f0f-4a53-9c1b-0e4a3d9a7c11")
"""Namespace of the ids of deliveries."""


@dataclass(frozen=True)
class LastDelivery:
    """What a channel was told of an alert last; `is_waiting`: it has not left yet."""

    number: int
    status: DeliveryStatus
    severity: AlertSeverity
    at: datetime
    is_waiting: bool


@dataclass(frozen=True)
class NewDelivery:
    """A delivery that is to be made."""

    id: UUID
    channel: RoutedChannel
    number: int
    status: DeliveryStatus
    reason: DeliveryReason


@dataclass(frozen=True)
class RoutePlan:
    """Deliveries to make now, and when to ask again (None: when something changes)."""

    deliveries: tuple[NewDelivery, ...] = ()
    next_at: datetime | None = None


def plan_deliveries(
    alert: Alert, channels: tuple[RoutedChannel, ...], last: Mapping[UUID, LastDelivery], now: datetime
) -> RoutePlan:
    """Deliveries of one alert; `last` by channel. A silenced one is told to nobody, its end to whom it was told.

    One that was over before anybody could be told (channels were not known yet) is told with its end.
    """
    made: list[NewDelivery] = []
    times: list[datetime] = []
    for routed in channels:
        told = last.get(routed.channel.id)
        reasons = _reasons(alert, routed, told, now)
        first = 1 if told is None else told.number + 1
        made += [_delivery(alert, routed, number, reason) for number, reason in enumerate(reasons, first)]
        again = _repeats_at(alert, routed, told, now if reasons else None)
        if again is not None:
            times.append(max(again, now))
    return RoutePlan(tuple(made), min(times, default=None))


def routes_to(alert: Alert, routed: RoutedChannel) -> bool:
    """Whether a channel is to be told of this alert at all; of its own death it cannot be."""
    channel, route = routed.channel, routed.route
    if channel.project and channel.project != alert.project:
        return False
    if alert.kind == "channel_dead" and alert.labels.get("channel_id") == str(channel.id):
        return False
    is_severe = RANK[alert.severity] >= RANK[route.min_severity]
    return is_severe and matches_all(alert.matched_labels, route.matchers)


def _reasons(
    alert: Alert, routed: RoutedChannel, told: LastDelivery | None, now: datetime
) -> tuple[DeliveryReason, ...]:
    beginning = _reason(alert, routed, told, now) if alert.resolved_at is None or told is None else None
    reasons: tuple[DeliveryReason, ...] = () if beginning is None else (beginning,)
    is_open_there = bool(reasons) if told is None else told.status != "resolved"
    is_over_there = alert.resolved_at is not None and is_open_there and routed.route.send_resolved
    return (*reasons, "resolved") if is_over_there else reasons


def _reason(alert: Alert, routed: RoutedChannel, told: LastDelivery | None, now: datetime) -> DeliveryReason | None:
    if alert.silenced_by is not None or routed.channel.is_paused or not routes_to(alert, routed):
        return None
    if told is None:
        return "raised"
    if told.severity != alert.severity:
        return "severity"
    if alert.acknowledged_at is not None and told.status == "firing":
        return "acknowledged"
    again = _repeats_at(alert, routed, told, None)
    return "repeat" if again is not None and again <= now and not told.is_waiting else None


def _repeats_at(
    alert: Alert, routed: RoutedChannel, told: LastDelivery | None, made_at: datetime | None
) -> datetime | None:
    """When a firing alert is told again: to systems that want it, acknowledged or not; to people, until it is."""
    if alert.resolved_at is not None or alert.silenced_by is not None or not routes_to(alert, routed):
        return None
    resend = LIMITS[routed.channel.kind].resend_every_s
    every = resend or routed.route.repeat_interval_s
    if every <= 0 or (alert.acknowledged_at is not None and resend is None):
        return None
    since = made_at or (told.at if told is not None else None)
    return None if since is None else since + timedelta(seconds=every)


def _delivery(alert: Alert, routed: RoutedChannel, number: int, reason: DeliveryReason) -> NewDelivery:
    status: DeliveryStatus = "resolved" if reason == "resolved" else "firing"
    if status == "firing" and alert.acknowledged_at is not None:
        status = "acknowledged"
    identity = uuid5(DELIVERIES, f"{alert.id}/{routed.channel.id}/{number}")
    return NewDelivery(identity, routed, number, status, reason)
