"""Controller and scheduler are killed again and again in a random series of operations; what is left is the model's.

A hundred operations and three kills (of each alone and of both), another series on each kind of store;
`CONTROL_PLANE_OPERATIONS=500 CONTROL_PLANE_KILLS=20` for a long one, `CONTROL_PLANE_SEED` for other series.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import nats
import pytest

from operations.random_operations import Operation, Operations, seen_as
from operations.rules import Service, Version
from running_services.control_plane import ControlPlane
from scheduler.backends.lifecycle.folders.pod_folder import pod_folders
from scheduler.backends.process.reap import reap
from servers.nats_process import NatsProcess
from servers.postgres_process import PostgresProcess
from shared.bus.kv import Bucket
from shared.contracts.routes import ROUTES_BUCKET
from waiting.eventually import eventually

pytestmark = pytest.mark.timeout(3600)

OPERATIONS = int(os.environ.get("CONTROL_PLANE_OPERATIONS", "100"))
KILLS = int(os.environ.get("CONTROL_PLANE_KILLS", "3"))
SEED = int(os.environ.get("CONTROL_PLANE_SEED", "1"))
KILLED = (("controller",), ("scheduler",), ("controller", "scheduler"))
LATEST_KILL_S = 0.03
"""A kill comes so long after a request was sent, at most: before, in and after its transaction."""


@pytest.fixture(params=["sqlite", "postgresql"])
async def plane(
    request: pytest.FixtureRequest, tmp_path: Path, nats_server: NatsProcess, mlflow_url: str
) -> AsyncIterator[ControlPlane]:
    with ExitStack() as databases:
        urls = {}
        if request.param == "postgresql":
            server: PostgresProcess = request.getfixturevalue("postgres")
            for service in ("CONTROLLER", "SCHEDULER"):
                urls[f"{service}_DATABASE_URL"] = databases.enter_context(server.database())
        plane = ControlPlane(tmp_path, nats_server.url, mlflow_url, urls)
        plane.start()
        yield plane
        await plane.close()
        await asyncio.to_thread(reap, tmp_path, 0.2)


async def test_the_final_state_is_the_models(
    plane: ControlPlane, nats_server: NatsProcess, request: pytest.FixtureRequest
) -> None:
    seed = SEED + ("postgresql" in request.node.name)
    chance = random.Random(seed)
    operations = Operations(random.Random(seed))
    victims = chance.sample(KILLED, len(KILLED))
    kills = Counter(chance.sample(range(OPERATIONS), KILLS))
    statuses: Counter[int] = Counter()
    killed: Counter[str] = Counter()
    for number in range(OPERATIONS):
        operation = operations.next()
        for path in operation.stopped:
            await eventually(lambda path=path: has_ended(plane, path), within=300, every=0.05)  # type: ignore[misc]
        asking = asyncio.create_task(plane.ask(operation.method, operation.path, operation.body, operation.headers))
        if kills[number]:
            await asyncio.sleep(chance.uniform(0, LATEST_KILL_S))
            victims.append(victims.pop(0))
            for name in victims[0]:
                plane.kill(name)
                killed[name] += 1
        answer = await asking
        statuses[answer.status_code] += 1
        note(operation, answer)
    assert all(part.ends == [] and part.process is not None for part in plane.parts.values()), "ended by itself"

    await eventually(lambda: shows(plane, operations), within=300, every=0.2)
    pods = await eventually(lambda: runs_what_is_wanted(plane, operations), within=300, every=0.2)
    connection = await nats.connect(nats_server.url)
    try:
        await eventually(lambda: routes_are_right(connection, operations), every=0.2)
        await eventually(lambda: every_fact_is_told(connection, operations), every=0.2)
        assert (await connection.jetstream().stream_info("DEAD")).state.messages == 0
    finally:
        await connection.close()
    print(f"{dict(killed)} killed, {plane.asked_again} asked again, answers {dict(statuses)}, {pods} pods at the end")


def note(operation: Operation, answer: httpx.Response) -> None:
    assert answer.status_code == operation.status, f"{operation}: {answer.status_code} {answer.text}"
    if answer.status_code == 201:
        operation.note(answer.json())


async def has_ended(plane: ControlPlane, path: str) -> bool:
    return (await plane.ask("GET", path)).json()["status"] in {"draft", "stopped"}


def as_shown(version: Version) -> Version:
    """A version of the model without what the API does not show."""
    if version.is_active:
        return replace(version, resumes=False, asked=0)
    return replace(version, resumes=False, weight=0)


async def shows(plane: ControlPlane, operations: Operations) -> bool:
    """The API shows what the model holds, every version where it should be."""
    found = {each["name"]: each for each in (await plane.ask("GET", "/services")).json()["items"]}
    assert sorted(found) == sorted(operations.services)
    for name, service in operations.services.items():
        seen = found[name]
        assert [seen[key] for key in ("description", "auth_enabled", "tags")] == [
            service.description,
            service.auth_enabled,
            service.tags,
        ]
        versions = {each["name"]: each for each in seen["versions"]}
        assert {key: seen_as(each) for key, each in versions.items()} == {
            key: as_shown(version) for key, version in service.versions.items()
        }
        assert all(
            each["ready_replicas"] == (each["replicas"] if each["status"] == "running" else 0)
            for each in versions.values()
        )
        keys = (await plane.ask("GET", f"/services/{name}/keys")).json()["items"]
        assert {key["id"] for key in keys} == alive_keys(service)
    return True


def alive_keys(service: Service) -> set[str]:
    return {key for alive in service.keys.values() for key in alive}


async def runs_what_is_wanted(plane: ControlPlane, operations: Operations) -> int:
    """As many processes as pods are wanted, each with the configuration that is wanted; returns how many."""
    wanted: Counter[tuple[Any, ...]] = Counter()
    for name, service in operations.services.items():
        for label, version in service.versions.items():
            if version.is_active:
                wanted[name, label, version.model_version, version.max_batch_rows, version.spec] += version.replicas
    running: Counter[tuple[Any, ...]] = Counter()
    for folder in pod_folders(plane.home / "pods"):
        deployment = folder.record.deployment
        source, options = deployment.mlflow_source(), deployment.runtime
        assert source is not None
        alive = [process for run in folder.runs() if (process := run.process()) and process.is_alive()]
        if alive:
            what = (deployment.service, deployment.version, source.version, options.max_batch_rows)
            running[*what, deployment.resources.spec] += len(alive)
    assert running == wanted
    return running.total()


async def routes_are_right(connection: Any, operations: Operations) -> bool:
    """Routers are told of every service, split and key, and of pods that answer."""
    listed = await Bucket(connection.jetstream(), ROUTES_BUCKET).list_all()
    there = {key: json.loads(value) for key, value in listed.items()}
    of_kind: dict[str, dict[str, Any]] = {"intent": {}, "keys": {}, "endpoints": {}}
    for key, value in there.items():
        kind, _, name = key.partition(".")
        of_kind[kind][name] = value
    assert sorted(of_kind["intent"]) == sorted(of_kind["keys"]) == sorted(operations.services)
    async with httpx.AsyncClient() as client:
        for name, service in operations.services.items():
            intent = of_kind["intent"][name]
            assert intent["auth_enabled"] == service.auth_enabled
            assert {each["version"]: each["weight"] for each in intent["versions"]} == service.active()
            assert {key["id"] for key in of_kind["keys"][name]["keys"]} == alive_keys(service)
            for version in intent["versions"]:
                model = service.versions[version["version"]]
                qps = version["rate_limit"] and version["rate_limit"]["qps"]
                assert (version["request_timeout_ms"], qps) == (model.timeout_ms, model.qps)
                assert version["model"] == f"wine/{model.model_version}"
                pods = of_kind["endpoints"][version["version_id"]]["pods"]
                assert len(pods) == model.replicas
                for pod in pods:
                    assert await answers(client, pod["address"])
    return True


async def answers(client: httpx.AsyncClient, address: str) -> bool:
    """A pod that has just been replaced may still be in the table: whoever waits asks again."""
    try:
        return (await client.get(f"http://{address}/ping")).status_code == 200
    except httpx.TransportError:
        return False


async def every_fact_is_told(connection: Any, operations: Operations) -> bool:
    """What was committed has come out of the outbox, once."""
    events = await every_event(connection)
    assert {kind: events[kind] for kind in operations.facts} == operations.facts
    return True


async def every_event(connection: Any) -> Counter[str]:
    """How many facts of each kind the stream holds; each fact once, whoever was killed after sending it."""
    stream = connection.jetstream()
    last = (await stream.stream_info("EVENTS")).state.last_seq
    kinds: dict[str, str] = {}
    for number in range(1, last + 1):
        headers = (await stream.get_msg("EVENTS", number)).headers or {}
        assert headers["ce-id"] not in kinds, f"sent twice: {headers}"
        kinds[headers["ce-id"]] = headers["ce-type"].removeprefix("penstock.").removesuffix(".v1")
    return Counter(kinds.values())
