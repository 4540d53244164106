"""Shapes of the answers, as far as callers are promised them; the platform may add fields."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

Json = dict[str, Any]


class Version(TypedDict):
    """A version; `reason`, `message` and `log_tail` say why it failed or what it waits for."""

    id: str
    service: str
    name: str
    description: str
    status: str
    model_source: Json
    resource_source: Json
    replicas: int | Json
    desired_replicas: int
    ready_replicas: int
    traffic_weight: int
    reason: str | None
    message: str | None
    log_tail: list[str]
    created_at: str
    updated_at: str
    revision: int


class Service(TypedDict):
    """A service and its versions, oldest first."""

    id: str
    name: str
    type: str
    description: str
    project: str
    tags: dict[str, str]
    status: str
    url: str
    auth_enabled: bool
    running_versions: int
    total_versions: int
    versions: list[Version]
    creator: str
    created_at: str
    updated_at: str
    revision: int


class FieldChange(TypedDict):
    """One field, named as in the API, before and after."""

    field: str
    before: Any
    after: Any


class HistoryEntry(TypedDict):
    """One change of a version; `generation` is the version's after it."""

    at: str
    actor: str
    action: str
    generation: int
    changes: list[FieldChange]


class UpdatePreview(TypedDict):
    """What an update would change; `effective_weights` of a split alone."""

    changes: list[FieldChange]
    replaces_pods: bool
    effective_weights: dict[str, int] | None


class Traffic(TypedDict):
    """`weights` as asked for; `effective` as routers have them; `fallback` answers while none with a weight can."""

    weights: dict[str, int]
    effective: dict[str, int]
    fallback: str | None
    revision: int


class Key(TypedDict):
    """An API key; `key` is there only when it is issued."""

    id: str
    name: str
    prefix: str
    expired: bool
    expires_at: str | None
    creator: str
    created_at: str
    key: NotRequired[str]


class Pod(TypedDict):
    """One running replica."""

    name: str
    service: str
    version: str
    node: str
    status: str
    reason: str | None
    ready: bool
    restarts: int


class StartPhase(TypedDict):
    """One phase of a pod's start; `duration_s` is None while it runs."""

    name: str
    started_at: str
    ended_at: str | None
    duration_s: float | None
    state: str
    detail: str | None


class PodTimeline(TypedDict):
    """How a pod started."""

    pod: str
    run: int
    state: str
    started_at: str | None
    ready_at: str | None
    phases: list[StartPhase]


class RecordedRequest(TypedDict):
    """One recorded request: its rows, what was printed while it was answered, and (else None) why that is not known."""

    request_id: str
    payload: Json
    inferences: list[Json]
    labelled: list[Json]
    log_lines: list[LogLine]
    log_problem: str | None
    pod: str | None
    version: str | None
    trace_id: str | None


class ExecTicket(TypedDict):
    """A ticket for one session inside a pod."""

    ticket: str
    expires_at: str


class TerminalState(TypedDict):
    """Whether a session can be opened in a pod; `reason`: why not. `recorded`: what it prints is kept."""

    available: bool
    reason: str | None
    recorded: bool


class Restart(TypedDict):
    """A pod that was told to restart."""

    name: str
    restarting: bool


class Event(TypedDict):
    """One kind of event on one resource; repeats are counted."""

    first_seen: str
    last_seen: str
    level: str
    resource_kind: str
    resource_name: str
    reason: str
    message: str
    count: int


class LogLine(TypedDict):
    """One line that a pod printed."""

    at: str
    version: str
    pod: str
    run: int
    offset: int | None
    text: str
    request_id: str | None
    id: NotRequired[str | None]
    level: NotRequired[str | None]


class ChartSeries(TypedDict):
    """One line of a chart; `values` has one value a step, None for a gap."""

    metric: str
    unit: str
    version: str | None
    pod: str | None
    label: str | None
    values: list[float | None]


Charts = TypedDict("Charts", {"from": str, "to": str, "step_s": int, "series": list[ChartSeries]})
"""Series of equal length, from a time on, one value a step."""


class ServiceSummary(TypedDict):
    """The traffic of one service now; `sparkline` has `from`, `step_s` and `values`. None: nothing was measured."""

    service: str
    requests_per_second: float | None
    latency_p99_ms: float | None
    errors_per_second: float | None
    sparkline: Json


class Model(TypedDict):
    """A model registered in MLflow."""

    name: str
    description: NotRequired[str | None]
    aliases: NotRequired[Json]
    versions: NotRequired[list[Json]]


class Change(TypedDict):
    """Something is to be read anew; `kind` says what, or `reset`: everything. `id` is where to go on from."""

    kind: str
    name: str
    service: str | None
    revision: int | None
    id: str
