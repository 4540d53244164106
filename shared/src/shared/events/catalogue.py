"""The catalogue of events: who says it, who acts on it. Contract tests hold the services to it."""

from __future__ import annotations

from dataclasses import dataclass

from shared.events import node, pod, request, run, service, table, version
from shared.events.base import Event


@dataclass(frozen=True)
class Entry:
    """One event and the services that it ties together."""

    event: type[Event]
    producer: str
    consumers: tuple[str, ...] = ()


CATALOGUE: tuple[Entry, ...] = (
    Entry(service.ServiceCreated, "controller", ("monitor",)),
    Entry(service.ServiceUpdated, "controller", ("monitor",)),
    Entry(service.ServiceDeleted, "controller", ("monitor", "inference-logger")),
    Entry(service.TrafficChanged, "controller", ("monitor",)),
    Entry(service.ApiKeyIssued, "controller"),
    Entry(service.ApiKeyRevoked, "controller"),
    Entry(version.VersionCreated, "controller", ("monitor",)),
    Entry(version.VersionUpdated, "controller", ("scheduler", "monitor")),
    Entry(version.VersionStarted, "controller", ("scheduler", "monitor")),
    Entry(version.VersionStopped, "controller", ("scheduler", "monitor")),
    Entry(version.VersionDeleted, "controller", ("scheduler", "monitor")),
    Entry(version.VersionReady, "scheduler", ("controller", "monitor")),
    Entry(version.VersionFailed, "scheduler", ("controller", "monitor")),
    Entry(version.VersionScaled, "scheduler", ("controller", "monitor")),
    Entry(version.VersionDrained, "scheduler", ("controller", "monitor")),
    Entry(version.VersionRolloutFailed, "scheduler", ("controller", "monitor")),
    Entry(version.VersionRolledBack, "controller", ("scheduler", "monitor")),
    Entry(node.NodeAdded, "controller", ("scheduler",)),
    Entry(node.NodeUpdated, "controller", ("scheduler",)),
    Entry(node.NodeReleased, "controller", ("scheduler",)),
    Entry(pod.PodScheduled, "scheduler", ("monitor",)),
    Entry(pod.PodReady, "scheduler", ("controller", "monitor")),
    Entry(pod.PodChecked, "scheduler", ("controller", "monitor")),
    Entry(pod.PodNotReady, "scheduler", ("controller", "monitor")),
    Entry(pod.PodExited, "scheduler", ("monitor",)),
    Entry(pod.PodTerminated, "scheduler", ("monitor",)),
    Entry(pod.PodNoted, "scheduler", ("monitor",)),
    Entry(run.RunStarted, "scheduler", ("controller",)),
    Entry(run.RunEnded, "scheduler", ("controller",)),
    Entry(table.TableCommitted, "inference-logger"),
    Entry(table.TableBlocked, "inference-logger", ("monitor",)),
    Entry(table.TableRecovered, "inference-logger", ("monitor",)),
    Entry(table.TableRowsDropped, "inference-logger", ("monitor",)),
    Entry(request.RequestLogged, "router", ("inference-logger",)),
)

EVENT_TYPES: dict[str, type[Event]] = {entry.event.event_type(): entry.event for entry in CATALOGUE}
