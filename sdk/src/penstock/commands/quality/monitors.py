"""`penstock monitors`: quality rules, and the verdicts of their windows."""

from __future__ import annotations

from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from penstock.commands.cli.arguments import given, parse_columns
from penstock.commands.cli.connection import connect
from penstock.commands.cli.durations import duration_option
from penstock.commands.cli.output import Format, Output, show_all, show_deleted, show_one

app = typer.Typer(help="Quality rules: data quality, drift, model and service quality, cost.", no_args_is_help=True)

Service = Annotated[str, typer.Argument(help="Name of the service.")]
MonitorName = Annotated[str, typer.Argument(help="Name of the rule.")]
RULES = (
    *("name", "kind", "metric", "columns", "window", "warning", "critical", "windows", "alert", "state", "reason"),
    *("last_window_end", "next_at"),
)
DEFINITION = ("baseline", "slice", "schedule", "delay", "min_sample", "outcome", "is_default", "revision")
WINDOWS = ("start", "end", "column", "slice", "state", "value", "threshold", "rows", "revision", "reason")
STARTED = ("state", "is_running", "last_window_end", "next_at")


class MonitorKind(StrEnum):
    """What a rule is about."""

    DATA_QUALITY = "data_quality"
    DRIFT = "drift"
    MODEL_QUALITY = "model_quality"
    SERVICE_QUALITY = "service_quality"
    COST = "cost"


class BaselineKind(StrEnum):
    """What windows are compared with."""

    TRAINING = "training"
    TABLE = "table"
    FILE = "file"
    WINDOW = "window"
    SEASONAL = "seasonal"


class AlertScope(StrEnum):
    """Who is told."""

    RULE = "rule"
    COLUMN = "column"
    NONE = "none"


class State(StrEnum):
    """Of a window."""

    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"
    INSUFFICIENT_DATA = "insufficient_data"
    ERROR = "error"


Kind = Annotated[MonitorKind, typer.Option(help="What it is about.")]
Metric = Annotated[str, typer.Option(help="psi, js_distance, null_rate, accuracy, error_rate, latency_p99, …")]
Columns = Annotated[list[str] | None, typer.Option("--column", help="A feature or prediction; by default all.")]
Against = Annotated[BaselineKind | None, typer.Option("--baseline", help="What windows are compared with.")]
Location = Annotated[str | None, typer.Option("--location", help="Of the baseline: file:///… or s3://bucket/….")]
Start = Annotated[str | None, typer.Option(help="Of a baseline that is an earlier window, ISO-8601.")]
End = Annotated[str | None, typer.Option(help="Of a baseline that is an earlier window, ISO-8601.")]
Weeks = Annotated[int | None, typer.Option(help="Of a seasonal baseline: how many earlier weeks.")]
Window = Annotated[str | None, duration_option("Length of a window: 1h, 1d; from 10s.")]
Schedule = Annotated[str | None, duration_option("How often a window ends: 15m; by default its length.")]
Slice = Annotated[str | None, typer.Option("--slice", help="A column, or a condition such as alcohol > 12.")]
Warn = Annotated[float | None, typer.Option("--warning", help="It warns beyond that.")]
Critical = Annotated[float | None, typer.Option("--critical", help="It is critical beyond that.")]
MinSample = Annotated[int | None, typer.Option(help="Rows below which a window says nothing.")]
Windows = Annotated[str | None, typer.Option(help='"2 of 3": so many of the last windows must be bad.')]
Delay = Annotated[str | None, duration_option("How long after its end a window is judged: 1m.")]
Outcome = Annotated[list[str] | None, typer.Option(help="label=…, prediction=…, score=…, positive=… (model quality).")]
Alert = Annotated[AlertScope | None, typer.Option(help="rule: one alert; column: one each; none.")]
Paused = Annotated[bool, typer.Option("--paused", help="Not evaluated for now.")]


@app.command("list")
def list_monitors(service: Service, output: Output = Format.TABLE) -> None:
    """List the rules of a service, and how each of them does."""
    with connect() as client:
        show_all(client.monitors(service), RULES, output)


@app.command("show")
def show_monitor(service: Service, name: MonitorName, output: Output = Format.TABLE) -> None:
    """Show one rule."""
    with connect() as client:
        show_one(client.monitor(service, name), (*RULES, *DEFINITION), output)


@app.command("replace", help="Define a rule anew, all of it.")
@app.command("create", help="Define a rule of a service.")
def define_monitor(
    context: typer.Context,
    service: Service,
    name: MonitorName,
    *,
    kind: Kind,
    metric: Metric,
    column: Columns = None,
    baseline: Against = None,
    location: Location = None,
    start: Start = None,
    end: End = None,
    weeks: Weeks = None,
    window: Window = None,
    schedule: Schedule = None,
    slice_by: Slice = None,
    warning: Warn = None,
    critical: Critical = None,
    min_sample: MinSample = None,
    windows: Windows = None,
    delay: Delay = None,
    outcome: Outcome = None,
    alert: Alert = None,
    paused: Paused = False,
    output: Output = Format.TABLE,
) -> None:
    """Create or replace, by the name that it was called by: both take the same options."""
    fields = given(
        kind=kind,
        metric=metric,
        columns=column,
        baseline=_baseline(kind=baseline, location=location, start=start, end=end, weeks=weeks),
        window=window,
        schedule=schedule,
        slice=slice_by,
        warning=warning,
        critical=critical,
        min_sample=min_sample,
        windows=windows,
        delay=delay,
        outcome=parse_columns(outcome, "--outcome", "label=quality") if outcome else None,
        alert=alert,
        paused=paused,
    )
    with connect() as client:
        define = client.create_monitor if context.info_name == "create" else client.replace_monitor
        show_one(define(service, name, **fields), RULES, output)


@app.command("delete")
def delete_monitor(service: Service, name: MonitorName, output: Output = Format.TABLE) -> None:
    """Forget a rule with its windows."""
    with connect() as client:
        client.delete_monitor(service, name)
    show_deleted(name, output)


@app.command("run")
def run_monitor(service: Service, name: MonitorName, output: Output = Format.TABLE) -> None:
    """Have the last closed window computed now; `windows` says what became of it."""
    with connect() as client:
        show_one(client.run_monitor(service, name), STARTED, output)


@app.command("windows")
def list_windows(
    service: Service,
    name: MonitorName,
    *,
    from_time: Annotated[str | None, typer.Option("--from", help="Windows that end after then, ISO-8601.")] = None,
    to_time: Annotated[str | None, typer.Option("--to", help="Windows that begin before then, ISO-8601.")] = None,
    column: Annotated[str | None, typer.Option(help="Of one column.")] = None,
    slice_of: Annotated[str | None, typer.Option("--slice", help="Of one slice: region=EU.")] = None,
    state: Annotated[State | None, typer.Option(help="Only those.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many.")] = 50,
    output: Output = Format.TABLE,
) -> None:
    """Show verdicts of windows, newest first."""
    chosen = given(from_time=from_time, to_time=to_time, column=column, slice=slice_of, state=state)
    with connect() as client:
        found = client.monitor_windows(service, name, page_size=min(limit, 1000), **chosen)
        show_all(islice(found, limit), WINDOWS, output)


@app.command("report")
def write_report(
    service: Service,
    name: MonitorName,
    file: Annotated[Path, typer.Argument(help="Where the page is written: report.html.")],
    *,
    end: Annotated[str | None, typer.Option(help="The window's end, as `windows` has it; else the last.")] = None,
    chinese: Annotated[bool, typer.Option("--zh", help="In Chinese.")] = False,
    output: Output = Format.TABLE,
) -> None:
    """Write the report of a window as one HTML file: distributions, what moved most, the figure over time."""
    with connect() as client:
        if end is None:
            last = next(iter(client.monitor_windows(service, name, page_size=1)), None)
            if last is None:
                raise typer.BadParameter(f"{name} has judged no window yet")
            end = str(last["end"])
        file.write_text(client.monitor_report(service, name, end=end, language="zh" if chinese else "en"))
    show_one({"file": str(file), "end": end}, ("file", "end"), output)


def _baseline(kind: BaselineKind | None, **more: Any) -> dict[str, Any] | None:
    fields = given(kind=kind, **more)
    if fields and kind is None:
        raise typer.BadParameter("--location, --start, --end and --weeks are of a --baseline")
    return fields or None
