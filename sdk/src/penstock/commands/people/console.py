"""`penstock console`: a link that signs in to the console."""

from __future__ import annotations

import os
import sys
import webbrowser
from typing import Annotated

import typer

from penstock.commands.cli.connection import connect


def console(
    no_open: Annotated[bool, typer.Option("--no-open", help="Print the link, start no browser.")] = False,
    sign_out: Annotated[
        bool, typer.Option("--sign-out", help="Sign out in every browser instead, and end links not yet used.")
    ] = False,
) -> None:
    """Print a link that signs in to the console once, within ten minutes, and open it."""
    with connect() as client:
        if sign_out:
            client.end_sessions()
            typer.echo("penstock: signed out everywhere", err=True)
            return
        url = client.create_sign_in_link()["url"]
    typer.echo(url)
    if not no_open and _has_a_screen():
        webbrowser.open(url)


def _has_a_screen() -> bool:
    """Whether a browser has where to appear: without one, a browser for terminals would take over this one."""
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
