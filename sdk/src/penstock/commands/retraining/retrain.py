"""`penstock retrain`: retrainings are asked for, seen, waited for and cancelled."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from penstock.commands.cli.connection import connect
from penstock.commands.cli.output import Format, Output, show_all, show_one
from penstock.commands.monitoring.observability import Service
from penstock.commands.retraining import triggers

app = typer.Typer(help="Retraining: models that are trained anew.", no_args_is_help=True)
app.add_typer(triggers.app, name="triggers")

RetrainingId = Annotated[str, typer.Argument(help="Id of the retraining.")]
RETRAININGS = ("id", "trigger", "cause", "action", "state", "reason", "requested_at", "ended_at", "model.version")
DETAILS = ("message", "is_cancelling", "started_at", "gives_up_at", "run", "model", "published", "evidence")
POLL_S = 1.0


@app.command("start")
def start(
    service: Service,
    *,
    trigger: Annotated[str | None, typer.Option(help="Which one, where there are several.")] = None,
    note: Annotated[str | None, typer.Option(help="Why; it is part of the evidence.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Whatever the guards say.")] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Until it has ended; exit status 1 unless it succeeded.")
    ] = False,
    output: Output = Format.TABLE,
) -> None:
    """Ask for a retraining; exit status 1 where a guard refuses it."""
    with connect() as client:
        found: dict[str, Any] = client.start_retraining(service, trigger, note=note, force=force)
        while wait and found["ended_at"] is None:
            time.sleep(POLL_S)
            found = client.retraining(service, found["id"])
    show_one(found, (*RETRAININGS, "message"), output)
    if found["state"] == "refused" or (wait and found["state"] != "succeeded"):
        raise typer.Exit(1)


@app.command("list")
def list_retrainings(
    service: Service,
    *,
    trigger: Annotated[str | None, typer.Option(help="Only those of this trigger.")] = None,
    output: Output = Format.TABLE,
) -> None:
    """List the retrainings of a service, newest first."""
    with connect() as client:
        show_all(client.retrainings(service, trigger=trigger), RETRAININGS, output)


@app.command("show")
def show_retraining(service: Service, retraining: RetrainingId, output: Output = Format.TABLE) -> None:
    """Show a retraining with its evidence; `penstock logs SERVICE --pod …` has the output of a job."""
    with connect() as client:
        show_one(client.retraining(service, retraining), (*RETRAININGS, *DETAILS), output)


@app.command("cancel")
def cancel_retraining(service: Service, retraining: RetrainingId, output: Output = Format.TABLE) -> None:
    """End a retraining: a job, or what runs elsewhere, where it can be told."""
    with connect() as client:
        show_one(client.cancel_retraining(service, retraining), RETRAININGS, output)
