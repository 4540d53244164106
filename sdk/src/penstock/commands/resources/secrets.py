"""`penstock secrets`."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from penstock.commands.cli.arguments import parse_json, parse_tags
from penstock.commands.cli.connection import connect
from penstock.commands.cli.output import Format, Output, show_all, show_deleted, show_one

app = typer.Typer(help="Secrets: credentials that go in and never come out.", no_args_is_help=True)

SecretName = Annotated[str, typer.Argument(help="Name of the secret.")]
Fields = Annotated[
    list[str] | None, typer.Argument(help="FIELD=VALUE …; without any, a JSON object of them is read from stdin.")
]
SECRETS = ("name", "kind", "project", "fields", "description", "creator", "updated_at")


class SecretKind(StrEnum):
    """What a secret is for."""

    REGISTRY = "registry"
    WEBHOOK = "webhook"
    MLFLOW = "mlflow"
    S3 = "s3"
    POSTGRESQL = "postgresql"
    OPAQUE = "opaque"
    WECOM = "wecom"
    DINGTALK = "dingtalk"
    FEISHU = "feishu"
    LARK = "lark"
    SLACK = "slack"
    PAGERDUTY = "pagerduty"
    ALERTMANAGER = "alertmanager"
    SMTP = "smtp"


@app.command("list")
def list_secrets(output: Output = Format.TABLE) -> None:
    """List secrets, without their values."""
    with connect() as client:
        show_all(client.secrets(), SECRETS, output)


@app.command("create")
def create_secret(
    name: SecretName,
    kind: Annotated[SecretKind, typer.Argument(help="What it is for.")],
    fields: Fields = None,
    project: Annotated[str, typer.Option(help="Whose it is.")] = "default",
    output: Output = Format.TABLE,
) -> None:
    """Keep a secret. From stdin no other process of the machine sees it."""
    with connect() as client:
        show_one(client.create_secret(name, kind.value, _secret_fields(fields), project=project), SECRETS, output)


@app.command("replace")
def replace_secret(name: SecretName, fields: Fields = None, output: Output = Format.TABLE) -> None:
    """Replace the whole value of a secret."""
    with connect() as client:
        show_one(client.replace_secret(name, _secret_fields(fields)), SECRETS, output)


@app.command("delete")
def delete_secret(name: SecretName, output: Output = Format.TABLE) -> None:
    """Forget a secret for good."""
    with connect() as client:
        client.delete_secret(name)
    show_deleted(name, output)


def _secret_fields(fields: list[str] | None) -> dict[str, str]:
    if fields:
        return parse_tags(fields)
    if sys.stdin.isatty():
        raise typer.BadParameter("give FIELD=VALUE …, or a JSON object of them on stdin")
    found = parse_json(sys.stdin.read())
    if not isinstance(found, dict):
        raise typer.BadParameter("stdin must hold a JSON object of fields")
    return found
