"""Silences and maintenance: who keeps an alert from being told now, and when that has to be asked again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.domain.alerts.alert import Alert
from monitor.domain.alerts.matching import matches_all
from shared.contracts.alerting.alerts import AlertingDefinitions, MaintenanceDefinition, SilenceDefinition
from shared.schedules import BadSchedule, Schedule

LONGEST_WINDOW = timedelta(days=31)


@dataclass(frozen=True)
class Muting:
    """`by`: what silences it now, None for nothing. `until`: when that may be another; None: never."""

    by: str | None = None
    until: datetime | None = None


def muting_of(alert: Alert, definitions: AlertingDefinitions, now: datetime) -> Muting:
    """Of several that apply the one that lasts longest is named."""
    spans = [
        *(_silence_span(each, alert) for each in definitions.silences),
        *(_window_span(each, alert, now) for each in definitions.maintenance),
    ]
    found = [span for span in spans if span is not None and span[2] > now]
    running = [span for span in found if span[1] <= now]
    coming = [start for _, start, _ in found if start > now]
    if running:
        name, _, end = max(running, key=lambda span: (span[2], span[0]))
        return Muting(name, end)
    return Muting(None, min(coming, default=None))


def _silence_span(silence: SilenceDefinition, alert: Alert) -> tuple[str, datetime, datetime] | None:
    if silence.project is not None and silence.project != alert.project:
        return None
    if not matches_all(alert.matched_labels, silence.matchers):
        return None
    return f"silence {silence.id}", silence.starts_at, silence.ends_at


def _window_span(window: MaintenanceDefinition, alert: Alert, now: datetime) -> tuple[str, datetime, datetime] | None:
    if window.service is not None and window.service != alert.service:
        return None
    if window.project is not None and window.project != alert.project:
        return None
    span = window_span(window, now)
    return None if span is None else (f"maintenance {window.name}", *span)


def window_span(window: MaintenanceDefinition, now: datetime) -> tuple[datetime, datetime] | None:
    """Begin and end of the maintenance that runs at `now`, or of the next one; None when there is none any more."""
    if window.schedule is None:
        return None if window.ends_at is None or window.ends_at <= now else (window.starts_at, window.ends_at)
    length = min(timedelta(seconds=window.duration_s or 0.0), LONGEST_WINDOW)
    try:
        start = Schedule.parse(window.schedule).next_after(max(now - length, window.starts_at - timedelta(seconds=1)))
        end = start + length
    except (BadSchedule, OverflowError):  # `starts_at` lies where the calendar ends
        return None
    if window.ends_at is not None and start >= window.ends_at:
        return None
    return start, end


def next_look(times: Iterable[datetime | None]) -> datetime | None:
    """The first of these times."""
    return min((time for time in times if time is not None), default=None)
