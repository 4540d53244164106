"""`penstock retrain triggers`: when a model is trained anew, and by what."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from penstock.commands.cli.arguments import given, parse_columns
from penstock.commands.cli.connection import connect
from penstock.commands.cli.durations import duration_option, schedule_option
from penstock.commands.cli.output import Format, Output, show_all, show_deleted, show_one
from penstock.commands.monitoring.observability import Service
from penstock.commands.retraining import actions
from penstock.commands.retraining.actions import ActionOptions

app = typer.Typer(help="When a model is trained anew, and by what.", no_args_is_help=True)

TriggerName = Annotated[str, typer.Argument(help="Name of the trigger.")]
TRIGGERS = (
    *("name", "action.kind", "on_alert.severity", "schedule", "guards.cool_down", "guards.max_per_day"),
    *("then.publish", "paused"),
)
DEFINITION = ("action", "on_alert", "guards", "then", "secret", "model", "time_limit", "creator", "updated_at")


class Severity(StrEnum):
    """Of alerts."""

    WARNING = "warning"
    CRITICAL = "critical"


class Publication(StrEnum):
    """What is done with the result."""

    NONE = "none"
    VERSION = "version"
    CANARY = "canary"


OnAlert = Annotated[Severity | None, typer.Option(help="Start it when an alert of this severity or above is raised.")]
Labels = Annotated[list[str] | None, typer.Option("--label", help="NAME=VALUE that the alert has; several.")]
Schedule = Annotated[str | None, schedule_option("How often: 7d, or five fields of cron in UTC.")]
Secret = Annotated[str | None, typer.Option(help="Secret with its credentials.")]
Model = Annotated[str | None, typer.Option(help="Registered model of the result; left out: the service's.")]
CoolDown = Annotated[str | None, duration_option("Least time since the last retraining of the service ended: 6h.")]
MaxPerDay = Annotated[int | None, typer.Option(min=1, max=100, help="Most retrainings in 24 hours.")]
Coverage = Annotated[float | None, typer.Option(min=0, max=1, help="Least share of rows that have a label: 0.2.")]
TimeLimit = Annotated[str | None, duration_option("A retraining that takes longer has failed: 6h.")]
Then = Annotated[Publication, typer.Option("--then", help="What is done with the version that comes of it.")]
Weight = Annotated[int, typer.Option(min=0, max=100, help="With --then version: its share of the traffic.")]
Paused = Annotated[bool, typer.Option("--paused", help="Not started by alerts and its schedule for now.")]


@app.command("list")
def list_triggers(service: Service, output: Output = Format.TABLE) -> None:
    """List the retraining triggers of a service."""
    with connect() as client:
        show_all(client.retraining_triggers(service), TRIGGERS, output)


@app.command("show")
def show_trigger(service: Service, name: TriggerName, output: Output = Format.TABLE) -> None:
    """Show one retraining trigger."""
    with connect() as client:
        show_one(client.retraining_trigger(service, name), (*TRIGGERS, *DEFINITION), output)


@app.command("replace", help="Define a retraining trigger anew, all of it.")
@app.command("create", help="Define when the model of a service is trained anew, and by what.")
def define_trigger(
    context: typer.Context,
    service: Service,
    name: TriggerName,
    *,
    webhook: actions.Webhook = None,
    airflow: actions.Airflow = None,
    dag: actions.Dag = None,
    argo: actions.Argo = None,
    namespace: actions.Namespace = None,
    template: actions.Template = None,
    github: actions.Github = None,
    command: actions.JobCommand = None,
    project: actions.Project = None,
    file: actions.Files = None,
    requirement: actions.Requirements = None,
    spec: actions.Spec = None,
    action_file: actions.ActionFile = None,
    on_alert: OnAlert = None,
    label: Labels = None,
    schedule: Schedule = None,
    secret: Secret = None,
    model: Model = None,
    cool_down: CoolDown = None,
    max_per_day: MaxPerDay = None,
    min_label_coverage: Coverage = None,
    time_limit: TimeLimit = None,
    then: Then = Publication.NONE,
    weight: Weight = 0,
    paused: Paused = False,
    output: Output = Format.TABLE,
) -> None:
    """Create or replace, by the name that it was called by: both take the same options."""
    options = ActionOptions(
        webhook, airflow, dag, argo, namespace, template, github, command, project, file, requirement, spec, action_file
    )
    fields = given(
        action=options.action(),
        on_alert=_on_alert(on_alert, label),
        schedule=schedule,
        guards=given(cool_down=cool_down, max_per_day=max_per_day, min_label_coverage=min_label_coverage),
        secret=secret,
        model=model,
        time_limit=time_limit,
        then={"publish": then.value, "weight": weight},
        paused=paused,
    )
    with connect() as client:
        create = context.info_name == "create"
        define = client.create_retraining_trigger if create else client.replace_retraining_trigger
        show_one(define(service, name, **fields), TRIGGERS, output)


@app.command("delete")
def delete_trigger(service: Service, name: TriggerName, output: Output = Format.TABLE) -> None:
    """Forget a retraining trigger; what it has started is not ended by that."""
    with connect() as client:
        client.delete_retraining_trigger(service, name)
    show_deleted(name, output)


def _on_alert(severity: Severity | None, labels: list[str] | None) -> dict[str, Any] | None:
    if severity is None:
        if labels:
            raise typer.BadParameter("--label belongs to --on-alert")
        return None
    return {"severity": severity.value, "labels": parse_columns(labels or [], "--label", "column=alcohol")}
