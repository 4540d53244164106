"""`penstock usage`."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated, Any

import typer

from penstock.commands.cli.connection import connect
from penstock.commands.cli.output import Format, Output, show_all

USAGE = ("period", "project", "service", "version", "pod", "runs", "pod_hours", "cpu_hours", "memory_gb_hours",
         "gpu_hours", "cost", "currency")  # fmt: skip


class UsageGroup(StrEnum):
    """What usage is summed by."""

    VERSION = "version"
    SERVICE = "service"
    PROJECT = "project"
    POD = "pod"
    RUN = "run"


class UsagePeriod(StrEnum):
    """Periods of usage, in UTC."""

    TOTAL = "total"
    MONTH = "month"
    DAY = "day"


def usage(
    *,
    from_time: Annotated[
        str | None, typer.Option("--from", help="ISO-8601 with a zone; the start of the month.")
    ] = None,
    to_time: Annotated[str | None, typer.Option("--to", help="ISO-8601 with a zone; now.")] = None,
    group_by: Annotated[UsageGroup, typer.Option(help="What to sum by.")] = UsageGroup.VERSION,
    grain: Annotated[UsagePeriod, typer.Option(help="Periods.")] = UsagePeriod.MONTH,
    project: Annotated[str | None, typer.Option(help="Only of this project.")] = None,
    service: Annotated[str | None, typer.Option(help="Only of this service.")] = None,
    csv: Annotated[bool, typer.Option("--csv", help="As CSV, everything.")] = False,
    output: Output = Format.TABLE,
) -> None:
    """Show how long pods ran, what they took and what it cost."""
    wanted: dict[str, Any] = {"from_time": from_time, "to_time": to_time, "project": project, "service": service}
    wanted |= {"group_by": group_by.value, "grain": grain.value}
    with connect() as client:
        if csv:
            sys.stdout.write(client.usage_csv(**wanted))
        else:
            show_all(client.usage(**wanted), USAGE, output)
