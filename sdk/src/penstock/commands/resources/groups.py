"""`penstock groups` and `penstock nodes`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

import typer

from penstock.commands.cli.arguments import ExpiresAt, ExpiresIn, given_changes, parse_expiry, parse_tags
from penstock.commands.cli.connection import connect
from penstock.commands.cli.output import Format, Output, show_all, show_deleted, show_one

groups = typer.Typer(help="Resource groups: nodes that are kept for one service.", no_args_is_help=True)
nodes = typer.Typer(help="Nodes of a resource group.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name of the group.")]
Project = Annotated[str, typer.Argument(help="Name of the project.")]
Group = Annotated[str, typer.Argument(help="Name of the group.")]
Node = Annotated[str, typer.Argument(help="Name of the node.")]
Tags = Annotated[list[str] | None, typer.Option("--tag", help="NAME=VALUE; may be repeated.")]
Backend = Literal["process", "docker", "kubernetes", "default"]
WHAT_RUNS_PODS = "What runs its pods, of those that the scheduler has ready (`penstock capacity -o json`)."
Force = Annotated[bool, typer.Option("--force", help="Its pods end at once, whoever calls them.")]
GROUPS = ("name", "service", "projects", "backend", "nodes", "capacity", "tags", "description", "created_at")
NODES = ("name", "status", "capacity", "allocated", "pods", "billing_mode", "expires_at", "joined_at")
NODE = ("group", *NODES, "allocatable", "machine", "console_url", "expires_soon")


@groups.command("list")
def list_groups(
    project: Annotated[str | None, typer.Option(help="Only those that its services may use.")] = None,
    search: Annotated[str | None, typer.Option(help="A part of the name.")] = None,
    output: Output = Format.TABLE,
) -> None:
    """List groups by name."""
    with connect() as client:
        show_all(client.groups(project=project, search=search), GROUPS, output)


@groups.command("show")
def show_group(name: Name, output: Output = Format.TABLE) -> None:
    """Show one group: who may use it, and the service that it is bound to."""
    with connect() as client:
        show_one(client.group(name), GROUPS, output)


@groups.command("create")
def create_group(
    name: Name,
    *,
    description: Annotated[str, typer.Option(help="For people.")] = "",
    project: Annotated[
        list[str] | None, typer.Option(help="Project whose services may use it; may be repeated.")
    ] = None,
    tag: Tags = None,
    backend: Annotated[Backend, typer.Option(help=WHAT_RUNS_PODS)] = "default",
    output: Output = Format.TABLE,
) -> None:
    """Create a group without nodes. Needs an administrator."""
    body = {"name": name, "description": description, "projects": project or [], "tags": parse_tags(tag or ())}
    if backend != "default":
        body["backend"] = backend
    with connect() as client:
        show_one(client.create_group(body), GROUPS, output)


@groups.command("edit")
def edit_group(
    name: Name,
    *,
    rename: Annotated[str | None, typer.Option(help="Another name, while no version names it.")] = None,
    description: Annotated[str | None, typer.Option(help="For people.")] = None,
    tag: Tags = None,
    backend: Annotated[
        Backend | None, typer.Option(help=f"{WHAT_RUNS_PODS} Pods that another one runs are replaced.")
    ] = None,
    output: Output = Format.TABLE,
) -> None:
    """Change what is given; the tags given replace all that there are. Needs an administrator."""
    tags = None if tag is None else parse_tags(tag)
    changes = given_changes({"name": rename, "description": description, "tags": tags, "backend": backend})
    if backend == "default":
        changes["backend"] = None
    with connect() as client:
        show_one(client.edit_group(name, changes), GROUPS, output)


@groups.command("delete")
def delete_group(name: Name, output: Output = Format.TABLE) -> None:
    """Remove a group that has no nodes and that no version names. Needs an administrator."""
    with connect() as client:
        client.delete_group(name)
    show_deleted(name, output)


@groups.command("grant")
def grant_group(name: Name, project: Project, output: Output = Format.TABLE) -> None:
    """Let services of a project use the group. Needs an administrator."""
    with connect() as client:
        client.grant_group(name, project)
        show_one(client.group(name), GROUPS, output)


@groups.command("revoke")
def revoke_group(name: Name, project: Project, output: Output = Format.TABLE) -> None:
    """Let them use it no more. Needs an administrator."""
    with connect() as client:
        client.revoke_group(name, project)
        show_one(client.group(name), GROUPS, output)


@nodes.command("list")
def list_nodes(group: Group, output: Output = Format.TABLE) -> None:
    """List nodes of a group by name."""
    with connect() as client:
        show_all(client.nodes(group), NODES, output)


@nodes.command("show")
def show_node(group: Group, node: Node, output: Output = Format.TABLE) -> None:
    """Show one node: what it has, what its pods ask for, how it is doing."""
    with connect() as client:
        show_one(client.node(group, node), NODE, output)


@nodes.command("add")
def add_node(
    group: Group,
    node: Node,
    *,
    cpu: Annotated[float, typer.Option(help="Cores.")],
    memory: Annotated[float, typer.Option(help="GiB.")],
    gpu: Annotated[int, typer.Option(help="Devices.")] = 0,
    expires_at: ExpiresAt = None,
    expires_in: ExpiresIn = None,
    console_url: Annotated[str | None, typer.Option(help="Its provider's page.")] = None,
    output: Output = Format.TABLE,
) -> None:
    """Reserve a share of the machine for a group. Needs an administrator."""
    body = {"name": node, "cpu": cpu, "memory_gb": memory, "gpu": gpu}
    told = {"expires_at": parse_expiry(expires_at, expires_in, datetime.now(UTC)), "console_url": console_url}
    with connect() as client:
        given = {field: value for field, value in told.items() if value is not None}
        show_one(client.add_node(group, body | given), NODE, output)


@nodes.command("edit")
def edit_node(
    group: Group,
    node: Node,
    console_url: Annotated[str | None, typer.Option(help="Its provider's page.")] = None,
    billing_mode: Annotated[str | None, typer.Option(help="How its provider bills it.")] = None,
    output: Output = Format.TABLE,
) -> None:
    """Change what is given. Needs an administrator."""
    wanted = {"console_url": console_url, "billing_mode": billing_mode}
    changes = given_changes(wanted)
    with connect() as client:
        show_one(client.edit_node(group, node, changes), NODE, output)


@nodes.command("isolate")
def isolate_node(group: Group, node: Node, output: Output = Format.TABLE) -> None:
    """No new pods; those that are there stay. Needs an administrator."""
    with connect() as client:
        show_one(client.isolate_node(group, node), NODE, output)


@nodes.command("resume")
def resume_node(group: Group, node: Node, output: Output = Format.TABLE) -> None:
    """Let pods come again. Needs an administrator."""
    with connect() as client:
        show_one(client.resume_node(group, node), NODE, output)


@nodes.command("drain")
def drain_node(group: Group, node: Node, force: Force = False, output: Output = Format.TABLE) -> None:
    """Have its pods leave, each once another one stands in for it. Needs an administrator."""
    with connect() as client:
        show_one(client.drain_node(group, node, force=force), NODE, output)


@nodes.command("release")
def release_node(group: Group, node: Node, force: Force = False, output: Output = Format.TABLE) -> None:
    """Drain it; once there is no pod on it, it is gone. Needs an administrator."""
    with connect() as client:
        show_one(client.release_node(group, node, force=force), NODE, output)


@nodes.command("renew")
def renew_node(
    group: Group,
    node: Node,
    *,
    expires_at: ExpiresAt = None,
    expires_in: ExpiresIn = None,
    output: Output = Format.TABLE,
) -> None:
    """Keep a node longer, for good without a time; one that has expired takes pods again. Needs an administrator."""
    ends = parse_expiry(expires_at, expires_in, datetime.now(UTC))
    with connect() as client:
        show_one(client.renew_node(group, node, ends), NODE, output)


@nodes.command("move")
def move_node(
    group: Group,
    node: Node,
    to: Annotated[str, typer.Argument(help="Name of the other group.")],
    output: Output = Format.TABLE,
) -> None:
    """Hand a node without pods to another group. Needs an administrator."""
    with connect() as client:
        show_one(client.move_node(group, node, to), NODE, output)
