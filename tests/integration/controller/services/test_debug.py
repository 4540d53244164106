"""`POST …/debug` from the controller's API to a real data plane before a small real pod."""

from __future__ import annotations

import asyncio
import shlex
import subprocess
from collections.abc import AsyncIterator
from typing import Any

import pytest

from controller.domain.services.status import DesiredState
from controller.handlers.services.routes import service_intent
from controller.store.services.services import load_service
from controller.store.tables import ObservationRow
from running_services.router_world import PodRequest, PodServer, World, running_world
from running_services.running_controller import Controller, Peers, wine
from servers.nats_process import NatsProcess
from shared.contracts.rpc.monitor import LogEntry, LogPage, LogsQuery

EXAMPLE = {"dataframe_split": {"columns": ["acidity", "alcohol"], "data": [[7.4, 9.4]]}}


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with running_world() as world:
        yield world


@pytest.fixture
async def debugging(make_controller: Any, mlflow_url: str, world: World) -> Controller:
    controller: Controller = await make_controller(
        mlflow=mlflow_url, router_url=f"http://127.0.0.1:{world.port}", public_url="http://models.example"
    )
    body = {"name": "wine", "start": True, "version": wine(request_timeout_ms=5000)}
    await controller.call("POST", "/services", 201, json=body)
    return controller


async def run(controller: Controller, world: World, pod: PodServer, version: str = "v1") -> None:
    """The scheduler says that the version runs, and the routes say where."""
    deps = controller.app.dependencies
    async with deps.database.unit_of_work() as session:
        stored = await load_service(session, "wine")
        row = stored.version(version).row
        seen: dict[str, Any] = {
            "version_id": row.id,
            "generation": row.generation,
            "phase": "running",
            "ready_replicas": 1,
        }
        session.add(ObservationRow(**seen, was_ready=True, observed_at=deps.clock.now()))
    async with deps.database.read() as session:
        stored = await load_service(session, "wine")
    intent = service_intent(stored, deps.signer.public_key)
    world.version_ids |= {("wine", route.version): route.version_id for route in intent.versions}
    world.table.apply("intent.wine", intent.model_dump_json().encode())
    world.endpoints(pod, version=version)


async def test_a_request_and_what_came_of_it(debugging: Controller, world: World) -> None:
    pod = await world.pod()
    await run(debugging, world, pod)
    body = {"request": {"inputs": ["it's"]}, "headers": {"X-Request-Id": "mine-1"}}
    answer = await debugging.call("POST", "/services/wine/debug", json=body)

    assert (answer["version"], answer["status_code"], answer["request"]) == ("v1", 200, {"inputs": ["it's"]})
    assert answer["response"] == {"predictions": ["wine-v1-0"]}
    assert answer["headers"] == {
        "X-Request-Id": "mine-1",
        "X-Penstock-Version": "v1",
        "X-Penstock-Pod": "wine-v1-0",
    }
    assert answer["duration_ms"] > 0
    timings = answer["timings"]
    assert (timings["total_ms"], timings["queue_ms"]) == (answer["duration_ms"], None)
    assert 0 < timings["router_ms"] < answer["duration_ms"]
    words = shlex.split(answer["curl"])
    assert "http://models.example/wine/versions/v1/predict" in words
    assert "Authorization: Bearer $PENSTOCK_API_KEY" in words
    (request,) = pod.requests
    assert words[-1].encode() == request.body
    assert "x-penstock-debug" not in request.headers
    assert world.ledger.outcomes == []


async def test_the_models_example_stands_in_for_a_request(debugging: Controller, world: World) -> None:
    pod = await world.pod()
    await run(debugging, world, pod)
    answer = await debugging.call("POST", "/services/wine/debug", json={})
    assert answer["request"] == EXAMPLE
    assert len(pod.requests) == 1


async def test_a_model_without_example_needs_a_request(debugging: Controller, world: World) -> None:
    source = {"model_source": {"kind": "mlflow", "model": "xeres", "version": "1"}, "start": True}
    await debugging.call("POST", "/services/wine/versions", 201, json=source)
    await run(debugging, world, await world.pod("wine-v2-0"), "v2")
    refused = await debugging.call("POST", "/services/wine/debug", 400, json={"version": "v2"})
    assert refused["details"][0]["loc"] == ["request"]
    assert "example" in refused["message"]
    answer = await debugging.call("POST", "/services/wine/debug", json={"version": "v2", "request": 1})
    assert answer["headers"]["X-Penstock-Pod"] == "wine-v2-0"


async def test_an_error_of_the_model_is_an_answer(debugging: Controller, world: World) -> None:
    async def fail(_: PodServer, __: PodRequest, writer: Any) -> None:
        writer.write(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 5\r\n\r\nwrong")

    await run(debugging, world, await world.pod(answer=fail))
    answer = await debugging.call("POST", "/services/wine/debug", json={"request": {}})
    assert (answer["status_code"], answer["response"], answer["is_truncated"]) == (500, "wrong", False)


RAISED = b'{"error_code": "MODEL_ERROR", "message": "The model raised an error"}'


@pytest.fixture
async def on_the_bus(
    make_controller: Any, mlflow_url: str, world: World, nats_server: NatsProcess
) -> AsyncIterator[tuple[Controller, Peers]]:
    """The same beside a monitor that has the lines of pods."""
    controller: Controller = await make_controller(
        nats_server.url, mlflow_url, router_url=f"http://127.0.0.1:{world.port}"
    )
    controller.start()
    peers = Peers(nats_server.url)
    await peers.start()
    await asyncio.wait_for(controller.app.dependencies.bus.connected(), 30)
    await controller.call("POST", "/services", 201, json={"name": "wine", "start": True, "version": wine()})
    yield controller, peers
    await peers.close()


async def raising(_: PodServer, __: PodRequest, writer: Any) -> None:
    writer.write(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: %d\r\n\r\n%s" % (len(RAISED), RAISED))


async def test_the_trace_of_a_model_that_raises_comes_with_the_answer(
    on_the_bus: tuple[Controller, Peers], world: World
) -> None:
    controller, peers = on_the_bus
    await run(controller, world, await world.pod(answer=raising))
    stored: list[LogEntry] = []

    def page(query: LogsQuery) -> LogPage:
        if len(peers.asked_logs) == 1:
            return LogPage(items=())  # what pods print takes a moment to arrive
        said = ("Traceback (most recent call last):", "ValueError: no")
        at = controller.app.dependencies.clock.now()
        stored[:] = [LogEntry(at=at, version="v1", pod="p", run=0, offset=n, text=text) for n, text in enumerate(said)]
        return LogPage(items=tuple(reversed(stored)))

    peers.stored = page
    body = {"request": {}, "headers": {"X-Request-Id": "mine-2"}}
    answer = await controller.call("POST", "/services/wine/debug", json=body)

    assert answer["trace"] == ["Traceback (most recent call last):", "ValueError: no"]
    assert {query.request_id for query in peers.asked_logs} == {"mine-2"}


async def test_an_answer_comes_without_its_trace_while_nobody_has_it(debugging: Controller, world: World) -> None:
    await run(debugging, world, await world.pod(answer=raising))
    answer = await debugging.call("POST", "/services/wine/debug", json={"request": {}})
    assert (answer["status_code"], answer["trace"]) == (500, [])


async def test_a_long_answer_is_cut(debugging: Controller, world: World) -> None:
    async def long(_: PodServer, __: PodRequest, writer: Any) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n" + b"7" * 5_000_000)

    await run(debugging, world, await world.pod(answer=long))
    answer = await debugging.call("POST", "/services/wine/debug", json={"request": {}})
    assert answer["is_truncated"]
    assert answer["response"] == "7" * 4 * 1024 * 1024


async def test_the_line_of_a_long_request_is_one_that_a_shell_can_run(debugging: Controller, world: World) -> None:
    pod = await world.pod()
    await run(debugging, world, pod)
    long = {"inputs": ["it's 100 %"] * 50_000}
    answer = await debugging.call("POST", "/services/wine/debug", json={"request": long, "headers": {"X-A": "$b"}})
    shell = await asyncio.create_subprocess_exec("sh", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    line = answer["curl"].replace("| curl ", "| told ", 1)
    script = "told() { cat; printf '\\n%s' \"$@\"; }\n" + line
    out, _ = await asyncio.wait_for(shell.communicate(script.encode()), 60)
    body, *words = out.split(b"\n")
    assert body == pod.requests[0].body
    assert b"http://models.example/wine/versions/v1/predict" in words
    assert (b"X-A: $b" in words, b"Authorization: Bearer " in words, words[-1]) == (True, True, b"@-")


async def test_what_does_not_run_is_409_and_what_is_not_there_404(debugging: Controller, world: World) -> None:
    refused = await debugging.call("POST", "/services/wine/debug", 409, json={"request": {}})
    assert "start" in refused["message"]
    await debugging.call("POST", "/services/wine/debug", 409, json={"version": "v1", "request": {}})
    await debugging.call("POST", "/services/wine/debug", 404, json={"version": "v9", "request": {}})
    await debugging.call("POST", "/services/nobody/debug", 404, json={"request": {}})
    await debugging.call("POST", "/services/wine/debug", 400, json={"reqest": {}})
    await run(debugging, world, await world.pod())
    await debugging.call("POST", "/services/wine/stop")
    await debugging.call("POST", "/services/wine/debug", 409, json={"version": "v1", "request": {}})


async def test_a_repeated_debug_request_gets_the_first_answer(debugging: Controller, world: World) -> None:
    pod = await world.pod()
    await run(debugging, world, pod)
    options: dict[str, Any] = {"json": {"request": {}}, "headers": {"Idempotency-Key": "once"}}
    first = await debugging.call("POST", "/services/wine/debug", **options)
    assert await debugging.call("POST", "/services/wine/debug", **options) == first
    assert len(pod.requests) == 1


async def test_a_router_that_is_away_is_503(make_controller: Any, mlflow_url: str, world: World) -> None:
    controller: Controller = await make_controller(mlflow=mlflow_url, router_url="http://127.0.0.1:1")
    await controller.call("POST", "/services", 201, json={"name": "wine", "start": True, "version": wine()})
    await run(controller, world, await world.pod())
    refused = await controller.call("POST", "/services/wine/debug", 503, json={"request": {}})
    assert "router" in refused["message"]


async def test_the_private_key_stays_in_its_file(debugging: Controller) -> None:
    deps = debugging.app.dependencies
    file = debugging.app.settings.home / "debug-key"
    assert file.stat().st_mode & 0o777 == 0o600
    async with deps.database.read() as session:
        stored = await load_service(session, "wine")
    assert stored.versions[0].row.wanted == DesiredState.STARTED
    intent = service_intent(stored, deps.signer.public_key).model_dump_json()
    assert deps.signer.seed.hex() not in intent
    assert file.read_text().strip() not in intent
