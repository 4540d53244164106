"""Supervised jobs: code of a user that runs once, to its end, confined like a pod and without a route."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.base import Contract
from shared.contracts.deployment import DnsLabel, Resources, SecretKeyRef

JOB_VERSION = "retraining"
"""What stands in place of a version's name where a job's log lines and runs are kept."""
JobPhase = Literal["waiting", "preparing", "running", "succeeded", "failed", "cancelled"]


class MlflowProject(Contract):
    """An MLflow project: `mlflow run` of `uri` (`.`: the job's own files) in the job's environment."""

    uri: str = Field(default=".", description="`.`: among the job's files; else a git URL that the job fetches.")
    version: str | None = Field(default=None, description="Branch, tag or commit of a git URL.")
    entry_point: str = "main"
    parameters: dict[str, str] = Field(default={})


class JobOrder(Contract):
    """What is to run. Asking again with the same id starts nothing anew."""

    id: UUID
    service_id: UUID
    service: DnsLabel
    project: str | None = None
    resources: Resources
    time_limit_s: float = Field(gt=0, description="From the start of its process; then it is ended.")
    command: tuple[str, ...] = Field(default=(), description="Its first word is found in the job's environment.")
    mlflow_project: MlflowProject | None = None
    files: dict[str, str] = Field(default={}, description="Relative path → text, in the folder that it runs in.")
    requirements: tuple[str, ...] = Field(default=(), description="Lines of pip; none: the platform's own environment.")
    python: str | None = Field(default=None, description="Such as `3.12`; None: the platform's own.")
    env: dict[str, str | SecretKeyRef] = Field(default={}, description="Values of secrets are fetched at its start.")
    reads: tuple[str, ...] = Field(default=(), description="Folders of this machine that it may read: its tables.")
    evidence: dict[str, Any] = Field(default={}, description="What it finds in `evidence.json`.")


class JobQuery(Contract):
    """A job."""

    id: UUID


class JobState(Contract):
    """How a job does. `waiting`: there is no room for it yet."""

    id: UUID
    phase: JobPhase
    reason: str | None = Field(default=None, description="Of one that failed or waits, such as `TimeLimit`.")
    message: str | None = None
    pod: str | None = Field(default=None, description="Whose lines in the service's log are its output.")
    exit_code: int | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    log_tail: tuple[str, ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether nothing of it runs, and nothing will."""
        return self.phase in ("succeeded", "failed", "cancelled")
