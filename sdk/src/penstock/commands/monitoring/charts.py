"""`penstock charts` and `penstock services summary`: several metrics, or several services, in one answer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

import typer

from penstock.commands.cli.connection import connect
from penstock.commands.cli.output import Format, Output, show_all
from penstock.commands.monitoring.observability import From, Pod, Service, To, Version, format_value

COLUMNS = ("at", "metric", "label", "value", "unit", "version", "pod")
SUMMARY = ("service", "requests_per_second", "errors_per_second", "latency_p99_ms", "last_15_minutes")
BARS = "▁▂▃▄▅▆▇█"
NOT_MEASURED = "·"


class By(StrEnum):
    """What series are told apart by."""

    VERSION = "version"
    POD = "pod"
    NONE = "none"


def charts(
    service: Service,
    metrics: Annotated[list[str], typer.Argument(help="Metrics, as `penstock metrics` has them; responses_by_class.")],
    *,
    by: Annotated[By, typer.Option(help="What series are told apart by.")] = By.VERSION,
    version: Version = None,
    pod: Pod = None,
    from_time: From = None,
    to_time: To = None,
    step: Annotated[
        int | None, typer.Option(min=10, help="Seconds: 10 (of the last hour) or a multiple of 60; else what fits.")
    ] = None,
    output: Output = Format.TABLE,
) -> None:
    """Show several metrics of a service over time; the last hour unless told otherwise."""
    with connect() as client:
        found = client.charts(
            service, metrics, by=by.value, version=version, pod=pod, from_time=from_time, to_time=to_time, step=step
        )
    if output is Format.JSON:
        print(json.dumps(found, ensure_ascii=False))
        return
    show_all(_points(found), COLUMNS, output)


def _points(found: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    start = datetime.fromisoformat(found["from"])
    for series in found["series"]:
        for place, value in enumerate(series["values"]):
            if value is not None:
                at = (start + timedelta(seconds=place * found["step_s"])).isoformat()
                yield {**series, "at": at, "value": format_value(value)}


def summary(
    names: Annotated[list[str] | None, typer.Argument(help="Services, at most 100; the newest otherwise.")] = None,
    output: Output = Format.TABLE,
) -> None:
    """Show requests/s, errors/s and p99 of services, and a bar a minute of the last 15."""
    with connect() as client:
        show_all(client.service_summaries(names or ()), SUMMARY, output, of=_shown)


def _shown(found: Mapping[str, Any]) -> Mapping[str, Any]:
    numbers = {name: None if found[name] is None else format_value(found[name]) for name in SUMMARY[1:4]}
    return {**found, **numbers, "last_15_minutes": bars(found["sparkline"]["values"])}


def bars(values: Sequence[float | None]) -> str:
    """A bar for each value, the largest as high as there is; a dot where nothing was measured."""
    highest = max((value for value in values if value), default=0.0)
    return "".join(NOT_MEASURED if value is None else _bar(value, highest) for value in values)


def _bar(value: float, highest: float) -> str:
    return BARS[round(value / highest * (len(BARS) - 1))] if highest else BARS[0]
