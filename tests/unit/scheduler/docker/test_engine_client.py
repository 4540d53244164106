"""Versions of the Engine API are negotiated, and what an engine answers is mapped, by recorded answers."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from scheduler.backends.docker.engine.client import NEWEST, Engine, negotiate
from scheduler.backends.docker.engine.errors import EngineAway, EngineRefused, EngineUnsuited

DOCKER_20 = {
    "Platform": {"Name": ""},
    "Components": [{"Name": "Engine", "Version": "20.10.24+dfsg1", "Details": {"MinAPIVersion": "1.12"}}],
    "Version": "20.10.24+dfsg1",
    "ApiVersion": "1.41",
    "MinAPIVersion": "1.12",
}
DOCKER_29 = {
    "Platform": {"Name": "Docker Engine - Community"},
    "Components": [{"Name": "Engine", "Version": "29.0.2", "Details": {"MinAPIVersion": "1.44"}}],
    "Version": "29.0.2",
    "ApiVersion": "1.52",
    "MinAPIVersion": "1.44",
}
PODMAN_4 = {
    "Platform": {"Name": "linux/amd64/debian-12"},
    "Components": [{"Name": "Podman Engine", "Version": "4.9.4", "Details": {"APIVersion": "4.9.4"}}],
    "Version": "4.9.4",
    "ApiVersion": "1.41",
    "MinAPIVersion": "1.24",
}


@pytest.mark.parametrize(
    ("said", "api", "name"),
    [
        (DOCKER_20, (1, 41), "Docker"),
        (DOCKER_20 | {"ApiVersion": "1.47", "MinAPIVersion": "1.24", "Version": "27.5.1"}, (1, 47), "Docker"),
        (DOCKER_29, (1, 52), "Docker"),
        (DOCKER_29 | {"ApiVersion": "1.60"}, NEWEST, "Docker"),
        (PODMAN_4, (1, 41), "Podman"),
    ],
)
def test_the_newest_version_that_both_know_is_spoken(said: dict[str, Any], api: tuple[int, int], name: str) -> None:
    found = negotiate(said, "unix:///s")
    assert (found.api, found.name, found.is_podman) == (api, name, name == "Podman")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"ApiVersion": "1.40"}, "speaks API 1.40; pods need 1.41 or newer"),
        ({"ApiVersion": "1.70", "MinAPIVersion": "1.53"}, "nothing older than API 1.53"),
        ({"ApiVersion": None}, "speaks API 0.0"),
        ({"ApiVersion": "new"}, "speaks API 0.0"),
    ],
)
def test_an_engine_that_cannot_be_worked_with_is_refused_in_a_sentence(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(EngineUnsuited, match=why):
        negotiate(DOCKER_20 | changes, "unix:///s")


class Recorded:
    """An engine that answers what was recorded, and notes what it was asked."""

    def __init__(self, answers: dict[str, httpx.Response]) -> None:
        self.asked: list[httpx.Request] = []
        self._answers = {"/version": httpx.Response(200, json=DOCKER_20)} | answers

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return self._answers[request.url.path]


def engine_of(answers: dict[str, httpx.Response]) -> tuple[Engine, Recorded]:
    recorded = Recorded(answers)
    return Engine("unix:///s", httpx.MockTransport(recorded)), recorded


async def test_every_call_names_the_version_and_the_version_is_asked_for_once() -> None:
    engine, recorded = engine_of({"/v1.41/info": httpx.Response(200, json={"MemoryLimit": True})})
    assert (await engine.get("/info"))["MemoryLimit"]
    await engine.get("/info")
    assert [request.url.path for request in recorded.asked] == ["/version", "/v1.41/info", "/v1.41/info"]


async def test_queries_are_written_as_the_engine_reads_them() -> None:
    engine, recorded = engine_of({"/v1.41/containers/json": httpx.Response(200, json=[])})
    await engine.get("/containers/json", all=True, filters={"label": ["a=b"]}, since=None, follow=False)
    assert dict(recorded.asked[-1].url.params) == {"all": "1", "filters": '{"label": ["a=b"]}', "follow": "0"}


@pytest.mark.parametrize(
    ("answer", "status", "message"),
    [
        (httpx.Response(404, json={"message": "No such container: x"}), 404, "No such container: x"),
        (httpx.Response(500, text="panic"), 500, "panic"),
        (httpx.Response(409, json=["odd"]), 409, '["odd"]'),
        (httpx.Response(503), 503, "status 503"),
    ],
)
async def test_a_refusal_says_what_the_engine_says(answer: httpx.Response, status: int, message: str) -> None:
    engine, _ = engine_of({"/v1.41/containers/x/json": answer})
    with pytest.raises(EngineRefused) as refused:
        await engine.get("/containers/x/json")
    assert (refused.value.status, refused.value.message) == (status, message)


async def test_nobody_at_the_socket_is_another_thing() -> None:
    def unreachable(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("[Errno 2] No such file or directory")

    engine = Engine("unix:///s", httpx.MockTransport(unreachable))
    with pytest.raises(EngineAway, match="unix:///s does not answer"):
        await engine.get("/info")


async def test_lines_of_an_answer_are_objects_whatever_the_engine_puts_between_them() -> None:
    text = b'{"Action":"start"}\n\r\n{"Action":"die"}'
    engine, _ = engine_of({"/v1.41/events": httpx.Response(200, content=text)})
    assert [each["Action"] async for each in engine.lines("GET", "/events")] == ["start", "die"]
