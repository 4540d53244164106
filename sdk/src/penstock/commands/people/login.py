"""`penstock login` and `penstock context`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from penstock.commands.cli.errors import NOT_FOUND, USAGE, exit_with_error
from penstock.commands.cli.output import Format, Output, show_all
from penstock.contexts import Contexts, Target

app = typer.Typer(help="Control planes that you logged in to.", no_args_is_help=True)


def login(
    url: Annotated[str, typer.Argument(help="Control plane, such as http://127.0.0.1:8000.")],
    token: Annotated[
        str | None,
        typer.Option(envvar="PENSTOCK_TOKEN", help="Asked for when not given; read from a pipe where there is one."),
    ] = None,
    name: Annotated[str, typer.Option(help="Name of the context.")] = "default",
) -> None:
    """Check a token, remember it with its control plane, and use both from now on."""
    from penstock.client import Client, InvalidRequest, NotFound  # noqa: PLC0415

    token = (token or _read_token()).strip()
    if not token:
        exit_with_error("no token was given: --token, PENSTOCK_TOKEN, or the first line of the input", USAGE)
    with Client(url, token) as client:
        try:
            next(iter(client.services(page_size=1)), None)
        except (NotFound, InvalidRequest):  # no control plane is without services; the data plane and MLflow are
            exit_with_error(
                f"{url} answers, and is no control plane of Penstock (but perhaps its data plane)", NOT_FOUND
            )
    contexts = Contexts.load()
    contexts.add(name, Target(url, token))
    contexts.save()
    typer.echo(f"penstock: context {name}: {url}", err=True)


def _read_token() -> str:
    """Without echo from a terminal, the first line from anything else."""
    if sys.stdin.isatty():
        return str(typer.prompt("Token", hide_input=True))
    return sys.stdin.readline()


@app.command("list")
def list_contexts(output: Output = Format.TABLE) -> None:
    """List the contexts, without their tokens."""
    contexts = Contexts.load()
    rows = [
        {"name": name, "url": target.url, "current": name == contexts.current}
        for name, target in sorted(contexts.targets.items())
    ]
    show_all(rows, ("name", "url", "current"), output)


@app.command()
def use(name: Annotated[str, typer.Argument(help="Name of a context.")]) -> None:
    """Use another context from now on."""
    contexts = Contexts.load()
    contexts.use(name)
    contexts.save()
