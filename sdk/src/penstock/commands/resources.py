"""`penstock specs`, `penstock secrets`, `penstock usage` and `penstock debug`."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from penstock.commands.arguments import tags
from penstock.commands.connection import connect
from penstock.commands.output import Format, Output, show_all, show_one

specs = typer.Typer(help="Resource specs: named sizes of a pod, and what an hour of one costs.", no_args_is_help=True)
secrets = typer.Typer(help="Secrets: credentials that go in and never come out.", no_args_is_help=True)

SpecName = Annotated[str, typer.Argument(help="Name of the spec, such as 2C4G.")]
SecretName = Annotated[str, typer.Argument(help="Name of the secret.")]
Fields = Annotated[
    list[str] | None, typer.Argument(help="FIELD=VALUE …; without any, a JSON object of them is read from stdin.")
]
SPECS = ("name", "cpu", "memory_gb", "gpu", "price_per_hour", "description")
SECRETS = ("name", "kind", "project", "fields", "description", "creator", "updated_at")
USAGE = ("period", "project", "service", "version", "pod", "runs", "pod_hours", "cpu_hours", "memory_gb_hours",
         "gpu_hours", "cost", "currency")  # fmt: skip
DEBUGGED = ("version", "status_code", "duration_ms", "headers", "response", "trace", "curl")


class Kind(StrEnum):
    """What a secret is for."""

    REGISTRY = "registry"
    WEBHOOK = "webhook"
    MLFLOW = "mlflow"
    OPAQUE = "opaque"


class Group(StrEnum):
    """What usage is summed by."""

    VERSION = "version"
    SERVICE = "service"
    PROJECT = "project"
    POD = "pod"
    RUN = "run"


class Grain(StrEnum):
    """Periods of usage, in UTC."""

    TOTAL = "total"
    MONTH = "month"
    DAY = "day"


@specs.command("list")
def list_specs(output: Output = Format.TABLE) -> None:
    """List specs, smallest first."""
    with connect() as client:
        show_all(client.specs(), SPECS, output)


@specs.command("create")
def create_spec(
    name: SpecName,
    *,
    cpu: Annotated[float, typer.Option(help="Cores.")],
    memory: Annotated[float, typer.Option(help="GiB.")],
    gpu: Annotated[int, typer.Option(help="Devices.")] = 0,
    price: Annotated[float, typer.Option(help="Of one pod for one hour.")] = 0.0,
    output: Output = Format.TABLE,
) -> None:
    """Add a spec. Needs an administrator."""
    body = {"name": name, "cpu": cpu, "memory_gb": memory, "gpu": gpu, "price_per_hour": price}
    with connect() as client:
        show_one(client.create_spec(body), SPECS, output)


@specs.command("price")
def price_spec(
    name: SpecName,
    price: Annotated[float, typer.Argument(help="Of one pod for one hour.")],
    output: Output = Format.TABLE,
) -> None:
    """Set the price that is metered from now on. Needs an administrator."""
    with connect() as client:
        show_one(client.edit_spec(name, {"price_per_hour": price}), SPECS, output)


@specs.command("delete")
def delete_spec(name: SpecName, output: Output = Format.TABLE) -> None:
    """Remove a spec that no version uses. Needs an administrator."""
    with connect() as client:
        client.delete_spec(name)
    show_one({"name": name, "deleted": True}, ("name", "deleted"), output)


@secrets.command("list")
def list_secrets(output: Output = Format.TABLE) -> None:
    """List secrets, without their values."""
    with connect() as client:
        show_all(client.secrets(), SECRETS, output)


@secrets.command("create")
def create_secret(
    name: SecretName,
    kind: Annotated[Kind, typer.Argument(help="What it is for.")],
    fields: Fields = None,
    project: Annotated[str, typer.Option(help="Whose it is.")] = "default",
    output: Output = Format.TABLE,
) -> None:
    """Keep a secret. From stdin no other process of the machine sees it."""
    with connect() as client:
        show_one(client.create_secret(name, kind.value, _data(fields), project=project), SECRETS, output)


@secrets.command("replace")
def replace_secret(name: SecretName, fields: Fields = None, output: Output = Format.TABLE) -> None:
    """Replace the whole value of a secret."""
    with connect() as client:
        show_one(client.replace_secret(name, _data(fields)), SECRETS, output)


@secrets.command("delete")
def delete_secret(name: SecretName, output: Output = Format.TABLE) -> None:
    """Forget a secret for good."""
    with connect() as client:
        client.delete_secret(name)
    show_one({"name": name, "deleted": True}, ("name", "deleted"), output)


def usage(
    *,
    from_time: Annotated[
        str | None, typer.Option("--from", help="ISO-8601 with a zone; the start of the month.")
    ] = None,
    to_time: Annotated[str | None, typer.Option("--to", help="ISO-8601 with a zone; now.")] = None,
    group_by: Annotated[Group, typer.Option(help="What to sum by.")] = Group.VERSION,
    grain: Annotated[Grain, typer.Option(help="Periods.")] = Grain.MONTH,
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


def debug(
    service: Annotated[str, typer.Argument(help="Name of the service.")],
    version: Annotated[
        str | None, typer.Option(help="Any running version; by default the one with most traffic.")
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="JSON of the request, @FILE or - for stdin; by default the model's example.")
    ] = None,
    log: Annotated[bool, typer.Option(help="Whether it goes into the inference table.")] = False,
    output: Output = Format.TABLE,
) -> None:
    """Send one request to a version, past the split, and show what came back."""
    with connect() as client:
        show_one(client.debug(service, _request(data), version=version, log=log), DEBUGGED, output)


def _request(data: str | None) -> Any:
    if data is None:
        return None
    if data.startswith("@"):
        try:
            return _json(Path(data[1:]).read_text())
        except (OSError, UnicodeDecodeError) as wrong:
            raise typer.BadParameter(f"{data[1:]} cannot be read: {wrong}") from wrong
    return _json(sys.stdin.read() if data == "-" else data)


def _data(fields: list[str] | None) -> dict[str, str]:
    if fields:
        return tags(fields)
    if sys.stdin.isatty():
        raise typer.BadParameter("give FIELD=VALUE …, or a JSON object of them on stdin")
    found = _json(sys.stdin.read())
    if not isinstance(found, dict):
        raise typer.BadParameter("stdin must hold a JSON object of fields")
    return found


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as wrong:
        raise typer.BadParameter(f"that is not JSON: {wrong}") from wrong
