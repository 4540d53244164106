"""Models from MLflow: fetched by digest, and an environment that satisfies them."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from scheduler.backends.artifacts import ModelCache
from scheduler.backends.environments import Environments
from scheduler.backends.folders import PodRecord, RunFolder
from scheduler.backends.mlflow_model import MlflowPreparation
from scheduler.backends.preparation import PreparationFailed, RegistryAway
from scheduler.domain.rollout import template_of
from scheduler.domain.values import Note
from scheduler_world import wanted
from shared.contracts.deployment import Deployment, MlflowSource
from shared.contracts.rpc import RegistryAccess

MLFLOW = version("mlflow-skinny")
MLMODEL = "flavors:\n  python_function:\n    loader_module: nothing\n"


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A tracking URI with `wine_quality` versions 1 and 2: plain files that need no training."""
    folder = tmp_path_factory.mktemp("registry")
    uri = f"sqlite:///{folder}/mlflow.db"
    script = Path(__file__).parents[2] / "support" / "fill_registry.py"
    subprocess.run([sys.executable, script, uri, folder], check=True, capture_output=True)
    return uri


def cache_in(home: Path, uri: str) -> ModelCache:
    async def nowhere_else(registry: str) -> RegistryAccess:
        raise AssertionError(registry)

    return ModelCache(home / "models", uri, dict(os.environ), nowhere_else)


def of_version(number: str) -> Deployment:
    return wanted(model_version=number)


async def test_a_model_is_fetched_once_read_only_and_by_digest(tmp_path: Path, registry: str) -> None:
    cache = cache_in(tmp_path, registry)
    deployment = of_version("1")
    template = template_of(deployment)
    assert cache.cached(deployment, template) is None
    first, again = await asyncio.gather(cache.fetch(deployment, template), cache.fetch(deployment, template))

    assert first == again == cache.cached(deployment, template)
    assert (first / "number").read_text() == "1"
    assert first.stat().st_mode & 0o222 == 0
    assert (first / "number").stat().st_mode & 0o222 == 0
    other = of_version("2")
    assert await cache.fetch(other, template_of(other)) != first
    same = of_version("1")  # another version of a service that serves the same model
    assert await cache.fetch(same, template_of(same)) == first
    assert [path.name for path in (tmp_path / "models").iterdir() if path.name.startswith(".")] == []


async def test_a_model_that_does_not_exist_is_named_at_once(tmp_path: Path, registry: str) -> None:
    cache = cache_in(tmp_path, registry)
    with pytest.raises(PreparationFailed) as failed:
        await cache.fetch(of_version("99"), "t")
    assert failed.value.is_permanent
    assert failed.value.reason == "ModelNotFound"
    assert failed.value.message == "model wine_quality version 99 does not exist in MLflow"


async def test_a_registry_that_is_away_is_waited_for(tmp_path: Path, registry: str) -> None:
    cache = cache_in(tmp_path, "http://127.0.0.1:9")
    with pytest.raises(RegistryAway):
        await cache.fetch(of_version("1"), "t")
    there = of_version("1").model_copy(
        update={"model_source": MlflowSource(model="wine_quality", version="1", tracking_uri=registry)}
    )
    assert (await cache.fetch(there, "t") / "number").read_text() == "1"


async def test_a_fetched_model_needs_no_registry(tmp_path: Path, registry: str) -> None:
    deployment = of_version("1")
    path = await cache_in(tmp_path, registry).fetch(deployment, "t")
    assert await cache_in(tmp_path, "http://127.0.0.1:9").fetch(deployment, "t") == path


def model_with(folder: Path, *requirements: str, python: str | None = None) -> Path:
    folder.mkdir(parents=True)
    (folder / "MLmodel").write_text(MLMODEL)
    (folder / "requirements.txt").write_text("".join(f"{line}\n" for line in requirements))
    if python:
        (folder / "python_env.yaml").write_text(f"python: {python}\nbuild_dependencies:\n- pip\n")
    return folder


@pytest.fixture
def environments(tmp_path: Path) -> Environments:
    return Environments(tmp_path / "envs", dict(os.environ), limit_s=300)


def test_nothing_is_built_for_what_the_platform_has(tmp_path: Path, environments: Environments) -> None:
    model = model_with(tmp_path / "m", f"mlflow=={MLFLOW}", "scikit-learn", "pytest==0.1", python="3.11.0")
    plan = environments.plan(model)
    assert plan.key is None
    assert environments.find(plan) is not None
    assert len(plan.comparison.warnings) == 1


@pytest.mark.timeout(400)
async def test_an_environment_is_built_once_and_serves(tmp_path: Path, environments: Environments) -> None:
    model = model_with(tmp_path / "m", "mlflow", "toolz==0.12.1")
    plan = environments.plan(model)
    assert plan.comparison.unmet == ("toolz==0.12.1 (not installed)",)
    assert environments.find(plan) is None
    said: list[str] = []
    output = tmp_path / "output.log"
    built = await asyncio.gather(*(environments.build(plan, output, said.append) for _ in range(2)))

    assert sorted(each.was_built for each in built) == [False, True]
    assert "toolz" in output.read_text()
    assert said
    assert environments.find(environments.plan(model)) is not None
    code = "import toolz, mlflow.pyfunc, penstock_runtime, orjson, json; print(json.dumps([toolz.__version__]))"
    done = subprocess.run([built[0].python, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == ["0.12.1"]
    assert [path.name for path in (tmp_path / "envs").iterdir() if path.name.startswith(".")] == []


async def test_an_environment_that_cannot_be_had_says_why(tmp_path: Path, environments: Environments) -> None:
    plan = environments.plan(model_with(tmp_path / "m", "toolz==999.0"))
    with pytest.raises(PreparationFailed) as failed:
        await environments.build(plan, tmp_path / "output.log", lambda _: None)
    assert failed.value.reason == "EnvironmentFailed"
    assert "toolz" in failed.value.message
    assert environments.find(plan) is None


async def test_preparing_tells_what_it_does(tmp_path: Path, registry: str, environments: Environments) -> None:
    preparation = MlflowPreparation(cache_in(tmp_path, registry), environments)
    deployment = of_version("1")
    record = PodRecord(name="p", deployment=deployment, template=template_of(deployment), created_at=0)
    run = RunFolder(tmp_path / "run-0", 0)
    run.make()
    notes: list[Note] = []
    command = await preparation.command(record, run, notes.append)

    assert command[1:4] == ["-m", "penstock_runtime", "--model-path"]
    assert (Path(command[4]) / "number").read_text() == "1"
    assert [note.reason for note in notes] == ["FetchingModel", "ModelFetched"]
    notes.clear()
    await preparation.command(record, run, notes.append)
    assert notes == []
