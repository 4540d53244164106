"""RPC methods about quality rules: what is defined, and what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.base import Contract
from shared.contracts.chunks import ChunkStream
from shared.contracts.quality.distributions import ColumnDistribution
from shared.contracts.quality.monitors import MonitorList, MonitorWindow, WindowState
from shared.contracts.quality.training_data import TrainingData, TrainingDataQuery
from shared.contracts.rpc.method import Nothing, RpcMethod


class MetricTable(Contract):
    """A table of profiles or drift that the monitor has written beside the inference tables of a service."""

    service: str
    kind: str = Field(pattern=r"^(profile_metrics|drift_metrics)$")
    location: str
    version: int
    rows: int


class WindowsQuery(Contract):
    """Windows of one rule that end after `from_time` and begin before `to_time`, newest first."""

    id: UUID
    from_time: datetime | None = None
    to_time: datetime | None = None
    column: str | None = None
    slice: str | None = None
    state: WindowState | None = None
    limit: int = Field(default=100, ge=1, le=1000)
    cursor: str | None = None


class WindowPage(Contract):
    """A page of windows."""

    items: tuple[MonitorWindow, ...]
    next_cursor: str | None = None


class MonitorQuery(Contract):
    """One rule."""

    id: UUID


class ReportQuery(Contract):
    """The report of the window of a rule that ends then."""

    id: UUID
    end: datetime
    language: Literal["en", "zh"] = "en"


class DistributionQuery(Contract):
    """A column of the window of a rule that ends then; `slice` as the windows name it, None: all rows."""

    id: UUID
    end: datetime
    column: str
    slice: str | None = None


class MonitorsOfService(Contract):
    """The rules of one service."""

    service: str


class MonitorState(Contract):
    """How one rule does."""

    id: UUID
    state: WindowState | None = Field(
        default=None, description="Of its last window, the worst of its columns; null: it has none yet."
    )
    reason: str | None = Field(default=None, description="Why it could not be evaluated, in one sentence.")
    is_running: bool = False
    last_window_end: datetime | None = None
    last_evaluated_at: datetime | None = None
    next_at: datetime | None = Field(default=None, description="When the next window is closed and evaluated.")


class MonitorStates(Contract):
    """Rules of one service."""

    items: tuple[MonitorState, ...]


TRAINING_DATA = RpcMethod("controller", "training_data", TrainingDataQuery, TrainingData)
NOTE_METRIC_TABLE = RpcMethod("inference-logger", "note_metric_table", MetricTable, Nothing)
MONITORS = RpcMethod("controller", "monitors", Nothing, MonitorList)
MONITOR_REPORT = RpcMethod("monitor", "monitor_report", ReportQuery, ChunkStream)
MONITOR_DISTRIBUTION = RpcMethod("monitor", "monitor_distribution", DistributionQuery, ColumnDistribution)
MONITOR_WINDOWS = RpcMethod("monitor", "monitor_windows", WindowsQuery, WindowPage)
MONITOR_STATES = RpcMethod("monitor", "monitor_states", MonitorsOfService, MonitorStates)
RUN_MONITOR = RpcMethod("monitor", "run_monitor", MonitorQuery, MonitorState)
