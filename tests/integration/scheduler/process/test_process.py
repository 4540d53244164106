"""`python -m scheduler` as the launcher runs it: a real process, a real MLflow store, real pods."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib import util
from pathlib import Path

import httpx
import pytest

from running_services.scheduler_service import Controller, controlling, holds
from running_services.scheduler_world import wanted
from scheduler.backends.lifecycle.folders.pod_folder import PodFolder
from scheduler.backends.lifecycle.folders.run_folder import PodProcess
from servers.nats_process import NatsProcess
from servers.ports import free_port
from shared.contracts.deployment import Deployment
from shared.contracts.routes import PodEndpoint
from shared.events import PodExited, PodNoted, PodNotReady, VersionFailed, VersionReady
from waiting.eventually import eventually

has_runtime = pytest.mark.skipif(
    util.find_spec("penstock_runtime.__main__") is None, reason="the model server is not there yet"
)


class Process:
    """One scheduler that may be killed and started again."""

    def __init__(self, home: Path, nats_url: str, tracking_uri: str = "http://127.0.0.1:9") -> None:
        self.log = home / "scheduler.log"
        self.environment = os.environ | {
            "PENSTOCK_HOME": str(home),
            "SCHEDULER_NATS_URL": nats_url,
            "SCHEDULER_ADMIN_PORT": str(free_port()),
            "SCHEDULER_MLFLOW_URI": tracking_uri,
            "SCHEDULER_RESYNC_INTERVAL": "PT1S",
            "SCHEDULER_DRAIN": "PT0.2S",
        }
        self.child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.child = subprocess.Popen([sys.executable, "-m", "scheduler"], env=self.environment, stderr=log)

    def end(self, number: int) -> int:
        assert self.child is not None
        self.child.send_signal(number)
        return self.child.wait(15)


@pytest.fixture
def scheduler(home: Path, nats_server: NatsProcess) -> Iterator[Process]:
    process = Process(home, nats_server.url)
    yield process
    if process.child and process.child.poll() is None:
        process.end(signal.SIGKILL)


async def is_waiting(process: Process) -> bool:
    return "is away" in process.log.read_text() or "waiting for NATS" in process.log.read_text()


@pytest.mark.timed
async def test_sigterm_ends_it_with_0_while_the_bus_is_away(scheduler: Process, nats_server: NatsProcess) -> None:
    nats_server.kill()
    scheduler.start()
    await holds(lambda: is_waiting(scheduler))
    begun = time.monotonic()
    assert scheduler.end(signal.SIGTERM) == 0
    assert time.monotonic() - begun < 10


def test_a_corrupt_database_is_named_and_stays(home: Path, scheduler: Process) -> None:
    file = home / "scheduler" / "scheduler.db"
    file.parent.mkdir()
    file.write_bytes(b"this is no database" * 100)
    scheduler.start()
    assert scheduler.child is not None
    assert scheduler.child.wait(30) == 1
    (line,) = scheduler.log.read_text().splitlines()
    assert str(file) in line
    assert file.read_bytes().startswith(b"this is no database")


def test_a_wrong_setting_is_named(scheduler: Process) -> None:
    scheduler.environment["SCHEDULER_HUNG_AFTER"] = "PT1S"
    scheduler.start()
    assert scheduler.child is not None
    assert scheduler.child.wait(30) == 1
    (line,) = scheduler.log.read_text().splitlines()
    assert "hung_after 0:00:01" in line


async def test_an_unreachable_mlflow_holds_a_version_up_and_says_so(
    scheduler: Process, nats_server: NatsProcess
) -> None:
    scheduler.start()
    async with controlling(nats_server) as controller:
        deployment = wanted(1)
        controller.want(deployment)

        async def waits() -> bool:
            pods = await controller.pods(deployment)
            return [(p.status, p.reason) for p in pods] == [("Waiting", "RegistryUnavailable")]

        async def is_said() -> bool:
            return any(note.reason == "RegistryUnavailable" for note in controller.said(PodNoted))

        await holds(waits)
        await holds(is_said)
        state = await controller.state(deployment)
        assert state is not None
        assert (state.phase, state.reason) == ("starting", "Waiting")
        assert (state.message or "").startswith("RegistryUnavailable: ")
        assert len(state.message or "") > len("RegistryUnavailable: ")


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A tracking URI with `wine_quality`: version 1 serves, version 2 cannot be loaded."""
    folder = tmp_path_factory.mktemp("registry")
    uri = f"sqlite:///{folder}/mlflow.db"
    script = Path(__file__).parents[3] / "support" / "models" / "register_models.py"
    subprocess.run([sys.executable, script, uri, folder], check=True, capture_output=True)
    return uri


async def routed_endpoint(controller: Controller, deployment: Deployment) -> PodEndpoint:
    async def is_routed() -> bool:
        return bool(await controller.routed(deployment))

    await holds(is_routed, within=60)
    found = await controller.endpoints(deployment)
    assert found is not None
    return found.pods[0]


def processes_of(home: Path, pod: str) -> list[PodProcess]:
    folder = PodFolder(home / "pods" / pod)
    return [process for run in folder.runs() if (process := run.process()) and process.is_alive()]


def answer_of(endpoint: PodEndpoint) -> list[float]:
    body = {"dataframe_split": {"columns": ["x"], "data": [[3.0]]}}
    url, headers = f"http://{endpoint.address}/predict", {"X-Penstock-Pod-Token": endpoint.token or ""}
    predictions: list[float] = httpx.post(url, json=body, headers=headers, timeout=20).json()["predictions"]
    return predictions


@has_runtime
@pytest.mark.timeout(240)
async def test_a_real_model_serves_through_deaths_of_its_pod_and_of_its_scheduler(
    home: Path, scheduler: Process, nats_server: NatsProcess, registry: str
) -> None:
    scheduler.environment |= {"SCHEDULER_MLFLOW_URI": registry, "SCHEDULER_CONFINEMENT_READABLE": tempfile.gettempdir()}
    scheduler.start()
    async with controlling(nats_server) as controller:
        deployment = wanted(1)
        controller.want(deployment)
        endpoint = await routed_endpoint(controller, deployment)
        assert answer_of(endpoint) == pytest.approx([6.0])
        (pod,) = await controller.pods(deployment)
        assert pod.pid is not None

        assert scheduler.end(signal.SIGKILL) == -signal.SIGKILL
        assert answer_of(endpoint) == pytest.approx([6.0])
        facts = len(controller.facts)
        scheduler.start()

        async def is_adopted() -> bool:
            return [(p.pid, p.ready) for p in await controller.pods(deployment)] == [(pod.pid, True)]

        await holds(is_adopted)
        assert not [fact for fact in controller.facts[facts:] if isinstance(fact, PodNotReady | PodExited)]

        os.kill(pod.pid, signal.SIGKILL)
        await eventually(lambda: controller.said(PodExited))

        async def is_back() -> bool:
            return [(p.restarts, p.ready) for p in await controller.pods(deployment)] == [(1, True)]

        await holds(is_back, within=60)
        assert answer_of(await routed_endpoint(controller, deployment)) == pytest.approx([6.0])
        assert len(controller.said(VersionReady)) == 1

        assert scheduler.end(signal.SIGTERM) == 0
        assert len(processes_of(home, pod.name)) == 1
        done = subprocess.run(
            [sys.executable, "-m", "scheduler.backends.process.reap", home], capture_output=True, check=True
        )
        assert done.stdout == b"ended 1 pod\n"
        assert processes_of(home, pod.name) == []


@has_runtime
@pytest.mark.timeout(240)
async def test_a_model_that_cannot_be_loaded_fails_with_its_last_words_and_spares_the_other(
    scheduler: Process, nats_server: NatsProcess, registry: str
) -> None:
    scheduler.environment |= {"SCHEDULER_MLFLOW_URI": registry, "SCHEDULER_CONFINEMENT_READABLE": tempfile.gettempdir()}
    scheduler.start()
    async with controlling(nats_server) as controller:
        good, bad = wanted(1), wanted(1, model_version="2")
        controller.want(good)
        controller.want(bad)
        await eventually(lambda: controller.said(VersionFailed), within=120)

        (failed,) = controller.said(VersionFailed)
        assert failed.version_id == bad.version_id
        assert "3 loads failed" in failed.message
        assert any("this model is broken" in line for line in failed.log_tail)
        assert answer_of(await routed_endpoint(controller, good)) == pytest.approx([6.0])
