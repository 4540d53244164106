"""Models of a tracking server that a secret describes: fetched with its credentials alone, and only from it."""

from __future__ import annotations

import base64
import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from running_services.scheduler_world import wanted
from scheduler.backends.errors import PreparationFailed, RegistryUnavailable
from scheduler.backends.models.cache import ModelCache
from scheduler.domain.rollout import template_of
from shared.contracts.deployment import Deployment
from shared.contracts.rpc.controller import RegistryAccess
from shared.errors import NotFound, PenstockError, Unavailable

PASSWORD = "correct horse battery staple"
BASIC = "Basic " + base64.b64encode(f"ann:{PASSWORD}".encode()).decode()


class Theirs(ThreadingHTTPServer):
    """A tracking server behind a password; `artifacts` says where it claims that its models lie."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.authorization = BASIC
        self.artifacts = "mlflow-artifacts:/model"
        self.status = 200
        self.headers_seen: list[dict[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/base"


class Handler(BaseHTTPRequestHandler):
    server: Theirs

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        asked = {key: values[0] for key, values in parse_qs(url.query).items()}
        self.server.headers_seen.append(dict(self.headers))
        if self.headers["authorization"] != self.server.authorization:
            self.say(401, {"error_code": "UNAUTHENTICATED", "message": f"not {self.headers['authorization']}"})
        elif self.server.status != 200:
            self.say(self.server.status, {"error_code": "X", "message": f"not {self.headers['authorization']}"})
        elif url.path.endswith("/model-versions/get"):
            self.say(200, {"model_version": {**asked, "creation_timestamp": 1, "source": "s"}})
        elif url.path.endswith("/get-download-uri"):
            self.say(200, {"artifact_uri": self.server.artifacts})
        elif url.path.endswith("/artifacts"):
            self.say(200, {"files": [{"path": "MLmodel", "is_dir": False}]})
        else:
            self.say(200, {"flavors": {}})

    def say(self, status: int, body: Any) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        if status == 302:
            self.send_header("Location", "http://127.0.0.1:9/")
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture
def theirs() -> Iterator[Theirs]:
    server = Theirs()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


class Controller:
    """What the controller answers, and how often it was asked."""

    def __init__(self, url: str) -> None:
        self.access = RegistryAccess(url=url, username="ann", password=PASSWORD, allowed=("127.0.0.0/8",))
        self.error: PenstockError | None = None
        self.asked: list[str] = []

    async def __call__(self, registry: str) -> RegistryAccess:
        self.asked.append(registry)
        if self.error is not None:
            raise self.error
        return self.access


def of_theirs(model: str = "wine", **more: Any) -> Deployment:
    deployment = wanted(**more)
    source = deployment.model_source.model_copy(update={"registry": "theirs", "model": model})
    return deployment.model_copy(update={"model_source": source})


def cache_of(home: Path, controller: Controller) -> ModelCache:
    platform = {"MLFLOW_TRACKING_USERNAME": "platform", "MLFLOW_TRACKING_PASSWORD": "own", "AWS_SECRET_ACCESS_KEY": "x"}
    platform |= {"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}
    return ModelCache(home / "models", "http://127.0.0.1:9", dict(os.environ) | platform, controller)


async def fetched(cache: ModelCache, deployment: Deployment) -> Path:
    return await cache.fetch(deployment, template_of(deployment))


async def test_its_credentials_are_used_and_kept_nowhere(tmp_path: Path, theirs: Theirs) -> None:
    controller = Controller(theirs.url)
    path = await fetched(cache_of(tmp_path, controller), of_theirs())
    assert json.loads((path / "MLmodel").read_text()) == {"flavors": {}}
    assert {seen["Authorization"] for seen in theirs.headers_seen} == {BASIC}
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert files
    assert not [file for file in files if PASSWORD.encode() in file.read_bytes()]
    assert controller.asked == ["theirs"]


async def test_a_rotated_secret_is_used_at_the_next_fetch(tmp_path: Path, theirs: Theirs) -> None:
    controller = Controller(theirs.url)
    cache = cache_of(tmp_path, controller)
    theirs.authorization = "Bearer another"
    with pytest.raises(PreparationFailed, match="HTTP 401"):
        await fetched(cache, of_theirs())
    controller.access = RegistryAccess(url=theirs.url, token="another", allowed=("127.0.0.1",))
    await fetched(cache, of_theirs())
    assert controller.asked == ["theirs", "theirs"]


async def test_a_known_model_needs_the_credentials_all_the_same(tmp_path: Path, theirs: Theirs) -> None:
    cache = cache_of(tmp_path, Controller(theirs.url))
    await fetched(cache, of_theirs())
    theirs.authorization = "Bearer another"
    with pytest.raises(PreparationFailed, match="HTTP 401") as failed:
        await fetched(cache, of_theirs())
    assert PASSWORD not in str(failed.value)
    assert BASIC not in failed.value.message


@pytest.mark.parametrize(
    "artifacts",
    ["/etc", "file:///etc", "s3://bucket/model", "mlflow-artifacts://127.0.0.1:9/model", "http://127.0.0.1:9/model"],
)
async def test_artifacts_elsewhere_are_not_fetched(tmp_path: Path, theirs: Theirs, artifacts: str) -> None:
    theirs.artifacts = artifacts
    with pytest.raises(PreparationFailed, match="served by the tracking server itself"):
        await fetched(cache_of(tmp_path, Controller(theirs.url)), of_theirs())


async def test_an_address_that_is_not_allowed_is_not_connected_to(tmp_path: Path, theirs: Theirs) -> None:
    controller = Controller(theirs.url)
    controller.access = RegistryAccess(url=theirs.url, username="ann", password=PASSWORD)
    with pytest.raises(PreparationFailed, match="not a public address"):
        await fetched(cache_of(tmp_path, controller), of_theirs())
    assert theirs.headers_seen == []


@pytest.mark.parametrize("status", [302, 400, 500])
async def test_what_it_says_of_credentials_is_not_told(tmp_path: Path, theirs: Theirs, status: int) -> None:
    theirs.status = status
    with pytest.raises(PreparationFailed, match=f"HTTP {status}") as failed:
        await fetched(cache_of(tmp_path, Controller(theirs.url)), of_theirs())
    assert BASIC not in failed.value.message


async def test_who_is_away_is_waited_for_and_what_is_gone_is_not(tmp_path: Path, theirs: Theirs) -> None:
    controller = Controller(theirs.url)
    cache = cache_of(tmp_path, controller)
    controller.error = Unavailable("the controller is not there")
    with pytest.raises(RegistryUnavailable, match="registry theirs"):
        await fetched(cache, of_theirs())
    controller.error = NotFound("There is no secret 'theirs'")
    with pytest.raises(PreparationFailed) as gone:
        await fetched(cache, of_theirs())
    assert (gone.value.reason, gone.value.is_permanent) == ("RegistryUnusable", True)
    controller.error = None
    theirs.status = 503
    with pytest.raises(RegistryUnavailable, match="registry theirs does not answer"):
        await fetched(cache, of_theirs())
