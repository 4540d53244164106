"""`penstock channels`: where alerts are told."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Any

import typer

from penstock.commands.alerting.alerts import Severity
from penstock.commands.alerting.matchers import Matchers, parse_matchers, parse_options
from penstock.commands.cli.connection import connect
from penstock.commands.cli.durations import duration_option
from penstock.commands.cli.output import Format, Output, show_all, show_deleted, show_one

app = typer.Typer(help="Channels: where alerts are told, which of them, and how often.", no_args_is_help=True)

ChannelName = Annotated[str, typer.Argument(help="Name of the channel.")]
CHANNELS = ("name", "project", "kind", "state", "waiting", "paused", "reason", "since", "last_sent_at")
FIELDS = ("kind", "field", "of", "required", "type", "description")
DEFINITION = ("options", "secret", "route", "language", "time_zone", "revision")


class ChannelKind(StrEnum):
    """Where it leads."""

    WECOM = "wecom"
    DINGTALK = "dingtalk"
    FEISHU = "feishu"
    LARK = "lark"
    SLACK = "slack"
    PAGERDUTY = "pagerduty"
    ALERTMANAGER = "alertmanager"
    WEBHOOK = "webhook"
    SMTP = "smtp"
    EVENT = "event"


class Language(StrEnum):
    """Of its messages."""

    EN = "en"
    ZH = "zh"


@app.command("list")
def list_channels(output: Output = Format.TABLE) -> None:
    """List channels, and how each does."""
    with connect() as client:
        show_all(client.channels(), CHANNELS, output)


@app.command("kinds")
def list_kinds(
    kind: Annotated[ChannelKind | None, typer.Argument(help="Of this kind alone.")] = None,
    output: Output = Format.TABLE,
) -> None:
    """Say what each kind of channel is made of: options, and the fields of its secret."""
    with connect() as client:
        forms = [form for form in client.channel_kinds() if kind is None or form["kind"] == kind.value]
    show_all([field for form in forms for field in _fields(form)], FIELDS, output)


def _fields(form: dict[str, Any]) -> Iterable[dict[str, Any]]:
    whole = {"kind": form["kind"]}
    if not form["fields"]:
        yield whole | {"description": form["help"]["en"]}
    for field in form["fields"]:
        yield whole | {
            "field": field["name"],
            "of": "secret" if field["is_secret"] else "options",
            "required": field["is_required"],
            "type": "|".join(field["choices"]) or field["type"],
            "description": field["help"]["en"],
        }


@app.command("show")
def show_channel(name: ChannelName, output: Output = Format.TABLE) -> None:
    """Show one channel."""
    with connect() as client:
        show_one(client.channel(name), (*CHANNELS, *DEFINITION), output)


@app.command("replace", help="Define a channel anew, all of it but its project.")
@app.command("create", help="Define a channel; its credentials are a secret of the same kind.")
def define_channel(
    context: typer.Context,
    name: ChannelName,
    kind: Annotated[ChannelKind, typer.Argument(help="Where it leads.")],
    *,
    option: Annotated[list[str] | None, typer.Option(help="NAME=VALUE, such as url=https://…; repeated.")] = None,
    secret: Annotated[str | None, typer.Option(help="Secret of the same kind with its credentials.")] = None,
    project: Annotated[str | None, typer.Option(help="Whose it is; left out: the installation's.")] = None,
    min_severity: Annotated[Severity, typer.Option(help="Alerts below it are not told.")] = Severity.WARNING,
    matcher: Matchers = None,
    repeat: Annotated[str, duration_option("A firing alert is told again this often; 0s: once.")] = "4h",
    resolved: Annotated[bool, typer.Option(help="Its end is told too.")] = True,
    language: Annotated[Language, typer.Option(help="Of its messages.")] = Language.EN,
    time_zone: Annotated[str, typer.Option(help="IANA name, for times in them.")] = "UTC",
    paused: Annotated[bool, typer.Option("--paused", help="Nothing is sent for now.")] = False,
    output: Output = Format.TABLE,
) -> None:
    """Create or replace, by the name that it was called by: both take the same options."""
    route = {
        "min_severity": min_severity.value,
        "matchers": parse_matchers(matcher),
        "repeat_interval": repeat,
        "send_resolved": resolved,
    }
    is_new = context.info_name == "create"
    if project is not None and not is_new:
        raise typer.BadParameter("a channel stays in its project", param_hint="--project")
    with connect() as client:
        define = client.create_channel if is_new else client.replace_channel
        whose = {"project": project} if is_new else {}
        made = define(
            name,
            **whose,  # type: ignore[arg-type]
            kind=kind.value,
            options=parse_options(option),
            secret=secret,
            route=route,
            language=language.value,
            time_zone=time_zone,
            paused=paused,
        )
        show_one(made, (*CHANNELS, *DEFINITION), output)


@app.command("delete")
def delete_channel(name: ChannelName, output: Output = Format.TABLE) -> None:
    """Forget a channel; what waits for it is dropped."""
    with connect() as client:
        client.delete_channel(name)
    show_deleted(name, output)


@app.command("test")
def send_test(name: ChannelName, output: Output = Format.TABLE) -> None:
    """Send a test message now, and say what the receiver answered; exit status 1 unless it was sent."""
    with connect() as client:
        answer = client.send_channel_test(name)
    show_one(answer, ("state", "reason", "retry_after_s"), output)
    raise typer.Exit(answer["state"] != "sent")
