"""Pods that are forked from a process which has imported everything, and what happens where there is none."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import pytest_asyncio

from running_services.scheduler_world import FAKE_POD, QUICK, wanted
from scheduler.backends.lifecycle.folders.pod_folder import PodRecord
from scheduler.backends.lifecycle.folders.run_folder import PodProcess, RunFolder
from scheduler.backends.process.launch.start import start_run
from scheduler.backends.process.launch.zygotes import ZygotePool
from scheduler.domain.rollout import template_of
from waiting.eventually import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

SAVE = """
import json, sys, mlflow, numpy as np, pandas as pd
from mlflow.models import infer_signature
from sklearn.ensemble import HistGradientBoostingRegressor

class Random(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        import os, random
        from threadpoolctl import threadpool_info
        print("printed by the model")
        threads = sorted({pool["num_threads"] for pool in threadpool_info()})
        variables = map(os.environ.get, ("PENSTOCK_POD", "THRESHOLD", "TOKEN"))
        return [[random.random(), np.random.random(), threads, *variables]]

x = pd.DataFrame(np.random.default_rng(0).random((400, 3)), columns=list("abc"))
trees = HistGradientBoostingRegressor().fit(x, x.sum(axis=1))
signature = infer_signature(x, trees.predict(x))
mlflow.sklearn.save_model(trees, sys.argv[1] + "/trees", signature=signature, pip_requirements=["scikit-learn"],
                          serialization_format="cloudpickle")
mlflow.pyfunc.save_model(sys.argv[1] + "/random", python_model=Random(), signature=signature, pip_requirements=[])
print(trees.predict(x.head(1))[0], json.dumps({"columns": list("abc"), "data": x.head(1).to_numpy().tolist()}))
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float, Any]:
    """Two models; what the first predicts of one row."""
    folder = tmp_path_factory.mktemp("models")
    ended = subprocess.run([sys.executable, "-c", SAVE, str(folder)], check=True, capture_output=True, text=True)
    value, _, row = ended.stdout.splitlines()[-1].partition(" ")
    return folder, float(value), json.loads(row)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def zygotes(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ZygotePool]:
    """The platform's own zygote, which imports for seconds: of all tests that do it no harm."""
    async with running_pool(tmp_path_factory.mktemp("zygotes"), idle_s=3600.0) as pool:
        pool.warm_platform_environment()
        yield pool


@pytest_asyncio.fixture(loop_scope="module")
async def own_zygotes(tmp_path: Path) -> AsyncIterator[ZygotePool]:
    """Zygotes of one test, which may end them."""
    async with running_pool(tmp_path / "zygotes", idle_s=3600.0) as pool:
        yield pool


@asynccontextmanager
async def running_pool(folder: Path, idle_s: float) -> AsyncIterator[ZygotePool]:
    pool = ZygotePool(folder, idle_s)
    keeping = asyncio.create_task(pool.run())
    await asyncio.sleep(0)
    yield pool
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)


@pytest.fixture(autouse=True)
def no_pod_is_left(tmp_path: Path) -> Iterator[None]:
    """Pods that a test leaves behind are ended with it."""
    yield
    for path in tmp_path.glob("*/run-*"):
        if process := RunFolder(path, 0).process():
            process.send(signal.SIGKILL)


LIGHT = """
import runpy, sys
from penstock_runtime import zygote

def serve():
    sys.argv.insert(1, {folder!r})
    try:
        runpy.run_path({fake_pod!r})
    except SystemExit as ended:
        return ended.code

zygote.IMPORTED, zygote._serve = (), serve
{first}
zygote.main(int(sys.argv[3]), sys.argv[4])
"""
"""The real zygote, with nothing to import and a small pod to be."""


def light_python(tmp_path: Path, first: str = "") -> str:
    """A Python whose zygotes and pods start in milliseconds; `first`: what a zygote does before it is one."""
    python, code = tmp_path / "python", tmp_path / "light.py"
    code.write_text(LIGHT.format(folder=str(tmp_path), fake_pod=str(FAKE_POD), first=first))
    python.write_text(
        f'#!/bin/sh\nif [ "$2" = penstock_runtime.zygote ]; then echo asked >> {tmp_path}/asked\n'
        f'exec {sys.executable} {code} "$@"; fi\nexec {sys.executable} -S {FAKE_POD} {tmp_path} "$@"\n'
    )
    python.chmod(0o755)
    return str(python)


class Started:
    """One pod that answers."""

    def __init__(self, run: RunFolder, process: PodProcess) -> None:
        self.run, self.process = run, process
        ordered = run.read_order()
        assert ordered is not None
        self.url = f"http://127.0.0.1:{ordered['port']}"

    def is_forked(self) -> bool:
        command = Path(f"/proc/{self.process.pid}/cmdline").read_bytes()
        return b"penstock_runtime.zygote" in command

    async def serves(self) -> bool:
        """Once it answers `/ping`."""
        async with httpx.AsyncClient(base_url=self.url, timeout=60) as client:

            async def answers() -> bool:
                try:
                    return (await client.get("/ping")).status_code == 200
                except httpx.TransportError:
                    return False

            return await eventually(answers, within=60, every=0.05)

    async def predict(self, row: Any) -> Any:
        await self.serves()
        async with httpx.AsyncClient(base_url=self.url, timeout=60) as client:
            body = {"dataframe_split": {"columns": row["columns"], "data": row["data"]}}
            answer = await client.post("/predict", json=body)
        return answer.json()["predictions"]

    async def end(self) -> dict[str, Any]:
        self.process.send(signal.SIGTERM)
        await eventually(lambda: self.run.exit() is not None)
        found = self.run.exit()
        assert found is not None
        return found


async def started(
    tmp_path: Path,
    model: Path,
    zygotes: ZygotePool | None,
    name: str = "wine-v1-a",
    cpu: float = 1,
    *,
    python: str = sys.executable,
    more: tuple[str, ...] = (),
    env: dict[str, str] | None = None,
    secrets: dict[str, str] | None = None,
) -> Started:
    deployment = wanted()
    resources = deployment.resources.model_copy(update={"cpu": cpu})
    deployment = deployment.model_copy(update={"resources": resources, "env": env or {}})
    record = PodRecord(name=name, deployment=deployment, template=template_of(deployment), created_at=0.0)
    run = RunFolder(tmp_path / name / "run-0", 0)
    run.make()
    command = [python, "-m", "penstock_runtime", "--model-path", str(model), *more]
    return Started(run, await start_run(run, record, command, QUICK, zygotes, secrets=secrets))


async def test_a_forked_pod_predicts_with_openmp_and_ends_as_any_other(
    tmp_path: Path, saved: tuple[Path, float, Any], zygotes: ZygotePool
) -> None:
    folder, value, row = saved
    pods = [await started(tmp_path, folder / "trees", zygotes, f"wine-v1-{name}") for name in "ab"]
    for pod in pods:
        assert pod.is_forked()
        assert await pod.predict(row) == [pytest.approx(value)]
    assert [await pod.end() for pod in pods] == [{"code": 0, "signal": None}] * 2
    assert "ready" in pods[0].run.output.read_text()


async def test_forked_pods_share_neither_chance_nor_names_nor_thread_counts(
    tmp_path: Path, saved: tuple[Path, float, Any], zygotes: ZygotePool
) -> None:
    folder, _, row = saved
    one = await started(tmp_path, folder / "random", zygotes, "wine-v1-a", cpu=1)
    two = await started(tmp_path, folder / "random", zygotes, "wine-v1-b", cpu=2)
    (first,), (second,) = await one.predict(row), await two.predict(row)
    assert first[0] != second[0]
    assert first[1] != second[1]
    assert (max(first[2]), max(second[2])) == (1, min(2, os.cpu_count() or 1))
    assert (first[3], second[3]) == ("wine-v1-a", "wine-v1-b")
    for pod in (one, two):
        assert "printed by the model" in pod.run.output.read_text()
        await pod.end()


@pytest.mark.parametrize("is_forked", [True, False])
async def test_secrets_among_the_variables_reach_the_model_and_no_file(
    tmp_path: Path, saved: tuple[Path, float, Any], zygotes: ZygotePool, is_forked: bool
) -> None:
    folder, _, row = saved
    secrets = {"TOKEN": "correct horse battery staple"}
    with_zygote = zygotes if is_forked else None
    pod = await started(tmp_path, folder / "random", with_zygote, env={"THRESHOLD": "0.5"}, secrets=secrets)
    assert pod.is_forked() == is_forked
    ((*_, threshold, token),) = await pod.predict(row)
    assert (threshold, token) == ("0.5", secrets["TOKEN"])
    files = [path for folder in (tmp_path, zygotes._folder) for path in folder.rglob("*") if path.is_file()]
    written = [path for path in files if b"battery" in path.read_bytes()]
    assert written == []
    held = [os.readlink(path) for path in Path(f"/proc/{pod.process.pid}/fd").iterdir()]
    assert not [path for path in held if "memfd" in path]
    await pod.end()


async def test_a_killed_pod_is_seen_by_its_shim(
    tmp_path: Path, saved: tuple[Path, float, Any], zygotes: ZygotePool
) -> None:
    pod = await started(tmp_path, saved[0] / "trees", zygotes)
    os.kill(pod.process.pid, signal.SIGKILL)
    await eventually(lambda: pod.run.exit() is not None)
    assert pod.run.exit() == {"code": None, "signal": signal.SIGKILL}


@pytest.mark.parametrize(
    ("model", "more", "code", "word"),
    [("nowhere", (), 3, "cannot load the model"), ("trees", ("--types", "odd"), 2, "invalid choice: 'odd'")],
)
async def test_a_forked_pod_says_as_any_other_why_it_ends(
    tmp_path: Path,
    saved: tuple[Path, float, Any],
    zygotes: ZygotePool,
    caplog: pytest.LogCaptureFixture,
    model: str,
    more: tuple[str, ...],
    code: int,
    word: str,
) -> None:
    pod = await started(tmp_path, saved[0] / model, zygotes, more=more)
    await eventually(lambda: pod.run.exit() is not None, within=60)
    assert "without its zygote" not in caplog.text
    assert pod.run.exit() == {"code": code, "signal": None}
    assert word in pod.run.output.read_text()


async def test_the_shim_of_a_forked_pod_is_as_small_as_any_other_and_holds_the_lock(
    tmp_path: Path, saved: tuple[Path, float, Any], zygotes: ZygotePool
) -> None:
    folder, value, row = saved
    pod = await started(tmp_path, folder / "trees", zygotes)
    assert pod.is_forked()
    assert await pod.predict(row) == [pytest.approx(value)]  # before it serves, a SIGTERM ends it as any process
    keeper = psutil.Process(pod.process.shim)
    await eventually(lambda: "--attend" in keeper.cmdline() and keeper.memory_info().rss < 30e6)
    with (pod.run.path / "lock").open() as lock, pytest.raises(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    held = {os.path.realpath(path) for path in Path(f"/proc/{pod.process.pid}/fd").iterdir()}
    assert str((pod.run.path / "lock").resolve()) not in held
    os.kill(keeper.pid, signal.SIGTERM)  # it sees its pod out, whoever asks otherwise
    assert await pod.end() == {"code": 0, "signal": None}


async def test_a_frozen_zygote_costs_time_and_no_second_process(tmp_path: Path, own_zygotes: ZygotePool) -> None:
    python = light_python(tmp_path)
    first = await started(tmp_path, tmp_path, own_zygotes, python=python)
    assert first.is_forked()
    zygote = await own_zygotes._zygotes[python]
    os.kill(zygote.process.pid, signal.SIGSTOP)
    pod = await started(tmp_path, tmp_path, own_zygotes, "wine-v1-b", python=python)
    assert not pod.is_forked()
    assert await pod.serves()
    assert zygote.process.returncode is not None
    assert await first.serves()
    assert await pod.end() == await first.end() == {"code": 0, "signal": None}


async def test_an_environment_that_cannot_be_forked_is_asked_once(tmp_path: Path, own_zygotes: ZygotePool) -> None:
    threaded = "import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()"
    python = light_python(tmp_path, first=threaded)
    for name in ("wine-v1-a", "wine-v1-b"):
        pod = await started(tmp_path, tmp_path, own_zygotes, name, python=python)
        assert not pod.is_forked()
        assert await pod.serves()
        await pod.end()
    assert (tmp_path / "asked").read_text() == "asked\n"


async def test_a_run_that_another_shim_has_begun_is_not_begun_again(
    tmp_path: Path, saved: tuple[Path, float, Any]
) -> None:
    run = RunFolder(tmp_path / "wine-v1-a" / "run-0", 0)
    run.make()
    with (run.path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        starting = asyncio.create_task(started(tmp_path, saved[0] / "trees", None))
        await eventually(lambda: run.read_order() is not None)
        (run.path / "process.json").write_text(json.dumps({"pid": 1, "ticks": 0, "shim": 1, "at": 0.0}))
        assert (await starting).process.pid == 1
    assert not run.output.exists()


async def test_without_its_zygote_a_pod_starts_all_the_same(tmp_path: Path, own_zygotes: ZygotePool) -> None:
    python = light_python(tmp_path)
    zygote = await own_zygotes._warm(python)
    os.kill(zygote.process.pid, signal.SIGKILL)
    pod = await started(tmp_path, tmp_path, own_zygotes, python=python)
    assert not pod.is_forked()
    assert await pod.serves()
    await pod.end()
    again = await started(tmp_path, tmp_path, own_zygotes, "wine-v1-b", python=python)
    assert again.is_forked()
    assert await again.serves()
    await again.end()


async def test_a_zygote_ends_with_whoever_holds_its_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", light_python(tmp_path))
    async with running_pool(tmp_path / "zygotes", idle_s=0.05) as zygotes:
        zygotes.warm_platform_environment()
        zygote = await zygotes._zygotes[sys.executable]
        await eventually(lambda: zygote.process.returncode is not None)
        assert not zygotes._zygotes
