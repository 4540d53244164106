"""Images of owners on a real cluster: a server that knows nothing of the platform, its files, its login."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from kubernetes_world.cluster import IMAGE, START_S, as_scheduler, kubectl, mounts_images, node_content, on_cluster
from running_services.scheduler_world import wanted
from scheduler.backends.kubernetes.manifests.names import object_name
from servers.image_registry import USER, ImageRegistry
from shared.contracts.deployment import ArtifactMount, Deployment, FileMount, ImageSource, OciMount, Resources
from shared.contracts.rpc.controller import ImageSecret
from waiting.eventually import eventually

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

SERVER = Path(__file__).parents[3] / "support" / "servers" / "plain_server.py"
LOGIN = ImageSecret(kind="registry", fields={"username": "me", "password": "hush"})


def an_image(**source: Any) -> Deployment:
    files = (
        FileMount(path="/srv/app/server.py", content=SERVER.read_text()),
        ArtifactMount(path="/opt/model", uri="models:/wine/3"),
        FileMount(path="/etc/app.yaml", content="a: 1\n"),
    )
    shown = tuple(each.path for each in files)
    given: dict[str, Any] = {
        "image": IMAGE,
        "command": ("python3", "/srv/app/server.py"),
        "args": ("9000", *shown),
        "port": 9000,
        "health_path": "/up",
        "mounts": files,
        **source,
    }
    size = {"resources": Resources(spec="x", cpu=0.5, memory_gb=0.25), "env": {"MODE": "fast"}}
    return wanted(1).model_copy(update={"model_source": ImageSource(**given), **size})


async def test_a_server_that_knows_nothing_of_the_platform_serves_as_a_pod(tmp_path: Path, namespace: str) -> None:
    deployment = an_image(credentials="pull")
    config = as_scheduler(namespace, tmp_path)
    async with on_cluster(tmp_path, namespace, config, image_secret=LOGIN) as world:
        await world.backend.apply(deployment)
        (pod,) = await world.until_ready()
        assert pod.address is not None
        assert pod.address.endswith(":9000")
        async with aiohttp.ClientSession() as caller, caller.post(f"http://{pod.address}/label", data=b"x=1") as answer:
            told = await answer.json(content_type=None)
        assert (told["path"], told["body"], told["user"]) == ("/label", "x=1", 10001)
        assert told["environment"] == {
            "MODE": "fast",
            "PENSTOCK_POD": pod.pod,
            "PENSTOCK_SERVICE": deployment.service,
            "PENSTOCK_VERSION": deployment.version,
        }
        assert told["files"]["/etc/app.yaml"] == "a: 1\n"
        assert told["files"]["/opt/model"] == ["file-1"]
        assert told["writable"] == []
        assert (pod.report, pod.image is None) == (None, False)
        assert [each.note.message for each in world.seen if each.note and each.note.reason == "ImagePulled"] == [
            f"its image is {pod.image}"
        ]
        name = f"{object_name(deployment)}-pull"
        secret = kubectl("-n", namespace, "get", "secret", name, "-o", "jsonpath={.type}")
        assert secret == "kubernetes.io/dockerconfigjson"
        await world.backend.delete(deployment.version_id)
        await eventually(lambda: not world.now, within=60)
        await eventually(lambda: not kubectl("-n", namespace, "get", "secrets", "-o", "name"), within=60)


async def test_an_image_that_cannot_be_had_is_said_to_be_so(tmp_path: Path, namespace: str) -> None:
    source = {"image": "127.0.0.1:9/team/app:1", "mounts": ()}
    async with on_cluster(tmp_path, namespace) as world:
        await world.backend.apply(an_image(**source))
        await eventually(lambda: [each for each in world.seen if each.reason == "RegistryUnreachable"], within=START_S)
        (pod,) = world.now.values()
        assert pod.status == "Waiting"


async def test_files_of_an_image_are_mounted_or_it_is_told_that_they_cannot(tmp_path: Path, namespace: str) -> None:
    """Which of both: by what the cluster can (`docs/kubernetes.md`, images as volumes)."""
    server = FileMount(path="/srv/app/server.py", content=SERVER.read_text())
    mounts = (server, OciMount(path="/other", uri=f"oci://{IMAGE}"))
    deployment = an_image(mounts=mounts, args=("9000", "/other", "/other/etc"))
    async with on_cluster(tmp_path, namespace, as_scheduler(namespace, tmp_path)) as world:
        await world.backend.apply(deployment)
        if not mounts_images():
            await eventually(
                lambda: [each for each in world.seen if each.reason == "ImageVolumesMissing"], within=START_S
            )
            assert [each.status for each in world.now.values()] == ["Waiting"]
            return
        (pod,) = await world.until_ready()
        async with aiohttp.ClientSession() as caller, caller.post(f"http://{pod.address}/label", data=b"x=1") as answer:
            told = await answer.json(content_type=None)
        assert {"etc", "usr"} <= set(told["files"]["/other"])
        assert "passwd" in told["files"]["/other/etc"]
        assert told["writable"] == []


@pytest.mark.skipif("TEST_CONTAINERD" not in os.environ, reason="TEST_CONTAINERD names no node that is this machine")
async def test_pods_that_are_added_after_a_login_was_changed_are_pulled_with_the_new_one(
    tmp_path: Path, namespace: str
) -> None:
    registry = ImageRegistry("team/app")
    manifest = node_content()  # its layers are on the node: what a pull asks the registry for is which they are
    registry.offer(manifest)
    config = json.loads(manifest)["config"]["digest"]
    registry.blobs[config] = node_content(config)
    registry.server.start()

    def login() -> ImageSecret:
        return ImageSecret(kind="registry", fields={"username": USER, "password": registry.password})

    # `latest`: the node asks for it before each start, whether it has it or not.
    files = (FileMount(path="/srv/app/server.py", content=SERVER.read_text()),)
    deployment = an_image(image=registry.name, credentials="pull", mounts=files, args=("9000",))
    try:
        async with on_cluster(tmp_path, namespace, as_scheduler(namespace, tmp_path), image_secret=login()) as world:
            await world.backend.apply(deployment)
            await world.until_ready(1)
            registry.password = "rotated"
            world.image_secret = login()
            await world.backend.apply(deployment.model_copy(update={"desired_replicas": 2, "generation": 2}))
            await world.until_ready(2)
            assert registry.refused == 0

            registry.password = "rotated before the secret was"
            await world.backend.apply(deployment.model_copy(update={"desired_replicas": 3, "generation": 3}))
            await eventually(lambda: [each for each in world.seen if each.reason == "ImageRefused"], within=START_S)
            world.image_secret = login()
            await world.until_ready(3, within=180)
    finally:
        registry.server.stop()
