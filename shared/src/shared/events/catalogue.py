"""The catalogue of events: producer and consumers of each. Contract tests compare it with the services."""

from __future__ import annotations

from dataclasses import dataclass

from shared.events import alert, erasure, labels, monitor, node, pod, request, retrain, run, service, table, version
from shared.events.base import Event


@dataclass(frozen=True)
class CatalogueEntry:
    """One event, its producer and its consumers."""

    event: type[Event]
    producer: str
    consumers: tuple[str, ...] = ()


CATALOGUE: tuple[CatalogueEntry, ...] = (
    CatalogueEntry(service.ServiceCreated, "controller", ("monitor",)),
    CatalogueEntry(service.ServiceUpdated, "controller", ("monitor",)),
    CatalogueEntry(service.ServiceDeleted, "controller", ("monitor", "inference-logger")),
    CatalogueEntry(service.TrafficChanged, "controller", ("monitor",)),
    CatalogueEntry(service.ApiKeyIssued, "controller"),
    CatalogueEntry(service.ApiKeyRevoked, "controller"),
    CatalogueEntry(version.VersionCreated, "controller", ("monitor",)),
    CatalogueEntry(version.VersionUpdated, "controller", ("scheduler", "monitor")),
    CatalogueEntry(version.VersionStarted, "controller", ("scheduler", "monitor")),
    CatalogueEntry(version.VersionStopped, "controller", ("scheduler", "monitor")),
    CatalogueEntry(version.VersionDeleted, "controller", ("scheduler", "monitor")),
    CatalogueEntry(version.VersionReady, "scheduler", ("controller", "monitor")),
    CatalogueEntry(version.VersionFailed, "scheduler", ("controller", "monitor")),
    CatalogueEntry(version.VersionScaled, "scheduler", ("controller", "monitor")),
    CatalogueEntry(version.VersionDrained, "scheduler", ("controller", "monitor")),
    CatalogueEntry(version.VersionRolloutFailed, "scheduler", ("controller", "monitor")),
    CatalogueEntry(version.VersionRolledBack, "controller", ("scheduler", "monitor")),
    CatalogueEntry(version.VersionCanaryStarted, "controller", ("monitor",)),
    CatalogueEntry(version.VersionCanaryStepped, "controller", ("monitor",)),
    CatalogueEntry(version.VersionCanaryHeld, "controller", ("monitor",)),
    CatalogueEntry(version.VersionCanaryPromoted, "controller", ("monitor",)),
    CatalogueEntry(version.VersionCanaryRolledBack, "controller", ("monitor",)),
    CatalogueEntry(version.VersionCanaryAborted, "controller", ("monitor",)),
    CatalogueEntry(node.NodeAdded, "controller", ("scheduler",)),
    CatalogueEntry(node.NodeUpdated, "controller", ("scheduler",)),
    CatalogueEntry(node.NodeReleased, "controller", ("scheduler",)),
    CatalogueEntry(pod.PodScheduled, "scheduler", ("monitor",)),
    CatalogueEntry(pod.PodReady, "scheduler", ("controller", "monitor", "inference-logger")),
    CatalogueEntry(pod.PodChecked, "scheduler", ("controller", "monitor", "inference-logger")),
    CatalogueEntry(pod.PodNotReady, "scheduler", ("controller", "monitor")),
    CatalogueEntry(pod.PodExited, "scheduler", ("monitor",)),
    CatalogueEntry(pod.PodTerminated, "scheduler", ("monitor",)),
    CatalogueEntry(pod.PodNoted, "scheduler", ("monitor",)),
    CatalogueEntry(run.RunStarted, "scheduler", ("controller",)),
    CatalogueEntry(run.RunEnded, "scheduler", ("controller",)),
    CatalogueEntry(table.TableCommitted, "inference-logger"),
    CatalogueEntry(table.TableBlocked, "inference-logger", ("monitor",)),
    CatalogueEntry(table.TableRecovered, "inference-logger", ("monitor",)),
    CatalogueEntry(table.TableRowsDropped, "inference-logger", ("monitor",)),
    CatalogueEntry(labels.LabelsJoined, "inference-logger"),
    CatalogueEntry(erasure.ErasureFinished, "inference-logger", ("controller",)),
    CatalogueEntry(monitor.MonitorDefined, "controller", ("monitor",)),
    CatalogueEntry(monitor.MonitorDeleted, "controller", ("monitor",)),
    CatalogueEntry(retrain.RetrainRequested, "monitor"),
    CatalogueEntry(retrain.RetrainStarted, "monitor", ("monitor",)),
    CatalogueEntry(retrain.RetrainEnded, "monitor", ("monitor",)),
    CatalogueEntry(alert.AlertRaised, "monitor", ("monitor",)),
    CatalogueEntry(alert.AlertUpdated, "monitor", ("monitor",)),
    CatalogueEntry(alert.AlertResolved, "monitor"),
    CatalogueEntry(request.RequestLogged, "router", ("inference-logger",)),
)

EVENT_TYPES: dict[str, type[Event]] = {entry.event.event_type(): entry.event for entry in CATALOGUE}
