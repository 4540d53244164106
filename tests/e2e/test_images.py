"""Images that this repository has no part in, published as versions: servers as projects and people make them.

Built here from one Python image (`TEST_PYTHON_IMAGE`, default `python:3.11-slim`; package indexes are reached by the
machine's network): `images/`, and MLflow's own, by the Dockerfile that `mlflow models build-docker` builds from. The
images stay, as `penstock-test/<name>`, so that the next run has their layers.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import pytest

from models.mlflow_scripts import register
from platforms.running_platform import Platform, until
from platforms.served_model import wine_body
from servers.container_engine import ADDRESS, IMAGE, docker, inspect, missing_engine

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(missing_engine() is not None, reason=missing_engine() or ""),
    pytest.mark.timeout(1800),
]

FOLDER = Path(__file__).parent / "images"
BUILD_S = 900.0
START_S = 300.0
"""On a machine of two cores, at whose side others work."""
ROWS = {"rows": [[1.5, 2.5], [3.0, 4.0]]}
ROW_COLUMNS = ("request_id", "status_code", "request", "response", "version", "served_entity_id", "route_reason")


def built(name: str, context: Path) -> str:
    """The name of an image; the test is skipped, with the last that the build said, where it cannot be made."""
    tag = f"penstock-test/{name.replace('_', '-')}:1"
    command = ["docker", "--host", ADDRESS, "build", "--network", "host", "--tag", tag]
    command += ["--build-arg", f"PYTHON_IMAGE={IMAGE}", str(context)]
    begun = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, timeout=BUILD_S, check=False)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-12:]
        pytest.skip(f"the image {name} cannot be built here: {' | '.join(said)}")
    size = int(docker("image", "inspect", "--format", "{{.Size}}", tag))
    print(f"\n{tag}: built in {time.monotonic() - begun:.0f} s, {size / 2**20:.0f} MiB")
    return tag


# ── a platform whose pods are containers ─────────────────────────────────────────────────────────────────────────────


@dataclass
class Served:
    """One service whose `v1` is an image."""

    platform: Platform
    service: str
    key: str = ""

    def call(self, method: str, path: str, **options: Any) -> Any:
        return self.platform.api(method, f"/services/{self.service}{path}", **options)

    def predict(self, body: Any, request_id: str) -> httpx.Response:
        """As a caller does it."""
        return httpx.post(
            f"{self.platform.data_url}/{self.service}/predict",
            content=json.dumps(body),
            headers={
                "Authorization": f"Bearer {self.key}",
                "Content-Type": "application/json",
                "X-Request-Id": request_id,
            },
            timeout=60,
        )

    def container(self, version: str = "v1") -> str:
        """The id of the container of the version's only pod."""
        (pod,) = self.call("GET", f"/versions/{version}/pods")["items"]
        (found,) = docker("ps", "--quiet", "--filter", f"label=penstock.pod={pod['name']}").split()
        return found

    def any_container(self) -> str | None:
        """The id of a container that its version has at the moment."""
        found = docker("ps", "--quiet", "--filter", f"label=penstock.service={self.service}").split()
        return found[0] if found else None

    def wait_rows(self, sent: set[str]) -> dict[str, dict[str, Any]]:
        """Request id → its row of the payload table, which is the only one of it."""

        def there() -> Any:
            rows = [row for row in self.platform.payload_rows(self.service, ROW_COLUMNS) if row["request_id"] in sent]
            return rows if {row["request_id"] for row in rows} == sent else None

        rows = until(there, within=60, what="rows of all requests")
        assert len(rows) == len(sent), "a request has one row"
        return {row["request_id"]: row for row in rows}


def image_version(image: str, options: dict[str, Any]) -> dict[str, Any]:
    source = {"kind": "image", "image": image} | options
    return {
        "model_source": source,
        "resource_source": {"kind": "shared", "spec": "1C2G"},
        "replicas": 1,
        "log_delivery": {"enabled": True},
    }


def publish(platform: Platform, service: str, version: dict[str, Any], body: Any) -> Served:
    """Publish; wait until it runs, and a new key opens it."""
    platform.api("POST", "/services", json={"name": service, "type": "ml", "start": True, "version": version})
    served = Served(platform, service)
    try:
        platform.wait_version(service, "v1", "running", within=START_S)
    except AssertionError:
        print(served.call("GET", "/versions/v1"), *served.call("GET", "/versions/v1/events")["items"][:20], sep="\n")
        print(*(line["text"] for line in served.call("GET", "/versions/v1/logs")["items"][-40:]), sep="\n")
        raise
    served.key = served.call("POST", "/keys", json={"name": "test"})["key"]
    until(lambda: served.predict(body, "warm").status_code != 401, within=60, what="the key opens")
    return served


@dataclass
class Containers:
    """A platform, and what of its installation is on the engine."""

    platform: Platform
    scripts: Path
    volumes: set[str] = field(default_factory=set)

    def look_at(self, container: str) -> dict[str, Any]:
        """What the engine knows; the container's own volumes are remembered."""
        found: dict[str, Any] = inspect(container)
        self.volumes |= {each["Name"] for each in found["Mounts"] if each["Type"] == "volume"}
        return found

    @property
    def installation(self) -> str:
        return (self.platform.home / "pods" / ".engine").read_text().split()[0]

    def left(self) -> dict[str, list[str]]:
        """What of this installation is on the engine now."""
        ours = ("--filter", f"label=penstock.installation={self.installation}")
        volumes = set(docker("volume", "ls", "--quiet").split())
        return {
            "containers": docker("ps", "--all", "--quiet", *ours).split(),
            "networks": docker("network", "ls", "--quiet", *ours).split(),
            "volumes": sorted(self.volumes & volumes),
        }

    def close(self) -> None:
        """Take the platform down, and see that nothing of it is left on the engine."""
        self.platform.down()
        assert self.left() == {"containers": [], "networks": [], "volumes": []}

    @cached_property
    def mlflow_context(self) -> Path:
        """What `mlflow models build-docker -m models:/wine_quality/1` builds from, with the base as an argument."""
        folder = self.scripts / "mlflow"
        command = [sys.executable, "-m", "mlflow", "models", "generate-dockerfile", "--env-manager", "local"]
        done = subprocess.run(
            [*command, "-m", "models:/wine_quality/1", "-d", str(folder)],
            env=os.environ | {"MLFLOW_TRACKING_URI": self.platform.mlflow_url, "PYTHONWARNINGS": "ignore"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        file = folder / "Dockerfile"
        text, replaced = re.subn(
            r"^FROM python:\S+$", "ARG PYTHON_IMAGE\nFROM ${PYTHON_IMAGE}", file.read_text(), flags=re.MULTILINE
        )
        assert replaced == 1, text
        file.write_text(text)
        return folder

    @cached_property
    def mlserver_context(self) -> Path:
        """MLServer's, with the requirements of the model that it is to load."""
        folder = self.scripts / "mlserver"
        shutil.copytree(FOLDER / "mlserver", folder)
        (requirements,) = self.mlflow_context.rglob("requirements.txt")
        shutil.copy(requirements, folder)
        return folder


@pytest.fixture(scope="module")
def containers(tmp_path_factory: pytest.TempPathFactory, wines_csv: Path) -> Iterator[Containers]:
    folder = tmp_path_factory.mktemp("images")
    platform = Platform(folder / "home", settings={"SCHEDULER_BACKEND": "docker"})
    world = Containers(platform, folder)
    try:
        platform.up()
        register(platform.mlflow_url, wines_csv)
        yield world
        world.close()
    finally:
        platform.down()
        shutil.rmtree(folder, ignore_errors=True)


# ── the same for each image ──────────────────────────────────────────────────────────────────────────────────────────


def called_logged_and_debugged(containers: Containers, served: Served, body: Any, said: str) -> Any:
    """What a caller gets is what the image answers; it is in the table, in the logs and on the debug page.

    Returns the answer.
    """
    source = served.call("GET", "/versions/v1")["model_source"]
    container = containers.look_at(served.container())
    (published,) = container["NetworkSettings"]["Ports"][f"{source['port']}/tcp"]
    address = f"http://{published['HostIp']}:{published['HostPort']}{source['predict_path']}"
    direct = httpx.post(address, json=body, timeout=60)
    assert direct.status_code == 200, direct.text
    answer = served.predict(body, "asked-1")
    assert (answer.status_code, answer.json()) == (200, direct.json()), answer.text
    assert answer.headers["content-type"] == direct.headers["content-type"]
    wrong = served.predict({"nothing": "of use"}, "asked-2")
    assert 400 <= wrong.status_code < 500, wrong.text

    debugged = served.call("POST", "/debug", json={"version": "v1", "request": body})
    assert (debugged["status_code"], debugged["response"]) == (200, direct.json())
    assert debugged["headers"]["X-Penstock-Version"] == "v1"

    rows = served.wait_rows({"asked-1", "asked-2"})
    asked = rows["asked-1"]
    assert (asked["status_code"], json.loads(asked["request"]), asked["response"]) == (200, body, answer.text)
    assert (asked["version"], asked["served_entity_id"]) == ("v1", source["image"])
    assert (rows["asked-2"]["status_code"], rows["asked-2"]["response"]) == (wrong.status_code, wrong.text)

    def printed() -> Any:
        lines = [line["text"] for line in served.call("GET", "/versions/v1/logs")["items"]]
        return next((line for line in lines if re.search(said, line)), None)

    line = until(printed, within=30, what=f"a line with {said}")
    events = {event["reason"] for event in served.call("GET", "/versions/v1/events")["items"]}
    assert "Ready" in events, events
    print(f"{served.service}: {answer.text[:100]}; refused with {wrong.status_code}; printed {line[:100]!r}; {events}")
    return answer.json()


def remove(containers: Containers, served: Served) -> None:
    """Stop and delete the service: its containers and their volumes go with it."""
    served.call("POST", "/stop")
    until(lambda: not containers.left()["containers"], within=90, what="no container")
    assert containers.left()["volumes"] == []
    until(lambda: served.call("GET", "")["status"] == "stopped", within=60, what="stopped")
    served.call("DELETE", "")


def test_plain_fastapi(containers: Containers) -> None:
    options = {"port": 8000, "health_path": "/healthz", "predict_path": "/score"}
    version = image_version(built("fastapi", FOLDER / "fastapi"), options)
    served = publish(containers.platform, "plain", version, ROWS)
    answer = called_logged_and_debugged(containers, served, ROWS, "^scored 2 rows$")
    assert answer == {"scores": [4.0, 7.0]}
    assert containers.volumes, "its own volume was seen"
    remove(containers, served)


def test_bentoml(containers: Containers) -> None:
    options = {"port": 3000, "health_path": "/readyz", "predict_path": "/score"}
    version = image_version(built("bentoml", FOLDER / "bentoml"), options)
    served = publish(containers.platform, "bento", version, ROWS)
    assert called_logged_and_debugged(containers, served, ROWS, "scored 2 rows") == [4.0, 7.0]
    remove(containers, served)


def test_mlserver_with_a_model_of_the_registry(containers: Containers) -> None:
    """The image has no model in it: the artifact is mounted, and the file that names it beside the artifact."""
    settings = {
        "name": "wine",
        "implementation": "mlserver_mlflow.MLflowRuntime",
        "parameters": {"uri": "/mnt/models/wine/model"},
    }
    options = {
        "health_path": "/v2/health/ready",
        "predict_path": "/v2/models/wine/infer",
        "mounts": [
            {"kind": "artifact", "path": "/mnt/models/wine/model", "uri": "models:/wine_quality/1"},
            {"kind": "file", "path": "/mnt/models/wine/model-settings.json", "content": json.dumps(settings)},
        ],
    }
    wines = wine_body()["dataframe_split"]
    tensors = [
        {"name": name, "shape": [1, 1], "datatype": "FP64", "data": [value]}
        for name, value in zip(wines["columns"], wines["data"][0], strict=True)
    ]
    body = {"id": "wine-1", "inputs": tensors}
    version = image_version(built("mlserver", containers.mlserver_context), options)
    # Its worker processes end at once with the event loop that is current today (MLServer 1.7.1): without them.
    version["env"] = {"MLSERVER_PARALLEL_WORKERS": "0"}
    served = publish(containers.platform, "tensors", version, body)
    answer = called_logged_and_debugged(containers, served, body, "Loaded model 'wine'")
    assert len(answer["outputs"][0]["data"]) == 1
    remove(containers, served)


MLFLOW = {
    "command": ["mlflow", "models", "serve", "-m", "/opt/ml/model", "--env-manager", "local", "--workers", "1"],
    "args": ["--host", "0.0.0.0", "--port", "8080"],
    "health_path": "/ping",
    "predict_path": "/invocations",
}


def test_mlflows_own_image_beside_the_model_that_is_in_it(containers: Containers) -> None:
    """`v2` is the model of the registry, served by the platform: half of the calls, the same answers."""
    body = wine_body()
    image = built("mlflow", containers.mlflow_context)
    served = publish(containers.platform, "halves", image_version(image, MLFLOW), body)
    answer = called_logged_and_debugged(containers, served, body, "Uvicorn running on")
    source = {"kind": "mlflow", "model": "wine_quality", "version": "1"}
    served.call("POST", "/versions", json={"model_source": source, "start": True, "traffic_weight": 0})
    containers.platform.wait_version("halves", "v2", "running", within=START_S)
    served.call("PUT", "/traffic", json={"weights": {"v1": 50, "v2": 50}})
    until(lambda: served.predict(body, "seen").headers["X-Penstock-Version"] == "v2", within=30, what="the split")

    asked = {f"half-{number}": served.predict(body, f"half-{number}") for number in range(100)}
    assert {each.status_code for each in asked.values()} == {200}
    by_version = Counter(each.headers["X-Penstock-Version"] for each in asked.values())
    assert min(by_version["v1"], by_version["v2"]) >= 25, by_version
    for each in asked.values():
        assert each.json()["predictions"] == pytest.approx(answer["predictions"])
    rows = served.wait_rows(set(asked))
    entities = Counter((row["version"], row["served_entity_id"]) for row in rows.values())
    assert entities == {("v1", image): by_version["v1"], ("v2", "wine_quality/1"): by_version["v2"]}
    print(f"split: {dict(by_version)}; rows {dict(entities)}")
    remove(containers, served)


# ── one that never gets ready ────────────────────────────────────────────────────────────────────────────────────────


def test_an_image_that_never_gets_ready_fails_with_what_it_answers(tmp_path: Path) -> None:
    image = built("never_ready", FOLDER / "never_ready")
    settings = {"SCHEDULER_BACKEND": "docker", "SCHEDULER_START_TIMEOUT": "PT4S"}
    platform = Platform(tmp_path / "home", settings=settings)
    world, served = Containers(platform, tmp_path), Served(platform, "never")
    try:
        platform.up()
        body = {"name": "never", "type": "ml", "start": True, "version": image_version(image, {})}
        platform.api("POST", "/services", json=body)
        begun = time.monotonic()
        world.look_at(until(served.any_container, within=60, what="its container"))
        failed = platform.wait_version("never", "v1", "failed", within=90)
        print(f"\nfailed after {time.monotonic() - begun:.0f} s: {failed['reason']}: {failed['message']}")
        assert failed["reason"] == "StartTimeout"
        assert re.fullmatch(r"killed: not ready 4 s after its start: .*503.*; 3 loads failed", failed["message"]), (
            failed["message"]
        )
        assert any("weights are still loading" in line for line in failed["log_tail"]), failed["log_tail"]
        assert world.volumes, "its own volume was seen"
        until(lambda: not world.left()["containers"], within=60, what="no container is kept of it")
        assert world.left()["volumes"] == []
        world.close()
    finally:
        platform.down()
        shutil.rmtree(tmp_path, ignore_errors=True)
