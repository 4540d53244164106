"""Signals that need no rule: facts of the platform which say that something is wrong, or in order again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from monitor.domain.alerts.signals import Signal, SignalSeverity
from shared import events

TABLE = "table"
VERSION = "version"
CANARY = "canary"
"""A service has one at a time: the next one that starts resolves what the last one left open."""
LOG_LINES = 20


def signal_of(event: Any, at: datetime) -> Signal | None:
    """What a fact says of a table or a version; None for facts that say nothing of that kind."""
    match event:
        case events.TableBlocked():
            evidence: dict[str, Any] = {"location": event.location, "reason": event.reason}
            return _table(event, "critical", f"{event.table} cannot be written: {event.reason}", evidence, at)
        case events.TableRecovered():
            return _table(event, "ok", f"{event.table} has every row again", {}, at)
        case events.VersionFailed():
            evidence = {"reason": event.reason, "message": event.message, "log_tail": list(event.log_tail[-LOG_LINES:])}
            return _version(event, "critical", f"{event.version} has failed: {event.message}", evidence, at)
        case events.VersionCanaryHeld() | events.VersionCanaryRolledBack():
            what = f"is held at {event.weight} %" if isinstance(event, events.VersionCanaryHeld) else "was rolled back"
            evidence = {"canary": str(event.canary_id), "reason": event.reason}
            return _canary(event, "warning", f"The canary {event.version} {what}: {event.reason}", evidence, at)
        case events.VersionCanaryStarted() | events.VersionCanaryPromoted() | events.VersionCanaryAborted():
            return _canary(event, "ok", f"The canary {event.version} goes on, or is over", {}, at)
    end = _ENDS.get(type(event))
    return None if end is None else _version(event, "ok", f"{event.version} {end}", {}, at)


_ENDS: Mapping[type[events.Event], str] = {
    events.VersionReady: "runs",
    events.VersionStopped: "was stopped",
    events.VersionDeleted: "was deleted",
}


def channel_signal(name: str, channel_id: str, severity: SignalSeverity, reason: str, at: datetime) -> Signal:
    """A channel that accepts nothing any more, or does again."""
    text = f"Channel {name} accepts nothing any more: {reason}" if severity != "ok" else f"Channel {name} accepts again"
    labels = {"channel": name, "channel_id": channel_id}
    evidence = {"reason": reason} if reason else {}
    return Signal("", "channel", "channel_dead", labels, severity, text, evidence, at)


def _canary(event: Any, severity: SignalSeverity, summary: str, evidence: dict[str, Any], at: datetime) -> Signal:
    return Signal(event.service, CANARY, "canary", {}, severity, summary, evidence, at)


def _table(event: Any, severity: SignalSeverity, summary: str, evidence: dict[str, Any], at: datetime) -> Signal:
    return Signal(event.service, TABLE, "table_blocked", {"table": event.table}, severity, summary, evidence, at)


def _version(event: Any, severity: SignalSeverity, summary: str, evidence: dict[str, Any], at: datetime) -> Signal:
    return Signal(event.service, VERSION, "version_failed", {"version": event.version}, severity, summary, evidence, at)
