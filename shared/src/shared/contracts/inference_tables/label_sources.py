"""Label sources: where ground truth is read from on a schedule, and what became of that."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.base import Contract

LabelSourceFormat = Literal["delta", "parquet", "csv", "sql"]
LabelRunState = Literal["ok", "failed"]


class LabelSource(Contract):
    """What the inference-logger reads, as the controller defines it; without credentials."""

    id: UUID
    service: str
    name: str
    revision: int = 1
    format: LabelSourceFormat
    location: str | None = Field(default=None, description="A path of this machine, or `s3://…`; None: a query.")
    root: str | None = Field(default=None, description="The folder that a path must not lead out of.")
    query: str | None = None
    growing: str | None = Field(default=None, description="The column of the query that only grows.")
    keys: dict[str, str] = Field(description="client_request_id, request_id or a feature → the column that holds it.")
    labels: dict[str, str] = Field(description="Name of the label (empty: unnamed) → column.")
    row: str | None = None
    labelled_at: str | None = None
    schedule: str | None = None
    is_paused: bool = False


class LabelSourceList(Contract):
    """Every source."""

    items: tuple[LabelSource, ...]


class LabelSourceQuery(Contract):
    """One source."""

    id: UUID


class DatabaseAccess(Contract):
    """Where a database is, and who we are to it: never stored, logged or sent on by who asked.

    `allowed`: hosts and CIDRs that may be connected to although they are not public.
    """

    url: str = Field(repr=False)
    allowed: tuple[str, ...] = ()


class LabelRun(Contract):
    """One reading of a source: what was there, and what it changed."""

    id: UUID
    started_at: datetime
    ended_at: datetime
    trigger: Literal["schedule", "manual", "retry"] = "schedule"
    state: LabelRunState
    error: str | None = Field(default=None, description="Why it failed, in one sentence.")
    rows_read: int = Field(default=0, description="Rows that were read; what was read before is not read again.")
    labels_new: int = Field(default=0, description="Labels that nothing was known of.")
    labels_corrected: int = Field(default=0, description="Further revisions of labels that are known.")
    unmatched: int = Field(default=0, description="Rows read whose inference is not recorded: their labels wait.")
    rejected: int = Field(default=0, description="Rows that hold no valid label.")
    rejections: tuple[str, ...] = Field(default=(), description="Why, for the first few.")
    position: str | None = Field(default=None, description="How far it has read: a Delta version, files, a value.")


class LabelRunList(Contract):
    """Runs of one source, newest first."""

    items: tuple[LabelRun, ...]


class LabelSourceState(Contract):
    """How one source does."""

    id: UUID
    state: Literal["ok", "failing", "waiting", "paused"] = Field(
        description="waiting: it has not been read yet, or only runs when told to."
    )
    is_running: bool = False
    reason: str | None = Field(default=None, description="Why it fails, in one sentence.")
    since: datetime | None = Field(default=None, description="Since when it fails.")
    last_run: LabelRun | None = None
    next_run_at: datetime | None = None


class LabelSourceStates(Contract):
    """Sources of one service."""

    items: tuple[LabelSourceState, ...]
