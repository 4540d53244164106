"""`penstock versions`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penstock.commands.cli.arguments import (
    Env,
    Fields,
    GpuKind,
    SecretEnv,
    build_resource_source,
    given_changes,
    parse_env,
    parse_fields,
    parse_model_source,
    parse_weights,
    resolve_latest,
)
from penstock.commands.cli.connection import connect
from penstock.commands.cli.images import (
    Args,
    Command,
    HealthPath,
    Image,
    Mounts,
    Port,
    PredictPath,
    PullSecret,
    changed_source,
    choose_source,
    parse_image_options,
)
from penstock.commands.cli.output import Format, Output, show_all, show_one
from penstock.commands.resources.privacy import masking_preview
from penstock.commands.services.changes import DryRun, history, show_preview
from penstock.commands.services.views import VERSION, VERSIONS, version_fields, version_row
from penstock.commands.services.waiting import TIMEOUT_S, Timeout, Wait, wait_after_change, wait_until_ready

if TYPE_CHECKING:
    from penstock.client import Client

app = typer.Typer(help="Versions: deployable configurations of a service.", no_args_is_help=True)

Service = Annotated[str, typer.Argument(help="Name of the service.")]
Name = Annotated[str, typer.Argument(help="Name of the version.")]
Model = Annotated[
    str | None, typer.Argument(help="models:/NAME/VERSION (or /latest), or models:/NAME@ALIAS; or --image.")
]
Spec = Annotated[str | None, typer.Option(help="Resource spec of a pod; 1C2G unless told otherwise.")]
Group = Annotated[str | None, typer.Option(help="Resource group on whose nodes it runs, instead of the shared pool.")]
Cpu = Annotated[float | None, typer.Option(help="Cores of a pod in the group.")]
Memory = Annotated[float | None, typer.Option(help="GiB of a pod in the group.")]
Gpu = Annotated[int | None, typer.Option(help="Devices of a pod in the group.")]
Registry = Annotated[str | None, typer.Option(help="Secret that describes another tracking server.")]
Follow = Annotated[bool, typer.Option("--follow", help="Publish anew whenever the alias moves.")]
Replicas = Annotated[int, typer.Option(min=0, help="Pods.")]
Record = Annotated[
    bool | None,
    typer.Option("--record/--no-record", help="Into an inference table; default: as the service's version, else yes."),
]
Weight = Annotated[int, typer.Option(min=0, max=100, help="Share beside another version; 0: only by its own path.")]
DEFAULT_SPEC = "1C2G"


app.command()(history)
app.command("masking-preview")(masking_preview)


def version_body(
    model: dict[str, Any],
    resources: dict[str, Any] | None,
    env: dict[str, Any],
    *,
    replicas: int,
    record: bool | None,
    weight: int,
) -> dict[str, Any]:
    """Configuration of a new version."""
    body = {
        "model_source": model,
        "resource_source": resources or {"kind": "shared", "spec": DEFAULT_SPEC},
        "env": env,
        "replicas": replicas,
        "traffic_weight": weight,
    }
    return body if record is None else body | {"log_delivery": {"enabled": record}}


def with_newest_model(client: Client, body: dict[str, Any], registry: str | None) -> dict[str, Any]:
    """`body` with the newest version of its model in place of `latest`."""
    return body | {"model_source": resolve_latest(body["model_source"], partial(client.model, registry=registry))}


def show_version(version: Mapping[str, Any], output: Format) -> None:
    """One version."""
    show_one(version if output is Format.JSON else version_fields(version), VERSION, output)


@app.command("list")
def list_versions(service: Service, output: Output = Format.TABLE) -> None:
    """List versions, oldest first."""
    with connect() as client:
        show_all(client.versions(service), VERSIONS, output, of=version_row, droppable_first=("predicts",))


@app.command()
def show(service: Service, name: Name, output: Output = Format.TABLE) -> None:
    """Show one version; a failed one says why."""
    with connect() as client:
        show_version(client.version(service, name), output)


@app.command()
def add(
    service: Service,
    model: Model = None,
    *,
    name: Annotated[str | None, typer.Option(help="v1, v2, … are given out otherwise.")] = None,
    spec: Spec = None,
    group: Group = None,
    cpu: Cpu = None,
    memory: Memory = None,
    gpu: Gpu = None,
    gpu_kind: GpuKind = None,
    registry: Registry = None,
    follow: Follow = False,
    image: Image = None,
    pull_secret: PullSecret = None,
    command: Command = None,
    args: Args = None,
    port: Port = None,
    health_path: HealthPath = None,
    predict_path: PredictPath = None,
    mount: Mounts = None,
    replicas: Replicas = 1,
    record: Record = None,
    weight: Weight = 0,
    start: Annotated[bool, typer.Option("--start", help="Start it.")] = False,
    env: Env = None,
    secret_env: SecretEnv = None,
    further: Fields = None,
    wait: Wait = False,
    timeout: Timeout = TIMEOUT_S,
    output: Output = Format.TABLE,
) -> None:
    """Add a version to a service."""
    of_image = parse_image_options(
        image,
        pull_secret=pull_secret,
        command=command,
        args=args,
        port=port,
        health_path=health_path,
        predict_path=predict_path,
        mounts=mount,
    )
    source = choose_source(model, registry, of_image, follow=follow)
    resources = build_resource_source(spec, group, cpu, memory, gpu, gpu_kind=gpu_kind)
    variables = parse_env(env, secret_env)
    body = version_body(source, resources, variables, replicas=replicas, record=record, weight=weight)
    body |= {"start": start} | parse_fields(further)
    with connect() as client:
        body = with_newest_model(client, body, registry)
        version = client.create_version(service, body | ({"name": name} if name else {}))
        show_version(wait_after_change(client, version, timeout) if wait else version, output)


@app.command()
def edit(
    service: Service,
    name: Name,
    *,
    model: Annotated[str | None, typer.Option(help="models:/NAME/VERSION (or /latest), or models:/NAME@ALIAS.")] = None,
    registry: Registry = None,
    follow: Follow = False,
    image: Image = None,
    pull_secret: PullSecret = None,
    command: Command = None,
    args: Args = None,
    port: Port = None,
    health_path: HealthPath = None,
    predict_path: PredictPath = None,
    mount: Mounts = None,
    spec: Spec = None,
    group: Group = None,
    cpu: Cpu = None,
    memory: Memory = None,
    gpu: Gpu = None,
    gpu_kind: GpuKind = None,
    replicas: Annotated[int | None, typer.Option(min=0, help="Pods.")] = None,
    description: Annotated[str | None, typer.Option(help="For people.")] = None,
    record: Annotated[bool | None, typer.Option("--record/--no-record", help="Into an inference table.")] = None,
    env: Env = None,
    secret_env: SecretEnv = None,
    no_env: Annotated[bool, typer.Option("--no-env", help="Take all environment variables away.")] = False,
    further: Fields = None,
    dry_run: DryRun = False,
    wait: Wait = False,
    timeout: Timeout = TIMEOUT_S,
    output: Output = Format.TABLE,
) -> None:
    """Change what is given; a running version rolls over without a failed request."""
    if model is None and (registry or follow):
        raise typer.BadParameter("--registry and --follow belong to a --model")
    of_image = parse_image_options(
        image,
        pull_secret=pull_secret,
        command=command,
        args=args,
        port=port,
        health_path=health_path,
        predict_path=predict_path,
        mounts=mount,
    )
    if model is not None and of_image:
        raise typer.BadParameter("give a --model, or --image and the options of an image: not both")
    wanted = {
        "model_source": parse_model_source(model, registry, follow=follow) if model else None,
        "resource_source": build_resource_source(spec, group, cpu, memory, gpu, gpu_kind=gpu_kind),
        "replicas": replicas,
        "description": description,
        "log_delivery": None if record is None else {"enabled": record},
        "env": {} if no_env else parse_env(env, secret_env) or None,
    }
    changes = {} if of_image else given_changes(wanted, further)
    with connect() as client:
        if of_image:
            current = client.version(service, name)["model_source"]
            changes = given_changes(wanted | {"model_source": changed_source(current, of_image)}, further)
        if model is not None:
            changes = with_newest_model(client, changes, registry)
        if dry_run:
            show_preview(client.preview_version_edit(service, name, changes), output)
            return
        version = client.edit_version(service, name, changes)
        show_version(wait_after_change(client, version, timeout) if wait else version, output)


@app.command()
def start(
    service: Service,
    name: Name,
    *,
    weight: Annotated[int | None, typer.Option(min=0, max=100, help="Share beside another version.")] = None,
    wait: Wait = False,
    timeout: Timeout = TIMEOUT_S,
    output: Output = Format.TABLE,
) -> None:
    """Start a version."""
    with connect() as client:
        version = client.start_version(service, name, traffic_weight=weight)
        show_version(wait_until_ready(client, version, timeout) if wait else version, output)


@app.command()
def stop(
    service: Service,
    name: Name,
    weight: Annotated[
        list[str] | None, typer.Option(help="v2=100: share of a version that stays; repeat. They sum to 100.")
    ] = None,
    output: Output = Format.TABLE,
) -> None:
    """Stop a version; those of the others that have a weight take its share, unless told otherwise."""
    split = parse_weights(weight) if weight else None
    with connect() as client:
        show_version(client.stop_version(service, name, weights=split), output)


@app.command()
def restart(
    service: Service,
    name: Name,
    *,
    wait: Wait = False,
    timeout: Timeout = TIMEOUT_S,
    output: Output = Format.TABLE,
) -> None:
    """Replace every pod of an active version, one after the other; no request fails."""
    with connect() as client:
        version = client.restart_version(service, name)
        show_version(wait_until_ready(client, version, timeout) if wait else version, output)


@app.command()
def delete(service: Service, name: Name, output: Output = Format.TABLE) -> None:
    """Remove a stopped version, for good."""
    with connect() as client:
        client.delete_version(service, name)
    show_one({"service": service, "name": name, "deleted": True}, ("service", "name", "deleted"), output)
