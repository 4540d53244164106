"""The wording of facts for operators: level, resource, reason, message. Repeats on one resource are counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from shared import events
from shared.counted import counted
from shared.events import Event

Level = Literal["info", "warning", "error"]


@dataclass(frozen=True)
class EventLine:
    """One line of the event list. (service, kind, name, reason, message) is what repeats are recognised by."""

    service: str
    version: str | None
    kind: Literal["service", "version", "pod"]
    name: str
    level: Level
    reason: str
    message: str


@dataclass(frozen=True)
class Wording:
    """The wording of one kind of fact."""

    reason: str
    message: Callable[[Any], str]
    level: Level = "info"


def _exit(event: events.PodExited) -> str:
    if event.signal is not None:
        return f"the process ended (signal {event.signal})"
    code = "its exit code is not known" if event.exit_code is None else f"exit code {event.exit_code}"
    return f"the process ended ({code})"


def _answers(event: events.PodReady) -> str:
    ready, wanted = event.ready_replicas, event.desired_replicas
    if ready > wanted:  # while pods are replaced, the old ones answer until the new ones do
        return f"answers; {counted(ready, 'pod')} ready, {wanted} wanted"
    return f"answers; {ready} of {counted(wanted, 'pod')} ready"


_ENDED: Mapping[str, str] = {
    "Stopped": "Stopped: its version was stopped",
    "Deleted": "Deleted: its version was deleted",
    "Failed": "Failed: its version has failed",
    "ScaledDown": "Scaled down: fewer pods are wanted",
    "Replaced": "Replaced by another pod",
    "Lost": "Lost: it is not there any more",
}


def _checked(event: events.PodChecked) -> str:
    together = "share a predict" if event.check.row_wise else "are predicted each alone"
    return f"callers {together} ({event.check.row_wise_reason})"


def _source(source: Mapping[str, str | None]) -> str:
    if source.get("kind") == "image":
        return f"image {source.get('image')}"
    return f"{source.get('model')} {source.get('version')}"


def _retrained(event: events.RetrainEnded) -> str:
    """With the version that came of it, or what went wrong."""
    result = f"version {event.model.version} of {event.model.model}" if event.model else event.message
    return f"trigger {event.trigger} {event.state}" + (f": {result}" if result else "")


WORDINGS: Mapping[type[Event], Wording] = {
    events.ServiceCreated: Wording("Created", lambda e: f"service created in project {e.project}"),
    events.ServiceUpdated: Wording("Updated", lambda e: f"changed: {', '.join(e.changed) or 'nothing'}"),
    events.ServiceDeleted: Wording("Deleted", lambda e: "service deleted"),
    events.TrafficChanged: Wording(
        "TrafficChanged",
        lambda e: (
            "weights: "
            + ", ".join(f"{name} {share}" for name, share in e.weights.items())
            + (f"; fallback: {e.fallback}" if e.fallback else "")
        ),
    ),
    events.VersionCreated: Wording("Created", lambda e: f"version created from {_source(e.model_source)}"),
    events.VersionUpdated: Wording("Updated", lambda e: e.note or f"changed: {', '.join(e.changed) or 'nothing'}"),
    events.VersionStarted: Wording("Starting", lambda e: f"{counted(e.deployment.desired_replicas, 'pod')} wanted"),
    events.VersionStopped: Wording("Stopping", lambda e: "no pods wanted"),
    events.VersionDeleted: Wording("Deleted", lambda e: "version deleted"),
    events.VersionReady: Wording("Running", lambda e: f"{counted(e.ready_replicas, 'pod')} ready"),
    events.VersionFailed: Wording("Failed", lambda e: f"{e.reason}: {e.message}", "error"),
    events.VersionScaled: Wording(
        "Scaled", lambda e: f"{e.from_replicas} → {counted(e.to_replicas, 'pod')} ({e.reason})"
    ),
    events.VersionDrained: Wording("Stopped", lambda e: "every pod has ended"),
    events.VersionRolloutFailed: Wording("RolloutFailed", lambda e: f"{e.reason}: {e.message}", "error"),
    events.VersionRolledBack: Wording(
        "RolledBack", lambda e: f"back to the configuration that served last; {e.reason}: {e.message}", "warning"
    ),
    events.VersionCanaryStarted: Wording("CanaryStarted", lambda e: f"gets {e.weight} % of the traffic of {e.stable}"),
    events.VersionCanaryStepped: Wording("CanaryStepped", lambda e: f"no worse than {e.stable} so far: {e.weight} %"),
    events.VersionCanaryHeld: Wording("CanaryHeld", lambda e: f"stays at {e.weight} %: {e.reason}", "warning"),
    events.VersionCanaryPromoted: Wording("CanaryPromoted", lambda e: f"has all of the traffic: {e.reason}"),
    events.VersionCanaryRolledBack: Wording("CanaryRolledBack", lambda e: f"has lost its traffic: {e.reason}", "error"),
    events.VersionCanaryAborted: Wording("CanaryAborted", lambda e: f"canary ended: {e.reason}", "warning"),
    events.RetrainStarted: Wording("RetrainStarted", lambda e: f"trigger {e.trigger} ({e.cause}) started a {e.action}"),
    events.RetrainEnded: Wording("RetrainEnded", _retrained),
    events.PodScheduled: Wording("Scheduled", lambda e: f"placed on node {e.node}"),
    events.PodReady: Wording("Ready", _answers),
    events.PodChecked: Wording("Checked", _checked),
    events.PodNotReady: Wording("NotReady", lambda e: e.reason, "warning"),
    events.PodExited: Wording("Exited", _exit, "warning"),
    events.PodTerminated: Wording("Terminated", lambda e: _ENDED.get(e.reason, e.reason)),
    events.TableBlocked: Wording("TableBlocked", lambda e: f"{e.table} cannot be written: {e.reason}", "error"),
    events.TableRecovered: Wording("TableRecovered", lambda e: f"{e.table} has every row again"),
    events.TableRowsDropped: Wording(
        "RowsDropped", lambda e: f"{e.table} lost {counted(e.rows, 'row')}: {e.reason}", "error"
    ),
}
"""Every fact that an operator should see; `PodNoted` brings its own words. A test holds this to the catalogue."""


_DRAINING = Wording("Draining", lambda e: "gets no more requests, and finishes those that it has")
"""A pod that is to end, as in every update: nothing that an operator should be warned of."""


def _is_draining(event: Event) -> bool:
    return isinstance(event, events.PodNotReady) and event.reason == "Draining"


def event_line_of(event: Any) -> EventLine | None:
    """The line for one fact; None for facts that are not listed."""
    if isinstance(event, events.PodNoted):
        return EventLine(event.service, event.version, "pod", event.pod, event.level, event.reason, event.message)
    wording = _DRAINING if _is_draining(event) else WORDINGS.get(type(event))
    if wording is None:
        return None
    version = getattr(event, "version", None)
    pod = getattr(event, "pod", None)
    kind: Literal["service", "version", "pod"] = "pod" if pod else "version" if version else "service"
    name = pod or version or event.service
    return EventLine(event.service, version, kind, name, wording.level, wording.reason, wording.message(event))
