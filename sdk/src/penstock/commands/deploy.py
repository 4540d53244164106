"""`penstock deploy`: a registered model becomes a service, or a further version of one."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from penstock.commands.arguments import (
    Env,
    Fields,
    SecretEnv,
    fields,
    model_source,
    resource_source,
    service_name,
    variables,
    with_version,
)
from penstock.commands.connection import connect
from penstock.commands.errors import FAILED, TIMEOUT, USAGE, stop
from penstock.commands.output import Format, Output, plain_line, show_one
from penstock.commands.versions import (
    FIELDS,
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
)

if TYPE_CHECKING:
    from penstock.client import Client
    from penstock.client.types import Pod, Version

LOOK_EVERY_S = 0.3
READY = ("running", "degraded")
TARGET = 16.0
OPTIONS = {"auth_enabled": "--auth", "project": "--project"}


def deploy(
    model: Model,
    *,
    name: Annotated[str | None, typer.Option(help="Service; by default the model's name as a DNS label.")] = None,
    spec: Spec = None,
    group: Group = None,
    cpu: Cpu = None,
    memory: Memory = None,
    gpu: Gpu = None,
    registry: Registry = None,
    follow: Follow = False,
    replicas: Replicas = 1,
    least: Annotated[int, typer.Option("--min", min=0, help="Pods at least, where the load decides.")] = 0,
    most: Annotated[
        int | None, typer.Option("--max", min=1, help="Let the load decide on the pods, up to so many.")
    ] = None,
    target_concurrency: Annotated[float, typer.Option(help="Requests in flight at one pod, where it does.")] = TARGET,
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
    wait: Annotated[bool, typer.Option(help="Return when it is ready, or has failed.")] = False,
    timeout: Annotated[float, typer.Option(min=0, help="Seconds to wait.")] = 600.0,
    output: Output = Format.TABLE,
) -> None:
    """Publish a model: creates the service, or adds a version to it, and starts that."""
    if most is None and (least or target_concurrency != TARGET):
        raise typer.BadParameter("--min and --target-concurrency need --max")
    if most is not None and (replicas != 1 or least > most):
        raise typer.BadParameter("--max is not for a fixed number of --replicas, and --min must not be above it")
    source, resources = model_source(model, registry, follow=follow), resource_source(spec, group, cpu, memory, gpu)
    service = {"name": name or service_name(source["model"]), **_given(project=project, auth_enabled=auth)}
    body = version_body(source, resources, replicas, record) | {"traffic_weight": weight, "description": description}
    body |= {"env": variables(env, secret_env)} | fields(further)
    if most is not None:
        body["replicas"] = {"min": least, "max": most, "target_concurrency": target_concurrency}
    with connect() as client:
        body["model_source"] = with_version(body["model_source"], partial(client.model, registry=registry))
        version = _started(client, service, body)
        if wait:
            version = _ready(client, version, timeout)
    show_one(version, FIELDS, output)


def _started(client: Client, service: dict[str, object], body: dict[str, object]) -> Version:
    from penstock.client import NotFound  # noqa: PLC0415

    name = str(service["name"])
    try:
        there = client.service(name)
    except NotFound:
        return client.create_service(service | {"start": True, "version": body})["versions"][-1]
    differing = [OPTIONS[field] for field, value in service.items() if there.get(field) != value]
    if differing:
        asked = " and ".join(differing)
        stop(f"service {name} is there already, and {asked} would not be as asked: see `services show`, `edit`", USAGE)
    return client.create_version(name, body | {"start": True})


def _given(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def _ready(client: Client, version: Version, timeout_s: float) -> Version:
    """The version once it runs; ends the command when it fails or time is over."""
    version = _settled(client, version, time.monotonic() + timeout_s)
    if version["status"] in ("failed", "stopped"):
        tail = "".join(f"\n  {plain_line(line)}" for line in version["log_tail"])
        told = f"{version['reason']}: {plain_line(version['message'] or '')}"
        stop(f"{version['name']} is {version['status']}: {told}{tail}", FAILED)
    if version["status"] not in READY:
        stop(f"{version['service']} {version['name']} is not ready after {timeout_s:g} s", TIMEOUT)
    return version


def _settled(client: Client, version: Version, deadline: float) -> Version:
    """The version once it runs, has ended, or time is over; what is said after that has a line of its own."""
    with _Progress() as progress:
        while version["status"] not in (*READY, "failed", "stopped"):
            progress.show(stage_of(version, _pods(client, version)))
            if time.monotonic() > deadline:
                break
            time.sleep(LOOK_EVERY_S)
            version = _seen(client, version)
        if version["status"] in READY:
            progress.show("ready")
    return version


def _seen(client: Client, version: Version) -> Version:
    """The version as it is now; as it was last seen while the control plane is away, such as for a restart."""
    from penstock.client import ServerError, Unreachable  # noqa: PLC0415

    try:
        return client.version(version["service"], version["name"])
    except (ServerError, Unreachable):
        return version


def _pods(client: Client, version: Version) -> list[Pod]:
    """Its pods; none while the scheduler, which knows them, is away."""
    from penstock.client import ServerError, Unreachable  # noqa: PLC0415

    try:
        return list(client.pods(version["service"], version["name"]))
    except (ServerError, Unreachable):
        return []


def stage_of(version: Version, pods: Sequence[Pod]) -> str:
    """What a version is at, in a few words: what it or its pods wait for, and how many of them are ready."""
    waits = ": ".join(part for part in (version["reason"], version["message"]) if part)
    waits = waits or ", ".join(sorted({pod["reason"] for pod in pods if pod["reason"] and not pod["ready"]}))
    stage = f"{version['status']} · {waits}" if waits else version["status"]
    return f"{stage} ({version['ready_replicas']}/{version['desired_replicas']} ready)"


class _Progress:
    """A live line with a spinner on a terminal; elsewhere a plain line for each change. On stderr."""

    def __enter__(self) -> _Progress:
        self._last = ""
        self._close: Callable[[], None] = lambda: None
        self._update: Callable[[str], object] = lambda stage: typer.echo(f"penstock: {stage}", err=True)
        if sys.stdout.isatty() and sys.stderr.isatty():
            from rich.console import Console  # noqa: PLC0415
            from rich.markup import escape  # noqa: PLC0415

            status = Console(stderr=True).status("starting")
            status.start()
            self._update, self._close = lambda stage: status.update(escape(stage)), status.stop
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def show(self, stage: str) -> None:
        """Say what is going on, once."""
        if stage != self._last:
            self._last = stage
            self._update(stage)
