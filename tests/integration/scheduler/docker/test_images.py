"""Images of owners on a real engine: a server that knows nothing of the platform, a private registry, files."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import UUID

import httpx
import pytest

from running_services.backend_kinds import Containers
from running_services.scheduler_world import World, at_work, wanted
from scheduler.backends.docker.engine.client import Engine
from scheduler.backends.docker.preparation.image_containers import ImageContainers
from scheduler.backends.docker.preparation.pinned_images import PinnedImages
from scheduler.backends.docker.runner import DockerRunner
from scheduler.backends.docker.site.host_paths import HostPaths
from scheduler.backends.errors import PreparationFailed
from scheduler.backends.lifecycle.folders.pod_folder import PodRecord
from scheduler.backends.lifecycle.folders.run_folder import RunFolder
from scheduler.backends.models.cache import ModelCache
from scheduler.backends.preparation.mounts import MountCache
from scheduler.domain.rollout import template_of
from scheduler.domain.values import LogPosition, PodNote
from servers.container_engine import ADDRESS, docker, missing_engine, python_image
from servers.image_registry import PASSWORD, USER, ImageRegistry
from shared.clock import SystemClock
from shared.contracts.deployment import ArtifactMount, Deployment, FileMount, ImageSource, SecretKeyRef
from shared.contracts.rpc.controller import ImageSecret
from waiting.eventually import eventually

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(missing_engine() is not None, reason=missing_engine() or ""),
]

SERVER = Path(__file__).parents[3] / "support" / "servers" / "plain_server.py"
DOCKER = Containers()


def images(home: Path, engine: Engine, password: str = PASSWORD) -> ImageContainers:
    async def ask(_: UUID, name: str) -> ImageSecret:
        return ImageSecret(kind="registry", fields={"username": USER, "password": password})

    async def no_registry(_: str) -> Any:
        raise AssertionError

    mounts = MountCache(ModelCache(home / "models", "http://127.0.0.1:9", {}, no_registry), ask)
    return ImageContainers(engine, PinnedImages(home / "images"), mounts)


@asynccontextmanager
async def running_images(home: Path) -> AsyncIterator[World]:
    usual, engine = DOCKER.runner(home), Engine(ADDRESS)
    runner = DockerRunner(engine, usual.installation, images(home, engine), usual.options, SystemClock())

    async def secrets(_: UUID, refs: Any) -> list[str]:
        return ["hush"] * len(refs)

    async with at_work(home, runner, runner.options, ask_for_secrets=secrets) as world:
        yield world


def plain_server(*mounts: Any, port: int = 9000) -> Deployment:
    """The test's Python image with a server brought as a file."""
    image = python_image()
    assert image is not None
    name = docker("image", "inspect", "--format", "{{index .RepoTags 0}}", image).strip()
    files = (FileMount(path="/srv/app/server.py", content=SERVER.read_text()), *mounts)
    shown = tuple(each.path for each in files)
    source = ImageSource(
        image=name,
        command=("python3", "/srv/app/server.py"),
        args=(str(port), *shown),
        port=port,
        health_path="/up",
        mounts=files,
    )
    env: dict[str, str | SecretKeyRef] = {"MODE": "fast", "KEY": SecretKeyRef(secret="s", key="k")}
    return wanted(1).model_copy(update={"model_source": source, "env": env})


async def test_a_server_that_knows_nothing_of_the_platform_serves_as_a_pod(home: Path) -> None:
    model = ArtifactMount(path="/opt/model", uri="models:/wine/3")
    deployment = plain_server(FileMount(path="/etc/app.yaml", content="a: 1\n"), model)
    versions, folder = home / "models" / "versions", home / "models" / "beef"
    folder.mkdir(parents=True)
    (folder / "MLmodel").write_text("flavor")
    versions.mkdir()
    (versions / f"{deployment.version_id}-{template_of(deployment)}.2").write_text("beef")
    async with running_images(home) as world:
        await world.backend.apply(deployment)
        (pod,) = await eventually(lambda: world.ready, within=60)
        async with httpx.AsyncClient() as caller:
            told = (await caller.post(f"http://{pod.address}/label", content=b"x=1")).json()
        assert (told["path"], told["body"]) == ("/label", "x=1")
        assert told["environment"] == {
            "MODE": "fast",
            "KEY": "hush",
            "PENSTOCK_POD": pod.pod,
            "PENSTOCK_SERVICE": deployment.service,
            "PENSTOCK_VERSION": deployment.version,
        }
        assert told["files"]["/etc/app.yaml"] == "a: 1\n"
        assert told["files"]["/opt/model"] == ["MLmodel"]
        assert pod.report is None
        assert pod.image is not None
        assert pod.image.startswith("sha256:")
        mounts = {each["Destination"]: each["RW"] for each in DOCKER.inspected(pod)["Mounts"]}
        assert mounts == {"/srv/app/server.py": False, "/etc/app.yaml": False, "/opt/model": False}
        lines = [line.text async for line in world.backend.logs(pod.pod, LogPosition())]
        asked = {line for line in lines if line.startswith("GET")}
        assert asked == {"GET /up"}
    async with running_images(home) as world:  # another scheduler finds it as it is
        (adopted,) = await eventually(lambda: world.ready)
        assert (adopted.pod, adopted.run, adopted.image) == (pod.pod, pod.run, pod.image)


async def test_a_command_that_ends_is_tried_again_with_its_exit_code(home: Path) -> None:
    deployment = plain_server()
    source = deployment.image_source()
    assert source is not None
    broken = source.model_copy(update={"command": ("python3", "-c", "raise SystemExit(5)"), "args": None})
    async with running_images(home) as world:
        await world.backend.apply(deployment.model_copy(update={"model_source": broken}))
        await eventually(lambda: [each for each in world.seen if each.end], within=60)
        end = next(each.end for each in world.seen if each.end)
        assert (end.code, end.is_permanent) == (5, False)


async def test_what_cannot_be_mounted_is_told_without_the_machine_s_own_paths(home: Path) -> None:
    deployment = plain_server(FileMount(path="/tmp", content="a file where the image has a folder"))
    async with running_images(home) as world:
        await world.backend.apply(deployment)
        await eventually(lambda: [each for each in world.seen if each.end], within=60)
        end = next(each.end for each in world.seen if each.end)
        assert (end.reason, end.has_run) == ("StartFailed", False)
        assert 'mounting "/tmp"' in end.message
        assert str(home) not in end.message


# ── a private registry ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def registry(home: Path) -> Iterator[ImageRegistry]:
    serving = ImageRegistry(f"team/{home.name.lower().replace('_', '-')}")
    serving.server.start()
    yield serving
    serving.server.stop()
    left = docker("image", "ls", "--quiet", "--no-trunc", serving.name).split()
    if left:
        docker("image", "rm", "--force", *set(left))


async def planned(home: Path, source: ImageSource, password: str = PASSWORD) -> tuple[Any, list[PodNote]]:
    notes: list[PodNote] = []
    deployment = wanted(1).model_copy(update={"model_source": source, "version_id": UUID(int=7)})
    record = PodRecord(name="app-v1-x", deployment=deployment, template="t", created_at=0.0)
    run = RunFolder(home / "run-0", 0)
    run.path.mkdir(exist_ok=True)
    same = HostPaths({PurePosixPath("/"): PurePosixPath("/")})
    engine = Engine(ADDRESS)
    try:
        return await images(home, engine, password).plan(record, run, same, notes.append), notes
    finally:
        await engine.close()


async def test_a_private_image_is_had_by_its_login_and_kept_by_its_digest(home: Path, registry: ImageRegistry) -> None:
    name = f"{registry.name}:1"
    for source, password in ((ImageSource(image=name), ""), (ImageSource(image=name, credentials="s"), "wrong")):
        with pytest.raises(PreparationFailed) as failed:
            await planned(home, source, password)
        assert (failed.value.reason, failed.value.is_permanent) == ("ImageRefused", True), failed.value.message
    source = ImageSource(image=name, credentials="s")
    plan, notes = await planned(home, source)
    assert plan.shown_image == f"{registry.name}@{registry.tag}"
    assert [note.reason for note in notes] == ["PullingImage", "ImagePulled"]
    first, pulls = registry.tag, registry.pulls
    registry.push({"hello": b"another"})
    again, _ = await planned(home, source)
    assert (again.image, registry.pulls) == (plan.image, pulls)
    docker("image", "rm", "--force", plan.image)
    back, _ = await planned(home, source)
    assert (back.image, back.shown_image) == (plan.image, f"{registry.name}@{first}")


async def test_an_image_that_is_not_in_its_registry_is_said_to_be_so(home: Path, registry: ImageRegistry) -> None:
    with pytest.raises(PreparationFailed) as failed:
        await planned(home, ImageSource(image=f"{registry.name}:2", credentials="s"))
    assert (failed.value.reason, failed.value.is_permanent) == ("ImageNotFound", True)
