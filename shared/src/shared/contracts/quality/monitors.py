"""Quality rules (monitors): what is computed of which rows, when, and what is too much; and their windows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field, JsonValue

from shared.contracts.base import Contract

MonitorKind = Literal["data_quality", "drift", "model_quality", "service_quality", "cost"]
BaselineKind = Literal["training", "table", "file", "window", "seasonal"]
WindowState = Literal["ok", "warning", "critical", "insufficient_data", "error"]
AlertScope = Literal["rule", "column", "none"]


@dataclass(frozen=True)
class MonitorMetric:
    """A number that rules judge. `is_lower_worse`: below the threshold is too little, as of an accuracy."""

    description: str
    is_lower_worse: bool = False
    per_column: bool = False
    needs_baseline: bool = False


def _column(description: str, *, compares: bool = False) -> MonitorMetric:
    return MonitorMetric(description, per_column=True, needs_baseline=compares)


def _distance(description: str) -> MonitorMetric:
    return MonitorMetric(description, per_column=True, needs_baseline=True)


METRICS: Mapping[MonitorKind, Mapping[str, MonitorMetric]] = {
    "data_quality": {
        "null_rate": _column("Share of the rows without a value."),
        "nan_rate": _column("Share of the rows whose number is none (NaN)."),
        "zero_rate": _column("Share of the rows whose number is 0."),
        "out_of_range_rate": _column("Share of the values outside the baseline's least and greatest.", compares=True),
        "new_value_rate": _column("Share of the values that the baseline does not have.", compares=True),
        "type_mismatch": MonitorMetric("Share of the rows that hold a value which its column's type cannot."),
        "row_count": MonitorMetric("Rows in the window.", is_lower_worse=True),
        "freshness": MonitorMetric("Seconds from the newest row to the end of the window."),
        "error_share": MonitorMetric("Share of the rows whose request failed."),
    },
    "drift": {
        "psi": _distance("Population stability index."),
        "js_distance": _distance("Jensen-Shannon distance, natural logarithm: from 0 to 0.8326."),
        "ks": _distance("Kolmogorov-Smirnov statistic (numbers)."),
        "wasserstein": _distance("Wasserstein distance in standard deviations of the baseline (numbers)."),
        "chi_squared": _distance("Chi-squared test, as Cramér's V: the statistic itself grows with the rows."),
        "tv_distance": _distance("Total variation distance."),
        "l_infinity": _distance("Greatest difference of a share."),
        "new_value_rate": _distance("Share of the values in no category of the baseline, or outside of its range."),
    },
    "model_quality": {
        "accuracy": MonitorMetric("Share of the predictions that were right.", is_lower_worse=True),
        "precision": MonitorMetric("Of the positive class, or weighted over the classes.", is_lower_worse=True),
        "recall": MonitorMetric("Of the positive class, or weighted over the classes.", is_lower_worse=True),
        "f1": MonitorMetric("Of the positive class, or weighted over the classes.", is_lower_worse=True),
        "auc": MonitorMetric("Area under the ROC curve; needs a column of scores.", is_lower_worse=True),
        "log_loss": MonitorMetric("Logarithmic loss; needs a column of scores."),
        "mae": MonitorMetric("Mean absolute error."),
        "rmse": MonitorMetric("Root of the mean squared error."),
        "r2": MonitorMetric("Coefficient of determination.", is_lower_worse=True),
        "estimated_accuracy": MonitorMetric("Estimated before labels come; needs a column of scores.", True),
        "estimated_precision": MonitorMetric("Estimated before labels come; needs a column of scores.", True),
        "estimated_recall": MonitorMetric("Estimated before labels come; needs a column of scores.", True),
        "estimated_f1": MonitorMetric("Estimated before labels come; needs a column of scores.", True),
        "estimated_auc": MonitorMetric("Estimated before labels come; needs a column of scores.", True),
        "coverage": MonitorMetric("Share of the predictions whose truth is known.", is_lower_worse=True),
    },
    "service_quality": {
        "error_rate": MonitorMetric("Share of the requests that were answered with 5xx."),
        "throttled_share": MonitorMetric("Share of the requests that were turned away over the rate limit."),
        "latency_p50": MonitorMetric("Seconds."),
        "latency_p90": MonitorMetric("Seconds."),
        "latency_p99": MonitorMetric("Seconds."),
        "requests": MonitorMetric("Requests in the window.", is_lower_worse=True),
    },
    "cost": {
        "pod_hours": MonitorMetric("Hours that pods ran within the window."),
        "cpu_core_hours": MonitorMetric("Core-hours that pods used within the window."),
        "memory_gib_hours": MonitorMetric("GiB-hours that pods used within the window."),
        "pod_hours_per_1000_requests": MonitorMetric("Hours that pods ran, for each 1,000 requests."),
    },
}
"""Kind → name → metric."""

_OF = re.compile(r"([1-9]\d?) of ([1-9]\d?)\Z")
MOST_WINDOWS = 24


class Baseline(Contract):
    """What a window is compared with; made once, and kept as it was made."""

    kind: BaselineKind = Field(
        description="training: the data that the model was trained on, as MLflow knows them; table, file: `location`; "
        "window: an earlier window of the service (`start` to `end`; without them, the first one with enough rows); "
        "seasonal: the same window of `weeks` earlier weeks."
    )
    location: str | None = Field(
        default=None,
        description="`file:///…` or `s3://…`: a Delta table, or a file of Parquet, CSV or SageMaker's "
        "`statistics.json`; for data quality its `constraints.json` too.",
    )
    start: datetime | None = None
    end: datetime | None = None
    weeks: int | None = Field(default=None, ge=1, le=12)


class Outcome(Contract):
    """Which columns of the labelled table are compared; by default the only prediction with the only label."""

    label: str | None = Field(default=None, max_length=256, description="Name of the label.")
    prediction: str | None = Field(default=None, max_length=256, description="Column of the prediction.")
    score: str | None = Field(
        default=None, max_length=256, description="Column of the probability of `positive`, from 0 to 1."
    )
    positive: str | None = Field(default=None, max_length=256, description="The positive class, as text.")


class TrainedModel(Contract):
    """The version that gets most of the traffic, and its model in the registry where it is of one."""

    version: str
    registry: str | None = None
    model: str | None = None
    model_version: str | None = None


class Monitor(Contract):
    """A rule as the controller defines it."""

    id: UUID
    project: str = Field(default="", description="Of the service: rules of one are evaluated one after the other.")
    service: str
    name: str
    kind: MonitorKind
    metric: str
    columns: tuple[str, ...] = ("*",)
    baseline: Baseline | None = None
    window: str = "PT1H"
    slice: str | None = None
    schedule: str = "PT1H"
    warning: float | None = None
    critical: float | None = None
    min_sample: int = 0
    windows: str = "1 of 1"
    delay: str = "PT1M"
    outcome: Outcome = Outcome()
    alert: AlertScope = "rule"
    paused: bool = False
    revision: int = 1
    created_at: datetime
    trained: TrainedModel | None = None
    baseline_path: str | None = Field(default=None, description="The baseline's location as a path, or `s3://…`.")
    baseline_root: str | None = Field(default=None, description="The folder that this path must not lead out of.")

    def spec(self) -> MonitorMetric:
        """Of its metric."""
        return METRICS[self.kind][self.metric]


class MonitorList(Contract):
    """Every rule of every service."""

    items: tuple[Monitor, ...]


class MonitorWindow(Contract):
    """The verdict of one window, of one column and slice where the rule has such."""

    start: datetime
    end: datetime
    state: WindowState
    value: float | None = None
    threshold: float | None = Field(
        default=None, description="What the value was held to: the rule's, or the noise of samples of this size."
    )
    column: str | None = Field(default=None, description="Null: the rule has none, or nothing could be computed.")
    slice: str | None = Field(default=None, description="Null: all rows.")
    rows: int = 0
    reason: str | None = Field(default=None, description="Why there is no value, in one sentence.")
    revision: int = Field(default=1, description="Counts how often the window was computed: late labels change it.")
    evaluated_at: datetime
    details: dict[str, JsonValue] = Field(default={}, description="Figures beside the value: tests, noise, counts.")
    report: str | None = Field(default=None, description="Where its report is, where there is one.")


def windows_needed(text: str) -> tuple[int, int]:
    """`2 of 3` → (2, 3). Raises `ValueError`."""
    found = _OF.match(text)
    if found is None or not 1 <= int(found[1]) <= int(found[2]) <= MOST_WINDOWS:
        raise ValueError(f"windows is such as '2 of 3': so many of the last windows, {MOST_WINDOWS} at most")
    return int(found[1]), int(found[2])
