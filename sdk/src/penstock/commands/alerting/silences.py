"""`penstock silences` and `penstock maintenance`: when alerts are told to nobody."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from penstock.commands.alerting.matchers import Matchers, format_matchers, parse_matchers
from penstock.commands.cli.arguments import parse_expiry
from penstock.commands.cli.connection import connect
from penstock.commands.cli.durations import duration_option
from penstock.commands.cli.output import Format, Output, show_all, show_deleted, show_one

app = typer.Typer(help="Silences: alerts that match are told to nobody for a time.", no_args_is_help=True)
maintenance = typer.Typer(
    help="Maintenance: times at which a service's alerts are told to nobody.", no_args_is_help=True
)

SilenceId = Annotated[str, typer.Argument(help="Id of the silence.")]
WindowName = Annotated[str, typer.Argument(help="Name of the maintenance window.")]
StartsAt = Annotated[str | None, typer.Option(help="ISO-8601 with a zone; left out: now.")]
EndsAt = Annotated[str | None, typer.Option(help="A date, 2030-01-31 (its beginning, UTC), or ISO-8601 with a zone.")]
Span = Annotated[str | None, typer.Option("--for", help="So long from now: 30d, 12h, 90m, 2w.")]
Comment = Annotated[str, typer.Option(help="Why.")]
Project = Annotated[str | None, typer.Option(help="Whose alerts; left out: everybody's.")]
ServiceName = Annotated[str | None, typer.Option(help="Of this service alone.")]
Cron = Annotated[str | None, typer.Option(help="Five fields of cron in UTC: when each window begins.")]
Duration = Annotated[str | None, duration_option("How long each lasts: 2h.")]
SILENCES = ("id", "state", "project", "matchers", "starts_at", "ends_at", "comment", "creator")
WINDOWS = ("name", "project", "service", "starts_at", "ends_at", "schedule", "duration", "comment")


class State(StrEnum):
    """How a silence is."""

    PENDING = "pending"
    ACTIVE = "active"
    EXPIRED = "expired"


@app.command("list")
def list_silences(
    state: Annotated[State | None, typer.Option(help="Only those.")] = None, output: Output = Format.TABLE
) -> None:
    """List silences, newest first; those that have ended for 30 days."""
    with connect() as client:
        found = client.silences(state=state and state.value)
        show_all((_shown(one, output) for one in found), SILENCES, output)


@app.command("create")
def create_silence(
    *,
    matcher: Matchers = None,
    span: Span = None,
    starts_at: StartsAt = None,
    ends_at: EndsAt = None,
    comment: Comment = "",
    project: Project = None,
    output: Output = Format.TABLE,
) -> None:
    """Tell nobody of alerts that match: --matcher service=wine --matcher column=~alc.* --for 2h."""
    fields = _fields(matcher, span, ends_at, comment, starts_at)
    with connect() as client:
        show_one(_shown(client.create_silence(project=project, **fields), output), SILENCES, output)


@app.command("replace")
def replace_silence(
    silence: SilenceId,
    *,
    matcher: Matchers = None,
    span: Span = None,
    starts_at: StartsAt = None,
    ends_at: EndsAt = None,
    comment: Comment = "",
    output: Output = Format.TABLE,
) -> None:
    """Define a silence anew, all of it."""
    fields = _fields(matcher, span, ends_at, comment, starts_at)
    with connect() as client:
        show_one(_shown(client.replace_silence(silence, **fields), output), SILENCES, output)


@app.command("expire")
def expire_silence(silence: SilenceId, output: Output = Format.TABLE) -> None:
    """End a silence now."""
    with connect() as client:
        client.expire_silence(silence)
    show_one({"id": silence, "expired": True}, ("id", "expired"), output)


@maintenance.command("list")
def list_windows(output: Output = Format.TABLE) -> None:
    """List maintenance windows."""
    with connect() as client:
        show_all(client.maintenance_windows(), WINDOWS, output)


@maintenance.command("create")
def create_window(
    name: WindowName,
    *,
    service: ServiceName = None,
    project: Project = None,
    schedule: Cron = None,
    duration: Duration = None,
    span: Span = None,
    starts_at: StartsAt = None,
    ends_at: EndsAt = None,
    comment: Comment = "",
    output: Output = Format.TABLE,
) -> None:
    """Define maintenance: once (--for 2h), or again and again (--schedule "0 2 * * *" --duration 2h)."""
    fields = _window(span, ends_at, starts_at, {"schedule": schedule, "duration": duration, "comment": comment})
    with connect() as client:
        show_one(client.create_maintenance(name, service=service, project=project, **fields), WINDOWS, output)


@maintenance.command("replace")
def replace_window(
    name: WindowName,
    *,
    schedule: Cron = None,
    duration: Duration = None,
    span: Span = None,
    starts_at: StartsAt = None,
    ends_at: EndsAt = None,
    comment: Comment = "",
    output: Output = Format.TABLE,
) -> None:
    """Define when maintenance is anew, all of it."""
    fields = _window(span, ends_at, starts_at, {"schedule": schedule, "duration": duration, "comment": comment})
    with connect() as client:
        show_one(client.replace_maintenance(name, **fields), WINDOWS, output)


@maintenance.command("delete")
def delete_window(name: WindowName, output: Output = Format.TABLE) -> None:
    """Forget maintenance; one that runs ends."""
    with connect() as client:
        client.delete_maintenance(name)
    show_deleted(name, output)


def _fields(
    matcher: list[str] | None, span: str | None, ends_at: str | None, comment: str, starts_at: str | None
) -> Any:
    if not matcher:
        raise typer.BadParameter("say which alerts: --matcher service=wine", param_hint="--matcher")
    end = parse_expiry(ends_at, span, datetime.now(UTC))
    if end is None:
        raise typer.BadParameter("say how long: --for 2h, or --ends-at", param_hint="--for")
    return {"matchers": parse_matchers(matcher), "ends_at": end, "comment": comment, "starts_at": starts_at}


def _window(span: str | None, ends_at: str | None, starts_at: str | None, more: dict[str, Any]) -> Any:
    return {"ends_at": parse_expiry(ends_at, span, datetime.now(UTC)), "starts_at": starts_at, **more}


def _shown(silence: Any, output: Format) -> Any:
    return silence if output is Format.JSON else {**silence, "matchers": format_matchers(silence["matchers"])}
