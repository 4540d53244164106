"""Commands about quality rules: which number of which rows is computed, when, and what is too much."""

from __future__ import annotations

from datetime import timedelta
from math import ceil
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StrictBool, field_validator, model_validator

from controller.domain import names
from controller.domain.commands import Command, plain_text
from controller.domain.times import Moment
from shared.contracts.quality.monitors import (
    METRICS,
    AlertScope,
    BaselineKind,
    MonitorKind,
    MonitorMetric,
    windows_needed,
)
from shared.errors import Detail, InvalidInput
from shared.filters.parsing import parse_filter
from shared.schedules import BadSchedule, parse_duration

MOST_MONITORS = 50
"""Of one service."""
SHORTEST_WINDOW, LONGEST_WINDOW = timedelta(seconds=10), timedelta(days=31)
LONGEST_DELAY = timedelta(days=90)
NO_DELAY = timedelta(0)
MOST_OVERLAPPING = 1440
"""Windows that one row may be in: each reads it anew."""
EVERY = "*"

MonitorName = Annotated[str, AfterValidator(names.service_name)]
Column = Annotated[str, Field(min_length=1, max_length=256), AfterValidator(plain_text)]
Duration = Annotated[str, Field(max_length=32)]

MIN_SAMPLE = {"drift": 500, "model_quality": 300, "data_quality": 100, "service_quality": 100, "cost": 0}
"""Kind → rows (or requests) below which a window says nothing, unless a rule says otherwise."""


class BaselineCommand(Command):
    """What windows are compared with."""

    kind: BaselineKind = Field(
        description="training: the data that the model was trained on, as MLflow knows them; table or file: see "
        "`location`; window: an earlier one, from `start` to `end`, or the first with enough rows; seasonal: the same "
        "window of `weeks` earlier weeks."
    )
    location: Annotated[str, Field(max_length=1024), AfterValidator(plain_text)] | None = Field(
        default=None, description="`file:///…` or `s3://bucket/…`: a Delta table, or a file of Parquet or CSV."
    )
    start: Moment | None = None
    end: Moment | None = None
    weeks: int | None = Field(default=None, ge=1, le=12, description="How many earlier weeks; 4 unless told otherwise.")

    @model_validator(mode="after")
    def _whole(self) -> BaselineCommand:
        if (self.location is not None) != (self.kind in {"table", "file"}):
            raise _wrong("A baseline of the kinds table and file has a location, and no other has", "baseline")
        if self.weeks is not None and self.kind != "seasonal":
            raise _wrong("weeks are of a baseline of the kind seasonal", "baseline")
        times = [time for time in (self.start, self.end) if time is not None]
        if times and (self.kind != "window" or len(times) == 1):
            raise _wrong("start and end are of a baseline of the kind window: both, or none", "baseline")
        if len(times) == 2 and times[0] >= times[1]:
            raise _wrong("start lies before end", "baseline")
        return self


class OutcomeCommand(Command):
    """Which columns of the labelled table are compared."""

    label: Column | None = Field(default=None, description="Name of the label; by default the only one.")
    prediction: Column | None = Field(default=None, description="Column of the prediction; by default the only one.")
    score: Column | None = Field(default=None, description="Column of the probability of `positive`, from 0 to 1.")
    positive: Column | None = Field(default=None, description="The positive class, as text.")


class MonitorDefinition(Command):
    """A rule without its name; an edit replaces all of it."""

    kind: MonitorKind = Field(description="Which rows and numbers it is about.")
    metric: str = Field(max_length=64, description="A metric of the kind: psi, null_rate, accuracy, error_rate, …")
    columns: Annotated[list[Column], Field(min_length=1, max_length=256)] = Field(
        default=[EVERY], description="Features and predictions; `*` is all of them."
    )
    baseline: BaselineCommand | None = Field(default=None, description="Of metrics that compare, by default training.")
    window: Duration = Field(default="PT1H", description="Length of a window, from PT10S to P31D.")
    slice: Annotated[str, Field(min_length=1, max_length=1024), AfterValidator(plain_text)] | None = Field(
        default=None,
        description="A column, one slice a value; or a condition: rows that meet it, and others.",
    )
    schedule: Duration | None = Field(default=None, description="How often a window ends; by default the window.")
    warning: float | None = Field(default=None, description="From here on (below, of what should be high) it warns.")
    critical: float | None = Field(default=None, description="From here on it is critical.")
    min_sample: int | None = Field(
        default=None, ge=0, le=1_000_000_000, description="Rows below which a window is insufficient_data."
    )
    windows: str = Field(default="1 of 1", max_length=16, description="`2 of 3`: so many of the last ones must be bad.")
    delay: Duration | None = Field(
        default=None, description="How long after its end a window is judged: rows, and labels, take that long to come."
    )
    outcome: OutcomeCommand = Field(default=OutcomeCommand(), description="Of model_quality: what is compared.")
    alert: AlertScope = Field(
        default="rule", description="rule: one alert for all columns; column: one each; none: windows alone."
    )
    paused: StrictBool = Field(default=False, description="Not evaluated for now.")

    @field_validator("windows")
    @classmethod
    def _windows(cls, text: str) -> str:
        try:
            windows_needed(text)
        except ValueError as error:
            raise _wrong(str(error), "windows") from error
        return text

    @model_validator(mode="after")
    def _whole(self) -> MonitorDefinition:
        metric = self._metric()
        self._check_times()
        self._check_thresholds(metric)
        self._check_rows(metric)
        return self

    def _metric(self) -> MonitorMetric:
        found = METRICS[self.kind].get(self.metric)
        if found is None:
            raise _wrong(f"{self.kind} has no metric {self.metric}: {', '.join(METRICS[self.kind])}", "metric")
        return found

    def _check_times(self) -> None:
        for field, least, most in (
            ("window", SHORTEST_WINDOW, LONGEST_WINDOW),
            ("schedule", SHORTEST_WINDOW, LONGEST_WINDOW),
            ("delay", NO_DELAY, LONGEST_DELAY),
        ):
            text = getattr(self, field)
            try:
                if text is not None:
                    parse_duration(text, least, most)
            except BadSchedule as error:
                raise _wrong(f"{field}: {error}", field) from error
        window, step = (
            parse_duration(text, SHORTEST_WINDOW, LONGEST_WINDOW)
            for text in (self.window, self.schedule or self.window)
        )
        if window > MOST_OVERLAPPING * step:
            seconds = ceil(window / MOST_OVERLAPPING / timedelta(seconds=1))
            raise _wrong(
                f"schedule: a row may be in at most {MOST_OVERLAPPING:,} windows; "
                f"with a window of {self.window} the schedule is PT{seconds}S or longer",
                "schedule",
            )

    def _check_thresholds(self, metric: MonitorMetric) -> None:
        if self.warning is None and self.critical is None:
            raise _wrong("A rule has a threshold: warning, critical, or both", "warning")
        if self.warning is None or self.critical is None:
            return
        low, high = (self.critical, self.warning) if metric.is_lower_worse else (self.warning, self.critical)
        if low > high:
            word = "below" if metric.is_lower_worse else "above"
            raise _wrong(f"critical lies {word} warning for {self.metric}", "critical")

    def _check_rows(self, metric: MonitorMetric) -> None:
        if not metric.per_column and self.columns != [EVERY]:
            raise _wrong(f"{self.metric} is of the whole window: it has no columns", "columns")
        if EVERY in self.columns and len(self.columns) > 1:
            raise _wrong("columns is `*` alone, or names", "columns")
        if self.baseline is not None and not metric.needs_baseline:
            raise _wrong(f"{self.metric} compares with nothing: it has no baseline", "baseline")
        if self.outcome != OutcomeCommand() and self.kind != "model_quality":
            raise _wrong("outcome is of a rule of the kind model_quality", "outcome")
        self._check_slice()

    def _check_slice(self) -> None:
        if self.slice is None:
            return
        if self.kind in {"service_quality", "cost"}:
            if self.slice != "version":
                raise _wrong(f"The only slice of {self.kind} is version", "slice")
        elif not is_column(self.slice):
            parse_filter(self.slice)


class NewMonitor(MonitorDefinition):
    """A rule of a service."""

    name: MonitorName


def is_column(text: str) -> bool:
    """Whether a slice is a column and no condition."""
    return not any(mark in text for mark in " <>=()'\"`")


def stored_fields(command: MonitorDefinition) -> dict[str, Any]:
    """As they are kept, what was left out filled in."""
    found = command.model_dump(mode="json", exclude={"name", "outcome", "baseline"}, include=set(_STORED))
    needs = METRICS[command.kind][command.metric].needs_baseline
    baseline = command.baseline or (BaselineCommand(kind="training") if needs else None)
    schedule = command.schedule or command.window
    labels_come = "PT1H" if command.kind == "model_quality" else "PT1M"
    return found | {
        "baseline": baseline.model_dump(mode="json", exclude_none=True) if baseline else None,
        "outcome": command.outcome.model_dump(mode="json", exclude_none=True),
        "schedule": schedule,
        "delay": command.delay or labels_come,
        "min_sample": MIN_SAMPLE[command.kind] if command.min_sample is None else command.min_sample,
    }


_STORED = (
    *("kind", "metric", "columns", "baseline", "window", "slice", "schedule", "warning", "critical", "min_sample"),
    *("windows", "delay", "outcome", "alert", "paused"),
)


def _wrong(why: str, field: str) -> InvalidInput:
    return InvalidInput(why, (Detail((field,), why),))
