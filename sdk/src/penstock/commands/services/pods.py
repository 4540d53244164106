"""`penstock pods`."""

from __future__ import annotations

from typing import Annotated

import typer

from penstock.commands.cli.connection import connect
from penstock.commands.cli.output import Format, Output, show_all, show_one

app = typer.Typer(help="Pods: running replicas of a version.", no_args_is_help=True)

Service = Annotated[str, typer.Argument(help="Name of the service.")]
Version = Annotated[str, typer.Argument(help="Name of the version.")]
COLUMNS = (
    "name",
    "version",
    "status",
    "reason",
    "ready",
    "restarts",
    "last_exit",
    "node",
    "cpu_cores",
    "memory_bytes",
    "started_at",
)


PHASES = ("name", "state", "duration_s", "started_at", "detail")


@app.command("list")
def list_pods(
    service: Service,
    version: Annotated[str | None, typer.Argument(help="Only of this version; of all of them otherwise.")] = None,
    output: Output = Format.TABLE,
) -> None:
    """List the pods of a service."""
    with connect() as client:
        names = [version] if version else [one["name"] for one in client.service(service)["versions"]]
        columns = [column for column in COLUMNS if column != "version" or version is None]
        show_all((pod for name in names for pod in client.pods(service, name)), columns, output)


@app.command()
def timeline(
    service: Service,
    version: Version,
    pod: Annotated[str, typer.Argument(help="Name of the pod.")],
    output: Output = Format.TABLE,
) -> None:
    """Show how the newest start of a pod went, phase by phase."""
    with connect() as client:
        found = client.pod_timeline(service, version, pod)
    if output is Format.JSON:
        show_one(found, (), output)
    else:
        show_all(found["phases"], PHASES, output)


@app.command()
def restart(
    service: Service,
    version: Version,
    pod: Annotated[str, typer.Argument(help="Name of the pod.")],
    output: Output = Format.TABLE,
) -> None:
    """Restart a pod by force; the others carry the traffic."""
    with connect() as client:
        show_one(client.restart_pod(service, version, pod), ("name", "restarting"), output)
