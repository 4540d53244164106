"""Makes and starts the container of a run. The order of what is written is what makes a kill at any moment harmless.

The order (`order.json`) and the cursor of the output come first, then the container, whose labels name the run, then
`container.json`. A scheduler that is killed in between finds the container by its labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scheduler.backends.docker.container_spec import LABEL, ContainerSpec, run_labels, spec_hash
from scheduler.backends.docker.engine.errors import CONFLICT, NOT_FOUND, EngineAway, EngineError, EngineRefused
from scheduler.backends.docker.options import DockerOptions
from scheduler.backends.docker.preparation.container_plan import SCRATCH, ContainerPlan
from scheduler.backends.docker.runs.container_folder import StartedContainer, write_container
from scheduler.backends.docker.runs.container_state import SeenContainer, seen, unix_time
from scheduler.backends.docker.runs.inventory import ContainerInventory
from scheduler.backends.docker.runs.output_copy import OutputCopy
from scheduler.backends.docker.site.host_paths import HostPaths
from scheduler.backends.docker.site.network import PodNetwork
from scheduler.backends.errors import PreparationFailed
from scheduler.backends.gpus.allocation import gpus_of
from scheduler.backends.lifecycle.folders.pod_folder import PodRecord
from scheduler.backends.lifecycle.folders.run_folder import RunFolder
from scheduler.backends.pod_api.tokens import TOKEN_VARIABLE
from scheduler.backends.preparation.variables import base_variables, plain_variables

FAILED = "StartFailed"
NEVER_STARTS = frozenset({400, NOT_FOUND})
"""Statuses of a start that would fail again: a command that is not there, a path that is none."""


@dataclass(frozen=True)
class SiteFacts:
    """What is known of the engine's machine."""

    paths: HostPaths
    network: PodNetwork
    is_published: bool
    is_limited: bool
    is_podman: bool = False


@dataclass(frozen=True)
class RunStart:
    """Starts runs."""

    inventory: ContainerInventory
    site: SiteFacts
    options: DockerOptions
    installation: str

    async def start(
        self, record: PodRecord, run: RunFolder, plan: ContainerPlan, secrets: Mapping[str, str]
    ) -> StartedContainer:
        """The container, which runs. Raises `PreparationFailed`, `EngineAway`: then there is none."""
        spec = self._spec(record, run, plan, secrets)
        self._write_order(record, run, plan, spec)
        with OutputCopy(run, self.options.output_cap):
            pass  # what is in the output now is the platform's own; the container's begins behind it
        identity = await self._create(spec)
        try:
            await self.inventory.engine.post(f"/containers/{identity}/start")
            self.inventory.note(seen(identity, spec.name, "running", spec.labels))
            container = await adopted_container(self.inventory, self.site, self.options, run, seen_as(identity, spec))
        except EngineAway:
            raise
        except EngineRefused as refused:
            await self._discard(identity)
            raise PreparationFailed(FAILED, refused.message, is_for_good(refused)) from refused
        except EngineError as error:
            raise PreparationFailed(FAILED, error.message) from error
        if container is None:
            raise PreparationFailed(FAILED, "somebody removed the container while it was started")
        return container

    def _spec(
        self, record: PodRecord, run: RunFolder, plan: ContainerPlan, secrets: Mapping[str, str]
    ) -> ContainerSpec:
        deployment, is_ours = record.deployment, plan.health_path is None
        gpus = requested_gpus(record, self.options)
        own = self._environment(record, plan) if is_ours else dict(plan.environment)
        labels = run_labels(
            self.installation,
            service=deployment.service,
            version=deployment.version,
            version_id=str(deployment.version_id),
            pod=record.name,
            run=run.number,
            spec_hash=spec_hash({"template": record.template, "image": plan.image, "command": plan.command}),
        )
        return ContainerSpec(
            name=f"penstock-{self.installation[:6]}-{record.name}-{run.number}",
            image=plan.image,
            labels=labels | ({f"{LABEL}gpus": ",".join(record.gpus)} if record.gpus else {}),
            environment={**plain_variables(deployment), **own, **secrets},
            resources=deployment.resources,
            network=self.site.network.id,
            port=plan.port,
            is_published=self.site.is_published,
            entrypoint=plan.entrypoint,
            command=plan.arguments,
            hostname=record.name,
            user=plan.user,
            is_root_read_only=plan.is_root_read_only,
            folder=str(SCRATCH) if is_ours else None,
            mounts=plan.mounts,
            grace_s=self.options.grace_s,
            gpus=gpus,
            gpu_request=self.options.gpu_request,
            takes_oom_score=not self.site.is_podman,
        )

    def _environment(self, record: PodRecord, plan: ContainerPlan) -> dict[str, str]:
        token = {TOKEN_VARIABLE: self.options.tokens.of(record.name)} if self.options.tokens else {}
        return base_variables(record.name, record.deployment, SCRATCH, plan.command) | dict(plan.environment) | token

    def _write_order(self, record: PodRecord, run: RunFolder, plan: ContainerPlan, spec: ContainerSpec) -> None:
        """What the run's watch and those who look into its folder want to know; values of secrets are not in it."""
        told = {TOKEN_VARIABLE, *plain_variables(record.deployment)}
        run.write_order(
            {
                "command": list(plan.command),
                "environment": {name: value for name, value in spec.environment.items() if name in told},
                "image": plan.image,
                "port": plan.port,
                "health_path": plan.health_path,
                "shown_image": plan.shown_image,
                "groups": [],
                "memory_gb": spec.resources.memory_gb,
                "output_cap": self.options.output_cap,
            }
        )

    async def _create(self, spec: ContainerSpec) -> str:
        for is_last in (False, True):
            try:
                return str((await self.inventory.engine.post("/containers/create", spec.body(), name=spec.name))["Id"])
            except EngineRefused as refused:
                if refused.status != CONFLICT or is_last:
                    raise PreparationFailed(FAILED, refused.message, is_for_good(refused)) from refused
                await self._discard(spec.name)  # of a try that was cut short
        raise AssertionError

    async def _discard(self, identity: str) -> None:
        await self.inventory.remove(identity)


def requested_gpus(record: PodRecord, options: DockerOptions) -> tuple[str, ...]:
    """A pod's devices as the engine is asked for them: by UUID; to CDI by number, which every generator writes."""
    if options.gpu_request == "nvidia":
        return record.gpus
    return tuple(gpu.number for gpu in gpus_of(options.gpus, record.gpus)) or record.gpus


def is_for_good(refused: EngineRefused) -> bool:
    """Whether another try cannot help; a network that is not there is made by the next one."""
    return refused.status in NEVER_STARTS and "network" not in refused.message


def seen_as(identity: str, spec: ContainerSpec) -> SeenContainer:
    """As a list would tell of it."""
    return seen(identity, spec.name, "running", spec.labels)


async def adopted_container(
    inventory: ContainerInventory, site: SiteFacts, options: DockerOptions, run: RunFolder, found: SeenContainer
) -> StartedContainer | None:
    """Write down the container of a run that runs, or has; None where it never started: it is removed then.

    Raises `EngineError`.
    """
    inspected = await inventory.inspect(found.id)
    if inspected is None:
        return None
    started_at = unix_time(str((inspected.get("State") or {}).get("StartedAt", "")))
    if started_at is None:
        await inventory.remove(found.id)
        return None
    order = run.read_order() or {}
    host, port = reached_at(inspected, site, int(order.get("port", 0)))
    container = StartedContainer(
        id=found.id,
        name=found.name,
        at=started_at,
        host=host,
        port=port,
        advertised=f"{host}:{port}",
        engine=inventory.engine.address,
        is_limited=site.is_limited,
        health_path=order.get("health_path"),
        image=order.get("shown_image"),
    )
    write_container(run, container)
    return container


def reached_at(inspected: Mapping[str, Any], site: SiteFacts, port: int) -> tuple[str, int]:
    """Host and port of an inspected container; one that has ended already is reached nowhere."""
    settings = inspected.get("NetworkSettings") or {}
    if site.is_published:
        bound = (settings.get("Ports") or {}).get(f"{port}/tcp") or [{}]
        return "127.0.0.1", int(bound[0].get("HostPort") or 0)
    joined = [each for each in (settings.get("Networks") or {}).values() if each.get("NetworkID") == site.network.id]
    return str(joined[0].get("IPAddress") or "127.0.0.1") if joined else "127.0.0.1", port
