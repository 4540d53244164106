"""Resource groups that name what runs their pods: which may be named, what follows for versions, nodes and images."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import create_engine, text

from controller.main import MIGRATIONS
from running_services.running_controller import Controller, Peers, wine
from shared import migrations
from shared.contracts.deployment import Resources, VersionState
from shared.contracts.nodes import Machine
from shared.contracts.rpc.controller import DEPLOYMENTS, DeploymentList
from shared.contracts.rpc.method import Nothing
from shared.ids import new_id
from waiting.eventually import eventually

GROUP = {"name": "boxes", "projects": ["default"], "backend": "docker"}
PATH = "/resource-groups/boxes"
IN_BOXES = {"kind": "group", "group": "boxes", "cpu": 1, "memory_gb": 2}
SHARED = {"kind": "shared", "spec": "1C2G"}
IMAGE = {"kind": "image", "image": "registry.example.com/ns/wine:1"}
CLUSTER = Machine(name="namespace penstock", cpu=100, memory_gb=400)


@pytest.fixture
def backends(peers: Peers) -> Peers:
    """A scheduler with processes by default, an engine on the same machine and a cluster."""
    peers.has("process", "docker", "kubernetes", kubernetes=CLUSTER)
    return peers


async def told(peers: Peers) -> DeploymentList:
    answer = await peers.scheduler.call(DEPLOYMENTS, Nothing())
    assert isinstance(answer, DeploymentList)
    return answer


async def started(controller: Controller, **version: Any) -> Any:
    body = {"name": "wine", "start": True, "version": wine(resource_source=IN_BOXES) | version}
    return await controller.call("POST", "/services", 201, json=body)


async def test_only_a_backend_that_the_scheduler_has_may_be_named(controller: Controller, peers: Peers) -> None:
    peers.has("process", "docker")
    made = await controller.call("POST", "/resource-groups", 201, json=GROUP)
    assert made["backend"] == "docker"
    refused = await controller.call("PATCH", PATH, 400, json={"backend": "kubernetes"})
    said = "The scheduler does not have the backend kubernetes ready: it has process, docker (SCHEDULER_BACKENDS)"
    assert (refused["message"], refused["details"][0]["loc"]) == (said, ["backend"])
    far = {"name": "far", "backend": "kubernetes"}
    assert (await controller.call("POST", "/resource-groups", 400, json=far))["message"] == said
    await controller.call("POST", "/resource-groups", 400, json=GROUP | {"name": "x", "backend": "podman"})
    plain = await controller.call("POST", "/resource-groups", 201, json={"name": "plain"})
    assert plain["backend"] is None
    assert (await controller.call("PATCH", PATH, json={"backend": None}))["backend"] is None
    shown = (await controller.call("GET", "/capacity"))["backends"]
    assert [(each["name"], each["is_default"], each["machine"]) for each in shown] == [
        ("process", True, "here"),
        ("docker", False, "here"),
    ]
    lines = (await controller.call("GET", "/audit?resource_kind=resource group"))["items"]
    assert ("docker", None) in [((line["before"] or {}).get("backend"), line["after"].get("backend")) for line in lines]


async def test_nothing_is_named_while_the_scheduler_is_away(offline: Controller) -> None:
    await offline.call("POST", "/resource-groups", 503, json=GROUP)
    await offline.call("POST", "/resource-groups", 201, json={"name": "boxes"})
    await offline.call("PATCH", PATH, 503, json={"backend": None})
    assert (await offline.call("PATCH", PATH, json={"description": "x"}))["backend"] is None


async def test_pods_and_nodes_of_a_group_are_told_with_its_backend_and_follow_a_change_of_it(
    controller: Controller, backends: Peers
) -> None:
    await controller.call("POST", "/resource-groups", 201, json=GROUP)
    await controller.call("POST", f"{PATH}/nodes", 201, json={"name": "a", "cpu": 4, "memory_gb": 8})
    await started(controller)
    before = await told(backends)
    assert [node.backend for node in before.nodes] == ["docker"]
    assert before.items[0].resources.backend == "docker"

    await controller.call("PATCH", PATH, json={"backend": "process"})
    after = await told(backends)
    assert [(node.backend, node.generation) for node in after.nodes] == [("process", 2)]
    (now,) = after.items
    assert (now.resources.backend, now.generation) == ("process", before.items[0].generation + 1)
    assert now.pod_configuration() != before.items[0].pod_configuration()
    await controller.call("PATCH", PATH, json={"backend": "process"})
    assert (await told(backends)).items == after.items
    await controller.call("PATCH", PATH, json={"backend": None})
    (now,) = (await told(backends)).items
    assert "backend" not in now.resources.model_dump(mode="json")


async def test_a_roll_back_does_not_bring_back_another_backend_than_the_groups(
    controller: Controller, backends: Peers
) -> None:
    await controller.call("POST", "/resource-groups", 201, json=GROUP)
    await started(controller)
    (ran,) = (await told(backends)).items
    ready = VersionState(
        version_id=ran.version_id,
        service="wine",
        version="v1",
        generation=ran.generation,
        phase="running",
        desired_replicas=1,
        ready_replicas=1,
    )
    backends.states = (ready,)

    async def is_running() -> bool:
        return bool((await controller.call("GET", "/services/wine"))["status"] == "running")

    await eventually(is_running)
    await controller.call("PATCH", "/services/wine/versions/v1", json={"env": {"A": "1"}})
    await controller.call("PATCH", PATH, json={"backend": "process"})
    (bad,) = (await told(backends)).items
    given_up = {"generation": bad.generation, "is_rolling": True, "has_rollout_failed": True, "reason": "NeverReady"}
    backends.states = (ready.model_copy(update=given_up),)

    async def is_back() -> bool:
        (now,) = (await told(backends)).items
        return now.generation == bad.generation + 1

    await eventually(is_back)
    (back,) = (await told(backends)).items
    assert (back.env, back.resources.backend) == ({}, "process")


async def test_nodes_are_shares_of_the_machine_that_their_backend_runs_pods_on(
    controller: Controller, backends: Peers
) -> None:
    for name, backend in (("boxes", "docker"), ("plain", None), ("far", "kubernetes")):
        await controller.call("POST", "/resource-groups", 201, json={"name": name, "backend": backend})
    node = {"cpu": 6, "memory_gb": 8}
    boxed = await controller.call("POST", f"{PATH}/nodes", 201, json=node | {"name": "a"})
    far = await controller.call("POST", "/resource-groups/far/nodes", 201, json=node | {"name": "b", "cpu": 60})
    assert (boxed["machine"], far["machine"]) == ("here", "namespace penstock")
    refused = await controller.call("POST", "/resource-groups/plain/nodes", 409, json=node | {"name": "c"})
    assert refused["message"] == "Machine 'here' has 2 cores left that no node reserves, not 6"
    backends.sees(boxed, far)
    refused = await controller.call("POST", f"{PATH}/nodes/a/move", 409, json={"group": "far"})
    assert "is a share of 'here', and the pods of resource group 'far' run on 'namespace pen" in refused["message"]
    await controller.call("POST", f"{PATH}/nodes/a/move", json={"group": "plain"})
    refused = await controller.call("PATCH", "/resource-groups/far", 409, json={"backend": None})
    assert refused["message"].endswith("runs pods on 'here': release them first")
    assert (await controller.call("PATCH", "/resource-groups/plain", json={"backend": "docker"}))["nodes"] == 1


async def test_an_image_goes_where_its_groups_backend_runs_images(controller: Controller, backends: Peers) -> None:
    await controller.call("POST", "/resource-groups", 201, json=GROUP)
    plain = {"kind": "group", "group": "plain", "cpu": 1, "memory_gb": 1}
    await controller.call("POST", "/resource-groups", 201, json={"name": "plain", "projects": ["default"]})
    for source in (SHARED, plain):
        body = {"name": "wine", "version": {"model_source": IMAGE, "resource_source": source}}
        refused = await controller.call("POST", "/services", 400, json=body)
        assert "SCHEDULER_BACKENDS" in refused["message"]
        assert refused["details"][0]["loc"] == ["model_source", "kind"]
    await started(controller, model_source=IMAGE)
    for path in ("/services/wine/versions/v1", "/services/wine"):
        await controller.call("PATCH", path, 400, json={"resource_source": SHARED})
    await controller.call("PATCH", "/services/wine/versions/v1", json={"resource_source": IN_BOXES | {"cpu": 2}})
    refused = await controller.call("PATCH", PATH, 409, json={"backend": None})
    assert "which the backend that is the default cannot run" in refused["message"]
    await controller.call("PATCH", PATH, json={"backend": "kubernetes"})
    # A model may go anywhere, and what it is made from is asked of the group that it is in.
    await controller.call("POST", "/services", 201, json={"name": "other", "version": wine(resource_source=plain)})
    refused = await controller.call("PATCH", "/services/other/versions/v1", 400, json={"model_source": IMAGE})
    assert "of resource group 'plain'" in refused["message"]


async def test_files_of_images_are_mounted_where_a_groups_backend_can(controller: Controller, backends: Peers) -> None:
    await controller.call("POST", "/resource-groups", 201, json=GROUP)
    source = IMAGE | {"mounts": [{"kind": "oci", "path": "/models", "uri": "oci://r.io/models/wine:3"}]}
    body = {"name": "wine", "version": {"model_source": source, "resource_source": IN_BOXES}}
    refused = await controller.call("POST", "/services", 400, json=body)
    assert "The Docker backend of resource group 'boxes' cannot mount files of images" in refused["message"]
    assert refused["details"][0]["loc"] == ["model_source", "image", "mounts", 0, "kind"]
    await controller.call("PATCH", PATH, json={"backend": "kubernetes"})
    made = await controller.call("POST", "/services", 201, json=body)
    (mount,) = made["versions"][0]["model_source"]["mounts"]
    assert (mount["kind"], mount["credentials"]) == ("oci", None)
    refused = await controller.call("PATCH", PATH, 409, json={"backend": "docker"})
    assert "mounts, or would be rolled back to mount, files of an image" in refused["message"]


async def test_who_goes_back_is_told_of_groups_that_name_a_backend(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/controller.db"
    config, engine = migrations._config(MIGRATIONS, url), create_engine(url.replace("+aiosqlite", ""))
    await asyncio.to_thread(command.upgrade, config, "0026")
    insert = text(
        "INSERT INTO resource_groups (id, name, description, tags, backend, creator, created_at, updated_at, revision)"
        " VALUES (:id, 'boxes', '', '{}', 'docker', 'ada', '2026-01-01', '2026-01-01', 1)"
    )
    with engine.begin() as connection:
        connection.execute(insert, {"id": new_id().hex})
    with pytest.raises(RuntimeError, match="1 resource groups name a backend: set it to null"):
        await asyncio.to_thread(command.downgrade, config, "0025")
    with engine.begin() as connection:
        connection.execute(text("UPDATE resource_groups SET backend = NULL"))
    await asyncio.to_thread(command.downgrade, config, "0025")
    await asyncio.to_thread(command.upgrade, config, "0026")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT name, backend FROM resource_groups")).all() == [("boxes", None)]


def test_resources_that_name_no_backend_are_written_as_before() -> None:
    plain = Resources(spec="1C2G", cpu=1, memory_gb=2)
    assert set(plain.model_dump(mode="json")) == {"spec", "cpu", "memory_gb", "gpu"}
