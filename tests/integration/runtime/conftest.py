"""Model servers as real processes, and models saved by a real MLflow."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from models.openmp import openmp_environment
from models.pod_zygote import ForkedProcess, PodZygote
from test_run.shared_by_workers import made_once

HERE = Path(__file__).parent


def pod_environment() -> dict[str, str]:
    return {**os.environ, **openmp_environment(), "PYTHONWARNINGS": "ignore"}


@dataclass
class Reply:
    """What a pod answered."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Pod:
    """A model server in a process of its own, with its output in a file.

    Forked from `zygote`, where one is handed in; else executed, by way of `launch`.
    """

    def __init__(
        self, model: Path, log: Path, *options: str, launch: Sequence[str] = (), zygote: PodZygote | None = None
    ) -> None:
        self.log = log
        arguments = ["--model-path", str(model), "--port", "0", *options]
        self.process: subprocess.Popen[bytes] | ForkedProcess
        if zygote is not None:
            log.touch()
            self.process = zygote.start(arguments, log)
            return
        with log.open("w") as output:
            self.process = subprocess.Popen(
                [*launch, sys.executable, "-m", "penstock_runtime", *arguments],
                stdout=output,
                stderr=subprocess.STDOUT,
                env=pod_environment(),
            )

    @property
    def output(self) -> str:
        return self.log.read_text()

    @property
    def port(self) -> int:
        self.wait_for(lambda: "listening on" in self.output)
        return int(self.output.partition("listening on 127.0.0.1:")[2].partition(";")[0])

    def wait_for(self, condition: Any, seconds: float = 180.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, self.output
            time.sleep(0.05)

    def ready(self) -> Pod:
        self.wait_for(lambda: self.process.poll() is not None or self.ask("GET", "/ping").status == 200)
        assert self.process.poll() is None, self.output
        return self

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read().decode())
        finally:
            connection.close()

    def predict(self, document: Any, **headers: str) -> Reply:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        return self.ask("POST", "/predict", body, **{"Content_Type": "application/json", **headers})

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=40)

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@pytest.fixture(scope="session")
def pod_class() -> type[Pod]:
    """For tests that start pods in ways of their own."""
    return Pod


@pytest.fixture(scope="session")
def zygote(models: Path) -> Iterator[PodZygote]:
    """What pods are forked from whose start is not what is tested."""
    zygote = PodZygote(pod_environment())
    yield zygote
    zygote.close()


@pytest.fixture(scope="session")
def forked_pod(zygote: PodZygote) -> Callable[..., Pod]:
    """As `pod_class`, forked."""
    return partial(Pod, zygote=zygote)


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `wine`, `unsigned`, `tensor`, `whims`, `types` and `broken`, and what `wine` should predict."""
    try:
        environment = {**os.environ, **openmp_environment()}
    except LookupError as missing:
        pytest.skip(str(missing))

    def save(folder: Path) -> None:
        command = [sys.executable, str(HERE / "save_models.py"), str(folder)]
        subprocess.run(command, check=True, capture_output=True, env=environment)

    return made_once(tmp_path_factory, "runtime-models", save)


@pytest.fixture(scope="session")
def expected(models: Path) -> dict[str, Any]:
    """`columns`, `data` and `predictions` of the model `wine`, by MLflow's own predict."""
    result: dict[str, Any] = json.loads((models / "expected.json").read_text())
    return result


@pytest.fixture(scope="session")
def wine(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pod]:
    """A pod that serves the scikit-learn model; executed, as those are that no zygote fits."""
    pod = Pod(models / "wine", tmp_path_factory.mktemp("wine") / "log", "--max-body-bytes", "100000")
    yield pod.ready()
    pod.kill()


@pytest.fixture(scope="session")
def whims(models: Path, tmp_path_factory: pytest.TempPathFactory, forked_pod: Any) -> Iterator[Pod]:
    """A pod that serves the custom model which does what each row says."""
    pod = forked_pod(models / "whims", tmp_path_factory.mktemp("whims") / "log")
    yield pod.ready()
    pod.kill()


@pytest.fixture
def start(models: Path, tmp_path: Path, forked_pod: Any) -> Iterator[Any]:
    """Start a pod of this test alone."""
    with starting(models, tmp_path, forked_pod) as start:
        yield start


@pytest.fixture
def execute(models: Path, tmp_path: Path, pod_class: Any) -> Iterator[Any]:
    """As `start`, in a process that has to import everything first: such a pod listens seconds before it is ready."""
    with starting(models, tmp_path, pod_class) as start:
        yield start


@contextmanager
def starting(models: Path, folder: Path, make: Callable[..., Pod]) -> Iterator[Callable[..., Pod]]:
    pods: list[Pod] = []

    def start(model: str, *options: str) -> Pod:
        pods.append(make(models / model, folder / f"log-{len(pods)}", *options))
        return pods[-1]

    yield start
    for pod in pods:
        pod.kill()
