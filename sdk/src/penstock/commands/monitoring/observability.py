"""`penstock events` and `penstock metrics`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated

import typer

from penstock.commands.cli.connection import connect
from penstock.commands.cli.output import Format, Output, show_all

Service = Annotated[str, typer.Argument(help="Name of the service.")]
Version = Annotated[str | None, typer.Option("--version", help="Only of this version.")]
Pod = Annotated[str | None, typer.Option(help="Only of this pod.")]
Lines = Annotated[int, typer.Option("--lines", "-n", min=1, help="How many at most.")]
From = Annotated[str | None, typer.Option("--from", help="ISO-8601 with a zone.")]
To = Annotated[str | None, typer.Option("--to", help="ISO-8601 with a zone; now otherwise.")]
METRICS = (
    ("requests", "1"), ("requests_per_second", "1/s"), ("status_2xx", "1/s"), ("status_3xx", "1/s"),
    ("status_4xx", "1/s"), ("status_5xx", "1/s"), ("throttled_per_second", "1/s"), ("in_flight", "1"),
    ("latency_p50", "s"), ("latency_p90", "s"), ("latency_p99", "s"), ("bytes_in_per_second", "bytes/s"),
    ("bytes_out_per_second", "bytes/s"), ("records_logged", "1"), ("records_dropped", "1"), ("cpu_cores", "cores"),
    ("memory_bytes", "bytes"), ("gpu_utilisation", "1"), ("gpu_memory_bytes", "bytes"),
    ("replicas_wanted", "1"), ("replicas_running", "1"), ("replicas_ready", "1"),
)  # fmt: skip
"""Names and units, as the monitor has them; a test holds the two together."""
COLUMNS = ("last_seen", "level", "resource_kind", "resource_name", "reason", "count", "message")


def events(service: Service, version: Version = None, lines: Lines = 100, output: Output = Format.TABLE) -> None:
    """Show what happened to a service, its versions and pods; last seen first."""
    with connect() as client:
        found = client.events(service, version=version, page_size=min(lines, 1000))
        show_all(islice(found, lines), COLUMNS, output)


def metrics(
    service: Service,
    metric: Annotated[str, typer.Argument(help=f"One of {', '.join(f'{name} ({unit})' for name, unit in METRICS)}.")],
    *,
    version: Version = None,
    pod: Pod = None,
    from_time: From = None,
    to_time: To = None,
    step: Annotated[int, typer.Option(min=1, help="Seconds from one point to the next.")] = 60,
    output: Output = Format.TABLE,
) -> None:
    """Show one metric of a service over time; the last hour unless told otherwise.

    No VERSION (-): requests for which none was chosen, such as those that were refused or throttled.
    """
    with connect() as client:
        found = client.metrics(
            service, metric, version=version, pod=pod, from_time=from_time, to_time=to_time, step=step
        )
    if output is Format.JSON:
        print(json.dumps(found, ensure_ascii=False))
        return
    points = (
        {
            "at": datetime.fromtimestamp(at, UTC).isoformat(),
            "value": format_value(value),
            "unit": found["unit"],
            "version": series["labels"]["version"] or None,
            "pod": series["labels"].get("pod"),
        }
        for series in found["series"]
        for at, value in series["points"]
    )
    show_all(points, ("at", "value", "unit", "version", *(("pod",) if pod else ())), output)


def format_value(value: float) -> str:
    """Four digits that count, and never fewer than the whole number has."""
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"
