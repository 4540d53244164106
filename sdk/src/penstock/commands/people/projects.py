"""`penstock projects`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from penstock.commands.cli.connection import connect
from penstock.commands.cli.output import Format, Output, show_all, show_deleted, show_one

app = typer.Typer(help="Projects: what services belong to, and who has which role in them.", no_args_is_help=True)

Project = Annotated[str, typer.Argument(help="Name of the project.")]
User = Annotated[str, typer.Argument(help="Name of the user.")]
COLUMNS = ("name", "role", "description", "creator", "created_at")
MEMBERS = ("user", "role", "created_at")


class Role(StrEnum):
    """What a member may do."""

    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"


@app.command("list")
def list_projects(output: Output = Format.TABLE) -> None:
    """List your projects, with your role in each."""
    with connect() as client:
        show_all(client.projects(), COLUMNS, output)


@app.command()
def create(
    name: Project,
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    output: Output = Format.TABLE,
) -> None:
    """Create a project."""
    with connect() as client:
        show_one(client.create_project(name, description=description), COLUMNS, output)


@app.command()
def show(name: Project, output: Output = Format.TABLE) -> None:
    """Show one project, and your role in it."""
    with connect() as client:
        show_one(client.project(name), COLUMNS, output)


@app.command()
def edit(
    name: Project,
    description: Annotated[str, typer.Option(help="What it is for.")],
    output: Output = Format.TABLE,
) -> None:
    """Change what a project is for."""
    with connect() as client:
        show_one(client.edit_project(name, {"description": description}), COLUMNS, output)


@app.command()
def delete(name: Project, output: Output = Format.TABLE) -> None:
    """Remove a project that has nothing left in it."""
    with connect() as client:
        client.delete_project(name)
    show_deleted(name, output)


@app.command()
def members(name: Project, output: Output = Format.TABLE) -> None:
    """List who has which role."""
    with connect() as client:
        show_all(client.members(name), MEMBERS, output)


@app.command()
def grant(
    name: Project,
    user: User,
    role: Annotated[Role, typer.Argument(help="What they may do.")],
    output: Output = Format.TABLE,
) -> None:
    """Give a user a role in a project, whatever it was before."""
    with connect() as client:
        show_one(client.set_member(name, user, role.value), MEMBERS, output)


@app.command()
def remove(name: Project, user: User, output: Output = Format.TABLE) -> None:
    """End a user's membership."""
    with connect() as client:
        client.remove_member(name, user)
    show_one({"user": user, "removed": True}, ("user", "removed"), output)
