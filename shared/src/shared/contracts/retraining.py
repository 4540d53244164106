"""Retraining: what triggers it, what is asked to run, and what became of each time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.base import Contract
from shared.contracts.deployment import Resources, SecretKeyRef
from shared.contracts.jobs import MlflowProject

RetrainingCause = Literal["alert", "schedule", "manual"]
RetrainingPhase = Literal["requested", "started", "running", "succeeded", "failed", "cancelled", "refused"]
IN_FLIGHT: tuple[RetrainingPhase, ...] = ("requested", "started", "running")
RESULT_TAG = "penstock.retraining_id"
"""Tag of a registered model version, or of its MLflow run, that says which retraining made it."""


class AlertMatch(Contract):
    """Which alerts start it: of this severity or above, all of `labels` equal."""

    severity: Literal["warning", "critical"] = "critical"
    labels: dict[str, str] = Field(default={}, description="Label → value; `monitor` and `kind` name the alert's own.")


class RetrainingGuards(Contract):
    """What keeps it from running too often; one retraining of a service runs at a time in any case."""

    cool_down: timedelta = Field(description="Since the last one of the service ended.")
    max_per_day: int = Field(description="Of the service, in the last 24 hours.")
    min_label_coverage: float | None = Field(default=None, description="Share of the last week's rows with a label.")


class WebhookAction(Contract):
    """A request in the shape of Standard Webhooks."""

    kind: Literal["webhook"] = "webhook"
    url: str


class AirflowAction(Contract):
    """A run of a DAG of Airflow 3."""

    kind: Literal["airflow"] = "airflow"
    url: str = Field(description="Base URL of the API server.")
    dag_id: str
    conf: dict[str, Any] = Field(default={}, description="Beside `penstock`, which holds the evidence.")


class ArgoAction(Contract):
    """A workflow of Argo Workflows, submitted from a template."""

    kind: Literal["argo"] = "argo"
    url: str = Field(description="Base URL of the Argo server.")
    namespace: str
    template: str = Field(description="Name of a WorkflowTemplate.")
    parameters: dict[str, str] = Field(default={})
    entrypoint: str | None = None


class GithubAction(Contract):
    """A repository dispatch."""

    kind: Literal["github"] = "github"
    url: str = "https://api.github.com"
    repository: str = Field(description="owner/name")
    event_type: str = "penstock-retrain"


class JobAction(Contract):
    """A supervised job of the platform's own."""

    kind: Literal["job"] = "job"
    command: tuple[str, ...] = ()
    mlflow_project: MlflowProject | None = None
    files: dict[str, str] = Field(default={})
    requirements: tuple[str, ...] = ()
    python: str | None = None
    env: dict[str, str | SecretKeyRef] = Field(default={})
    resources: Resources


RetrainingAction = Annotated[
    WebhookAction | AirflowAction | ArgoAction | GithubAction | JobAction, Field(discriminator="kind")
]


class RetrainingTrigger(Contract):
    """A trigger as the controller defines it; without credentials."""

    id: UUID
    service_id: UUID
    service: str
    project: str
    name: str
    revision: int = 1
    model: str | None = Field(default=None, description="Registered model whose next version is the result.")
    registry: str | None = Field(default=None, description="Secret with the tracking server that has it; None: ours.")
    on_alert: AlertMatch | None = None
    schedule: str | None = None
    action: RetrainingAction
    has_secret: bool = False
    guards: RetrainingGuards
    time_limit: timedelta = Field(description="After that it has failed, whatever the other system says.")
    is_paused: bool = False


class RetrainingTriggerList(Contract):
    """Every trigger."""

    items: tuple[RetrainingTrigger, ...]


class RetrainingTriggerQuery(Contract):
    """One trigger."""

    id: UUID


class RetrainingAccess(Contract):
    """Who we are to the system that retrains: never stored, logged or sent on by who asked.

    `allowed`: hosts and CIDRs that may be connected to although they are not public.
    """

    credentials: dict[str, str] = Field(default={}, repr=False)
    allowed: tuple[str, ...] = ()


class EvidenceWindow(Contract):
    """The window of data that an alert speaks of."""

    start: datetime
    end: datetime


class AlertEvidence(Contract):
    """The alert that asked for it."""

    id: str
    fingerprint: str
    monitor: str | None = None
    severity: str
    labels: dict[str, str] = Field(default={})
    summary: str = ""
    details: dict[str, Any] = Field(default={})


class EvidenceTable(Contract):
    """A table to train on, as it was: a version of a Delta table does not change."""

    name: str
    location: str | None = None
    version: int | None = None


class RetrainingEvidence(Contract):
    """Why it is asked for, and on what data: what every system that retrains is told."""

    id: UUID
    service: str
    trigger: str
    cause: RetrainingCause
    requested_at: datetime
    requested_by: str | None = None
    note: str | None = None
    model: str | None = Field(default=None, description="Registered model that a new version is expected of.")
    registry: str | None = None
    result_tag: str = Field(default=RESULT_TAG, description="Tag that the new version is to have; its value is `id`.")
    alert: AlertEvidence | None = None
    window: EvidenceWindow | None = None
    slice: str | None = None
    tables: tuple[EvidenceTable, ...] = ()
    report: str | None = Field(default=None, description="Path of the report in the API.")


class RetrainingRun(Contract):
    """The run in the system that was asked."""

    id: str | None = None
    url: str | None = None
    state: str | None = Field(default=None, description="In that system's own words.")
    pod: str | None = Field(default=None, description="Of a job: whose lines in the service's log are its output.")


class RetrainedModel(Contract):
    """The version that came of it."""

    model: str
    version: str


class Retraining(Contract):
    """One retraining."""

    id: UUID
    service: str
    trigger: str
    trigger_id: UUID
    cause: RetrainingCause
    action: str = Field(description="webhook, airflow, argo, github or job.")
    state: RetrainingPhase
    reason: str | None = Field(default=None, description="Of one that is refused, failed or waits to be sent again.")
    message: str | None = None
    is_cancelling: bool = False
    evidence: RetrainingEvidence
    run: RetrainingRun | None = None
    model: RetrainedModel | None = None
    attempts: int = 0
    requested_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    gives_up_at: datetime | None = Field(default=None, description="When it has failed, if it has not ended by then.")


class RetrainingPage(Contract):
    """Retrainings, newest first."""

    items: tuple[Retraining, ...]
    next_cursor: str | None = None


class AwaitedModel(Contract):
    """A retraining whose result is looked for in the registry."""

    id: UUID
    trigger_id: UUID
    service: str
    project: str
    model: str
    registry: str | None = None
    since: datetime


class AwaitedModelList(Contract):
    """All of them."""

    items: tuple[AwaitedModel, ...]
