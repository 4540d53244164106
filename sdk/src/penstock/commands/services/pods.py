"""`penstock pods`."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

import typer

from penstock.commands.cli.connection import connect, target
from penstock.commands.cli.errors import USAGE, exit_with_error
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


@app.command("exec")
def exec_in_pod(
    service: Service,
    version: Version,
    pod: Annotated[str, typer.Argument(help="Name of the pod.")],
    command: Annotated[
        list[str] | None, typer.Argument(help="Behind `--`: a command and its arguments; a shell otherwise.")
    ] = None,
    *,
    interactive: Annotated[bool, typer.Option("-i", "--stdin", help="Pass this command's input on.")] = False,
    tty: Annotated[bool, typer.Option("-t", "--tty", help="On a terminal, as large as this one.")] = False,
) -> None:
    """Execute a command inside a pod, where the installation allows it; its exit status is passed on.

    `penstock pods exec -it SERVICE VERSION POD` opens a shell. Without -t streams pass as they are, for pipes.
    """
    from penstock.commands.services.exec import (  # noqa: PLC0415 - only this command needs terminals and threads
        ExecOptions,
        exit_status,
        run_in_pod,
    )

    if tty and not (interactive and sys.stdin.isatty()):
        exit_with_error("-t wants -i, and a terminal as input; leave it out in pipes", USAGE)
    there = target()
    options = ExecOptions(service, version, pod, command or (), is_interactive=interactive, has_terminal=tty)
    end = asyncio.run(run_in_pod(there.url, there.token, options))
    if end.message is not None and end.exit_code is not None:
        typer.echo(f"penstock: {end.message}", err=True)
    raise typer.Exit(exit_status(end))
