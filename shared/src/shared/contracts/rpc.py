"""Questions that one service asks another over `penstock.rpc.<service>.<method>`, and the shapes of the answers.

`METHODS` is the catalogue: a contract test compares it with what the services declare. All of them are safe to repeat.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.base import Contract
from shared.contracts.deployment import Deployment, PodView, SecretKeyRef, VersionState
from shared.contracts.nodes import Node, NodeStateList, PoolStateList
from shared.contracts.runs import PodRun


class Nothing(Contract):
    """No arguments, or no result."""


class DeploymentList(Contract):
    """Every version that exists and is not a draft, stopped ones with 0 replicas."""

    items: tuple[Deployment, ...]
    nodes: tuple[Node, ...] = Field(default=(), description="Every node of every resource group.")
    store: UUID | None = Field(
        default=None, description="Names the controller's database: another one means that the list proves no deletion."
    )


class PodsQuery(Contract):
    """Pods of a version."""

    version_id: UUID


class PodList(Contract):
    """Pods, by name."""

    items: tuple[PodView, ...]


class PodRef(Contract):
    """One pod of a version."""

    version_id: UUID
    pod: str


class VersionStateList(Contract):
    """The scheduler's view of every version that it knows."""

    items: tuple[VersionState, ...]


class RegistryQuery(Contract):
    """The secret (of kind `mlflow`) that describes a tracking server."""

    registry: str


class RegistryAccess(Contract):
    """Where a tracking server is and who we are to it: never stored, logged or sent on by who asked.

    `allowed`: hosts and CIDRs that may be connected to although they are not public.
    """

    url: str
    username: str | None = Field(default=None, repr=False)
    password: str | None = Field(default=None, repr=False)
    token: str | None = Field(default=None, repr=False)
    allowed: tuple[str, ...] = ()


class SecretsQuery(Contract):
    """Fields of secrets that the pods of a version are given."""

    version_id: UUID
    refs: tuple[SecretKeyRef, ...] = Field(max_length=64)


class SecretValues(Contract):
    """Their values, in the order asked for: never stored, logged or sent on by who asked."""

    values: tuple[str, ...] = Field(repr=False)


class RunsQuery(Contract):
    """Runs of pods that are open, or that ended at `ended_after` or later."""

    ended_after: datetime
    limit: int = Field(default=1000, ge=1, le=1000)
    cursor: str | None = None


class RunPage(Contract):
    """Runs, by version, pod and number, and where to go on."""

    items: tuple[PodRun, ...]
    next_cursor: str | None = None


class MetricsQuery(Contract):
    """One metric of a service, optionally of one version or pod, as series over time."""

    service: str
    version: str | None = None
    pod: str | None = None
    metric: str
    from_time: datetime
    to_time: datetime
    step_s: int = Field(default=60, ge=60)


class Series(Contract):
    """One line of a chart: `points` are (unix seconds of the bucket's start, value)."""

    labels: dict[str, str]
    points: tuple[tuple[int, float], ...]


class SeriesList(Contract):
    """The answer to a `MetricsQuery`; `unit` is one of `1`, `1/s`, `s`, `bytes`, `bytes/s`, `cores`."""

    metric: str
    unit: str
    series: tuple[Series, ...]


class LogsQuery(Contract):
    """Log lines of a service, newest first, or `is_oldest_first`.

    `is_settled`: the answer holds every line that was printed before the question, which waits for that a moment.
    """

    service: str
    version: str | None = None
    pod: str | None = None
    from_time: datetime | None = None
    to_time: datetime | None = None
    search: str | None = Field(default=None, description="A word that the line contains, whatever its case.")
    request_id: str | None = Field(default=None, description="A request during which the line was printed.")
    is_oldest_first: bool = False
    is_settled: bool = False
    limit: int = Field(default=100, ge=1, le=1000)
    cursor: str | None = None


class LogEntry(Contract):
    """One stored log line; (pod, run, offset) names it."""

    at: datetime
    version: str
    pod: str
    run: int
    offset: int | None = Field(default=None, description="Its first byte in what that run of the pod printed.")
    text: str
    request_id: str | None = None


class LogPage(Contract):
    """Log lines and where to go on."""

    items: tuple[LogEntry, ...]
    next_cursor: str | None = None


class EventsQuery(Contract):
    """Rolled-up events of a service, most recently seen first."""

    service: str
    version: str | None = None
    limit: int = Field(default=100, ge=1, le=1000)
    cursor: str | None = None


class EventEntry(Contract):
    """One kind of event on one resource; repeats are counted, not repeated."""

    first_seen: datetime
    last_seen: datetime
    level: Literal["info", "warning", "error"]
    resource_kind: Literal["service", "version", "pod"]
    resource_name: str
    version: str | None = None
    reason: str
    message: str
    count: int


class EventPage(Contract):
    """Events and where to go on."""

    items: tuple[EventEntry, ...]
    next_cursor: str | None = None


class TablesQuery(Contract):
    """Inference tables, of one service or of all."""

    service: str | None = None


class TableBlock(Contract):
    """Why a table cannot be written, and what waits for it."""

    reason: str
    since: datetime
    waiting_rows: int = Field(default=0, description="Recorded requests that are not in the table yet.")
    dropped_rows: int = Field(default=0, description="Those that had no room to wait any longer.")


class TableView(Contract):
    """One inference table: `name` is `<service>.<kind>`."""

    name: str
    service: str
    kind: Literal["payload", "inferences", "labelled"]
    location: str
    rows: int
    version: int = Field(description="Delta version.")
    updated_at: datetime | None = None
    status: Literal["ok", "blocked", "missing"] = Field(
        default="ok", description="blocked: its rows wait, see `blocked`; missing: its folder is gone."
    )
    blocked: TableBlock | None = None


class TableList(Contract):
    """Tables, by name."""

    items: tuple[TableView, ...]


class RowsQuery(Contract):
    """Rows of one table, newest first."""

    table: str
    limit: int = Field(default=100, ge=1, le=1000)
    client_request_id: str | None = None
    request_id: str | None = None


class RowPage(Contract):
    """Rows as plain JSON objects."""

    columns: tuple[str, ...]
    items: tuple[dict[str, Any], ...]


class DeadLetterRef(Contract):
    """One dead letter, by its place in the stream."""

    id: int = Field(ge=1)


@dataclass(frozen=True)
class Method:
    """One question: who answers, its name, its shapes."""

    service: str
    name: str
    request: type[Contract]
    reply: type[Contract]

    @property
    def subject(self) -> str:
        """Subject that the owner answers on (queue group = the service)."""
        return f"penstock.rpc.{self.service}.{self.name}"


DEPLOYMENTS = Method("controller", "deployments", Nothing, DeploymentList)
REGISTRY_ACCESS = Method("controller", "registry_access", RegistryQuery, RegistryAccess)
SECRET_VALUES = Method("controller", "secret_values", SecretsQuery, SecretValues)
PODS = Method("scheduler", "pods", PodsQuery, PodList)
RESTART_POD = Method("scheduler", "restart_pod", PodRef, Nothing)
VERSION_STATES = Method("scheduler", "version_states", Nothing, VersionStateList)
NODES = Method("scheduler", "nodes", Nothing, NodeStateList)
CAPACITY = Method("scheduler", "capacity", Nothing, PoolStateList)
RUNS = Method("scheduler", "runs", RunsQuery, RunPage)
METRICS = Method("monitor", "metrics", MetricsQuery, SeriesList)
LOGS = Method("monitor", "logs", LogsQuery, LogPage)
EVENTS = Method("monitor", "events", EventsQuery, EventPage)
TABLES = Method("inference-logger", "tables", TablesQuery, TableList)
ROWS = Method("inference-logger", "rows", RowsQuery, RowPage)


def replay_method(service: str) -> Method:
    """Ask a service to try one of its dead letters again; every service that consumes facts answers it."""
    return Method(service, "replay_dead_letter", DeadLetterRef, Nothing)


METHODS: tuple[Method, ...] = (
    DEPLOYMENTS, REGISTRY_ACCESS, SECRET_VALUES, PODS, RESTART_POD, VERSION_STATES, NODES, CAPACITY, RUNS, METRICS,
    LOGS, EVENTS, TABLES, ROWS,
)  # fmt: skip
