"""Pulling an image: what registries and engines answer, as they answer it."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from scheduler.backends.docker.engine import pull
from scheduler.backends.docker.engine.client import Engine
from scheduler.backends.docker.engine.errors import EngineRefused
from scheduler.backends.docker.engine.pull import (
    AUTH_HEADER,
    PullProgress,
    auth_header,
    has_tag,
    pull_image,
    registry_of,
)
from scheduler.backends.preparation.registry_logins import RegistryLogin

PULLED: list[dict[str, object]] = [
    {"status": "Pulling from team/wine", "id": "1"},
    {"status": "Pulling fs layer", "progressDetail": {}, "id": "a"},
    {"status": "Downloading", "progressDetail": {"current": 1048576, "total": 4194304}, "id": "a"},
    {"status": "Downloading", "progressDetail": {"current": 1048576, "total": 2097152}, "id": "b"},
    {"status": "Download complete", "progressDetail": {}, "id": "a"},
    {"status": "Extracting", "progressDetail": {"current": 1, "total": 2}, "id": "a"},
    {"status": "Pull complete", "progressDetail": {}, "id": "a"},
    {"status": "Digest: sha256:12"},
]


def engine(lines: list[dict[str, object]], asked: list[httpx.Request]) -> Engine:
    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if request.url.path == "/version":
            return httpx.Response(200, json={"ApiVersion": "1.41", "MinAPIVersion": "1.12", "Version": "20.10.24"})
        if request.url.path.endswith("/images/create"):
            return httpx.Response(200, content="\r\n".join(map(json.dumps, lines)))
        return httpx.Response(200, json={"Id": "sha256:34"})

    return Engine("unix:///s", httpx.MockTransport(answer))


async def test_progress_is_told_in_bytes_and_the_image_is_known_by_its_id() -> None:
    asked: list[httpx.Request] = []
    told: list[str] = []
    login = RegistryLogin("me", "hush")
    found = await pull_image(engine(PULLED, asked), "r.io:5000/team/wine", login, lambda p: told.append(str(p)))
    assert found == "sha256:34"
    assert told[-1] == "5 of 6 MiB"
    pull = next(request for request in asked if request.url.path.endswith("/images/create"))
    assert pull.url.params["fromImage"] == "r.io:5000/team/wine:latest"
    said = json.loads(base64.urlsafe_b64decode(pull.headers[AUTH_HEADER]))
    assert said == {"username": "me", "password": "hush", "serveraddress": "r.io:5000"}


async def test_without_a_login_none_is_sent() -> None:
    asked: list[httpx.Request] = []
    await pull_image(engine(PULLED, asked), "wine:1", None, lambda _: None)
    assert not any(AUTH_HEADER in request.headers for request in asked)


@pytest.mark.parametrize(
    ("message", "status"),
    [
        ("manifest for r.io/x:1 not found: manifest unknown", 404),
        ('Head "https://r.io/v2/x": unauthorized: authentication required', 401),
        ("pull access denied for x, repository does not exist or may require 'docker login'", 401),
        ("write /var/lib/docker/tmp/a: no space left on device", 500),
        ('Get "https://r.io/v2/": dial tcp: lookup r.io on 10.0.0.1:53: no such host', 500),
        ('Get "https://r.io/v2/": dial tcp 127.0.0.1:9: connect: permission denied', 500),
    ],
)
async def test_an_error_inside_an_answer_of_200_is_an_error(message: str, status: int) -> None:
    lines: list[dict[str, object]] = [PULLED[0], {"errorDetail": {"message": message}, "error": message}]
    with pytest.raises(EngineRefused) as refused:
        await pull_image(engine(lines, []), "r.io/x:1", None, lambda _: None)
    assert (refused.value.status, refused.value.message) == (status, message)


@pytest.mark.parametrize(
    ("image", "registry", "is_tagged"),
    [
        ("wine", "docker.io", False),
        ("team/wine:1", "docker.io", True),
        ("localhost/wine", "localhost", False),
        ("r.io:5000/wine", "r.io:5000", False),
        ("r.io/wine@sha256:12", "r.io", True),
    ],
)
def test_references(image: str, registry: str, is_tagged: bool) -> None:
    assert (registry_of(image), has_tag(image)) == (registry, is_tagged)


def test_a_layer_of_unknown_size_counts_nothing_and_no_password_is_shown() -> None:
    progress = PullProgress()
    progress.heard({"status": "Downloading", "id": "a", "progressDetail": {"current": 5}})
    assert (progress.done, progress.total) == (0, 0)
    login = RegistryLogin("me", "hush")
    assert "hush" not in repr(login)
    assert "=" not in auth_header(login, "r.io").rstrip("=")


async def test_a_pull_that_gets_no_further_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hanging(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield json.dumps(PULLED[0]).encode() + b"\n"
            await asyncio.Event().wait()

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/version":
            return httpx.Response(200, json={"ApiVersion": "1.41", "MinAPIVersion": "1.12", "Version": "20.10.24"})
        return httpx.Response(200, stream=Hanging())

    monkeypatch.setattr(pull, "STALLED_S", 0.05)
    with pytest.raises(EngineRefused, match="nothing more has come for"):
        await pull_image(Engine("unix:///s", httpx.MockTransport(answer)), "r.io/a:1", None, lambda _: None)
