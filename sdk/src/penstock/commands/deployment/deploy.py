"""`penstock deploy`: a registered model, or a container image, becomes a service, or a further version of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from penstock.commands.cli.arguments import (
    Env,
    Fields,
    GpuKind,
    SecretEnv,
    autoscaling_range,
    build_resource_source,
    default_service_name,
    given,
    parse_env,
    parse_fields,
)
from penstock.commands.cli.connection import connect
from penstock.commands.cli.errors import FAILED, USAGE, exit_with_error
from penstock.commands.cli.images import (
    Args,
    Command,
    HealthPath,
    Image,
    Mounts,
    Port,
    PredictPath,
    PullSecret,
    choose_source,
    model_or_image_name,
    parse_image_options,
)
from penstock.commands.cli.output import Format, Output, show_one
from penstock.commands.deployment.first_call import first_call
from penstock.commands.deployment.redeploy import find_identical
from penstock.commands.services.publish_check import check_warnings
from penstock.commands.services.versions import (
    Cpu,
    Follow,
    Gpu,
    Group,
    Memory,
    Model,
    Record,
    Registry,
    Replicas,
    Spec,
    Weight,
    version_body,
    with_newest_model,
)
from penstock.commands.services.views import VERSION, version_fields
from penstock.commands.services.waiting import TIMEOUT_S, Timeout, Wait, wait_until_ready

if TYPE_CHECKING:
    from penstock.client import Client
    from penstock.client.types import Version

OPTIONS = {"auth_enabled": "--auth", "project": "--project"}


def deploy(
    model: Model = None,
    *,
    name: Annotated[str | None, typer.Option(help="Service; by default as the model or image, as a DNS label.")] = None,
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
    least: Annotated[
        int | None, typer.Option("--min", min=0, help="Pods at least, where the load decides; 1. 0: none when idle.")
    ] = None,
    most: Annotated[
        int | None, typer.Option("--max", min=1, help="Let the load decide on the pods, up to so many.")
    ] = None,
    target_concurrency: Annotated[
        float | None, typer.Option(help="Requests in flight at one pod, where it does; 16.")
    ] = None,
    project: Annotated[str | None, typer.Option(help="Project of a new service; default: `default`.")] = None,
    description: Annotated[str, typer.Option(help="What the version is.")] = "",
    record: Record = None,
    weight: Weight = 0,
    auth: Annotated[
        bool | None, typer.Option("--auth/--no-auth", help="Whether callers of a new service need an API key; they do.")
    ] = None,
    env: Env = None,
    secret_env: SecretEnv = None,
    further: Fields = None,
    key: Annotated[
        str | None, typer.Option("--key", help="Issue an API key of this name too; it is shown once.")
    ] = None,
    wait: Wait = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Wait, and end with 1 where --wait warns: the example fails, no signature.")
    ] = False,
    timeout: Timeout = TIMEOUT_S,
    output: Output = Format.TABLE,
) -> None:
    """Publish a model or an image: creates the service, or adds a version to it, and starts that."""
    scaling = autoscaling_range(replicas, least, most, target_concurrency)
    if key is not None and auth is False:
        raise typer.BadParameter("--key is for a service whose callers need one, not for --no-auth")
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
    service = {
        "name": name or default_service_name(model_or_image_name(source)),
        **given(project=project, auth_enabled=auth),
    }
    variables = parse_env(env, secret_env)
    body = version_body(source, resources, variables, replicas=replicas, record=record, weight=weight)
    body |= {"description": description} | parse_fields(further)
    if scaling is not None:
        body["replicas"] = scaling
    with connect() as client:
        body = with_newest_model(client, body, registry)
        version = _create_or_add_version(client, service, body)
        if wait or strict:
            version = wait_until_ready(client, version, timeout)
        if strict and check_warnings(version):
            _exit_with_warnings(version)
        call = first_call(client, version, key)
    if output is Format.JSON:
        show_one(version | call, (), output)
    else:
        show_one(version_fields(version) | call, (*VERSION, *call), output)


def _create_or_add_version(client: Client, service: dict[str, object], body: dict[str, object]) -> Version:
    from penstock.client import NotFound  # noqa: PLC0415

    name = str(service["name"])
    try:
        there = client.service(name)
    except NotFound:
        return client.create_service(service | {"start": True, "version": body})["versions"][-1]
    differing = [OPTIONS[field] for field, value in service.items() if there.get(field) != value]
    if differing:
        asked = " and ".join(differing)
        exit_with_error(
            f"service {name} is there already, and {asked} would not be as asked: see `services show`, `edit`", USAGE
        )
    if (same := find_identical(client, there["versions"], body)) is not None:
        typer.echo(f"penstock: {name} {same['name']} is the same model and configuration, and is {same['status']} "
                   "already: no further version is added", err=True)  # fmt: skip
        return same
    return client.create_version(name, body | {"start": True})


def _exit_with_warnings(version: Version) -> NoReturn:
    """End the command for what the check at load found, and say what stays."""
    service, name = version["service"], version["name"]
    stays = f"{service} {name} stays as it is, {version['status']} with {version['traffic_weight']} % of the traffic"
    exit_with_error(f"--strict: not as it should be; {stays}: `versions stop {service} {name}` ends it", FAILED)
