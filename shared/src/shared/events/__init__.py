"""Facts: what has happened, as other services and other systems may rely on it."""

from shared.events.alert import AlertRaised, AlertResolved, AlertUpdated
from shared.events.base import Event
from shared.events.catalogue import CATALOGUE, EVENT_TYPES, CatalogueEntry
from shared.events.erasure import ErasureFinished
from shared.events.labels import LabelsJoined
from shared.events.monitor import MonitorDefined, MonitorDeleted
from shared.events.node import NodeAdded, NodeReleased, NodeUpdated
from shared.events.pod import PodChecked, PodExited, PodNoted, PodNotReady, PodReady, PodScheduled, PodTerminated
from shared.events.request import RequestLogged, RequestRecord
from shared.events.retrain import RetrainEnded, RetrainRequested, RetrainStarted
from shared.events.run import RunEnded, RunStarted
from shared.events.service import (
    ApiKeyIssued,
    ApiKeyRevoked,
    ServiceCreated,
    ServiceDeleted,
    ServiceUpdated,
    TrafficChanged,
)
from shared.events.table import TableBlocked, TableCommitted, TableRecovered, TableRowsDropped
from shared.events.version import (
    VersionCanaryAborted,
    VersionCanaryHeld,
    VersionCanaryPromoted,
    VersionCanaryRolledBack,
    VersionCanaryStarted,
    VersionCanaryStepped,
    VersionCreated,
    VersionDeleted,
    VersionDrained,
    VersionFailed,
    VersionReady,
    VersionRolledBack,
    VersionRolloutFailed,
    VersionScaled,
    VersionStarted,
    VersionStopped,
    VersionUpdated,
)

__all__ = [
    "CATALOGUE",
    "EVENT_TYPES",
    "AlertRaised",
    "AlertResolved",
    "AlertUpdated",
    "ApiKeyIssued",
    "ApiKeyRevoked",
    "CatalogueEntry",
    "ErasureFinished",
    "Event",
    "LabelsJoined",
    "MonitorDefined",
    "MonitorDeleted",
    "NodeAdded",
    "NodeReleased",
    "NodeUpdated",
    "PodChecked",
    "PodExited",
    "PodNotReady",
    "PodNoted",
    "PodReady",
    "PodScheduled",
    "PodTerminated",
    "RequestLogged",
    "RequestRecord",
    "RetrainEnded",
    "RetrainRequested",
    "RetrainStarted",
    "RunEnded",
    "RunStarted",
    "ServiceCreated",
    "ServiceDeleted",
    "ServiceUpdated",
    "TableBlocked",
    "TableCommitted",
    "TableRecovered",
    "TableRowsDropped",
    "TrafficChanged",
    "VersionCanaryAborted",
    "VersionCanaryHeld",
    "VersionCanaryPromoted",
    "VersionCanaryRolledBack",
    "VersionCanaryStarted",
    "VersionCanaryStepped",
    "VersionCreated",
    "VersionDeleted",
    "VersionDrained",
    "VersionFailed",
    "VersionReady",
    "VersionRolledBack",
    "VersionRolloutFailed",
    "VersionScaled",
    "VersionStarted",
    "VersionStopped",
    "VersionUpdated",
]
