"""`penstock versions`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from penstock.commands.arguments import model_source
from penstock.commands.connection import connect
from penstock.commands.output import Format, Output, show_all, show_one

app = typer.Typer(help="Versions: deployable configurations of a service.", no_args_is_help=True)

Service = Annotated[str, typer.Argument(help="Name of the service.")]
Name = Annotated[str, typer.Argument(help="Name of the version.")]
Model = Annotated[str, typer.Argument(help="models:/NAME/VERSION or models:/NAME@ALIAS.")]
Spec = Annotated[str, typer.Option(help="Resource spec of a pod.")]
Replicas = Annotated[int, typer.Option(min=0, help="Pods.")]
Record = Annotated[bool, typer.Option(help="Whether requests go into an inference table.")]
Weight = Annotated[int, typer.Option(min=0, max=100, help="Share of the traffic beside another version.")]
COLUMNS = ("name", "status", "model_source.model", "model_source.version", "ready_replicas", "desired_replicas",
           "traffic_weight", "reason", "created_at")  # fmt: skip
FIELDS = ("service", "name", "status", "reason", "message", "model_source", "resource_source", "ready_replicas",
          "desired_replicas", "replicas", "traffic_weight", "creator", "created_at", "log_tail")  # fmt: skip


def version_body(model: str, spec: str, replicas: int, record: bool) -> dict[str, Any]:
    """Configuration of a version."""
    return {
        "model_source": model_source(model),
        "resource_source": {"kind": "shared", "spec": spec},
        "replicas": replicas,
        "log_delivery": {"enabled": record},
    }


@app.command("list")
def list_versions(service: Service, output: Output = Format.TABLE) -> None:
    """List versions, oldest first."""
    with connect() as client:
        show_all(client.versions(service), COLUMNS, output)


@app.command()
def show(service: Service, name: Name, output: Output = Format.TABLE) -> None:
    """Show one version; a failed one says why."""
    with connect() as client:
        show_one(client.version(service, name), FIELDS, output)


@app.command()
def add(
    service: Service,
    model: Model,
    *,
    name: Annotated[str | None, typer.Option(help="v1, v2, … are given out otherwise.")] = None,
    spec: Spec = "1C2G",
    replicas: Replicas = 1,
    record: Record = True,
    weight: Weight = 0,
    start: Annotated[bool, typer.Option("--start", help="Start it.")] = False,
    output: Output = Format.TABLE,
) -> None:
    """Add a version to a service."""
    body = version_body(model, spec, replicas, record) | {"traffic_weight": weight, "start": start}
    with connect() as client:
        show_one(client.create_version(service, body | ({"name": name} if name else {})), FIELDS, output)


@app.command()
def start(
    service: Service,
    name: Name,
    weight: Annotated[int | None, typer.Option(min=0, max=100, help="Share beside another version.")] = None,
    output: Output = Format.TABLE,
) -> None:
    """Start a version."""
    with connect() as client:
        show_one(client.start_version(service, name, traffic_weight=weight), FIELDS, output)


@app.command()
def stop(service: Service, name: Name, output: Output = Format.TABLE) -> None:
    """Stop a version; the others take its share."""
    with connect() as client:
        show_one(client.stop_version(service, name), FIELDS, output)


@app.command()
def delete(service: Service, name: Name, output: Output = Format.TABLE) -> None:
    """Remove a stopped version, for good."""
    with connect() as client:
        client.delete_version(service, name)
    show_one({"service": service, "name": name, "deleted": True}, ("service", "name", "deleted"), output)
