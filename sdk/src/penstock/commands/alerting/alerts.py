"""`penstock alerts`: what is wrong now, and was."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from penstock.commands.cli.connection import connect
from penstock.commands.cli.output import Format, Output, show_all, show_one

app = typer.Typer(help="Alerts: what is wrong, who takes care of it, whom it was told.", no_args_is_help=True)

AlertId = Annotated[str, typer.Argument(help="Id of the alert.")]
ALERTS = ("id", "severity", "state", "service", "monitor", "summary", "opened_at", "resolved_at")
DETAILS = ("kind", "labels", "evidence", "acknowledged_by", "comment", "silenced_by", "resolved_why", "fingerprint")
DELIVERIES = ("created_at", "channel", "status", "reason", "state", "attempts", "ended_at", "outcome")


class State(StrEnum):
    """How an alert is."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    SILENCED = "silenced"
    RESOLVED = "resolved"


class Severity(StrEnum):
    """How bad it is."""

    WARNING = "warning"
    CRITICAL = "critical"


@app.command("list")
def list_alerts(
    *,
    state: Annotated[State | None, typer.Option(help="Only those.")] = None,
    service: Annotated[str | None, typer.Option(help="Only those of this service.")] = None,
    monitor: Annotated[str | None, typer.Option(help="Only those of this rule.")] = None,
    severity: Annotated[Severity | None, typer.Option(help="Only those.")] = None,
    output: Output = Format.TABLE,
) -> None:
    """List alerts, newest first."""
    wanted: dict[str, Any] = {"state": state and state.value, "severity": severity and severity.value}
    with connect() as client:
        show_all(client.alerts(service=service, monitor=monitor, **wanted), ALERTS, output)


@app.command("show")
def show_alert(alert: AlertId, output: Output = Format.TABLE) -> None:
    """Show one alert with its evidence; `deliveries` says whom it was told."""
    with connect() as client:
        show_one(client.alert(alert), (*ALERTS, *DETAILS), output)


@app.command("deliveries")
def list_deliveries(alert: AlertId, output: Output = Format.TABLE) -> None:
    """Whom an alert was told, newest first: attempts, and what each receiver answered."""
    with connect() as client:
        show_all(iter(client.alert(alert)["deliveries"]), DELIVERIES, output)


@app.command("acknowledge")
def acknowledge_alert(
    alert: AlertId,
    comment: Annotated[str, typer.Option(help="What is being done.")] = "",
    output: Output = Format.TABLE,
) -> None:
    """Take care of an alert: it is not told again unless it gets worse."""
    with connect() as client:
        show_one(client.acknowledge_alert(alert, comment=comment), (*ALERTS, "acknowledged_by", "comment"), output)
