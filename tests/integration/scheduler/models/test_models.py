"""Models from MLflow: fetched by digest."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from running_services.scheduler_world import wanted
from scheduler.backends.environments.store import EnvironmentStore
from scheduler.backends.errors import PreparationFailed, RegistryUnavailable
from scheduler.backends.lifecycle.folders.run_folder import RunFolder
from scheduler.backends.models.cache import ModelCache
from scheduler.backends.preparation.mlflow_preparation import MlflowPreparation
from scheduler.domain.rollout import template_of
from scheduler.domain.values import PodNote
from servers.folder_registry import FolderRegistry
from shared.contracts.deployment import Deployment, MlflowSource
from shared.contracts.rpc.controller import RegistryAccess


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A tracking server with `wine_quality` versions 1 and 2: plain files that need no training."""
    folder = tmp_path_factory.mktemp("registry")
    for number in ("1", "2"):
        model = folder / "wine_quality" / number
        model.mkdir(parents=True)
        (model / "MLmodel").write_text("flavors:\n  python_function:\n    loader_module: nothing\n")
        (model / "requirements.txt").write_text(f"mlflow=={version('mlflow-skinny')}\n")
        (model / "number").write_text(number)
    server = FolderRegistry(folder)
    server.start()
    yield server.url
    server.stop()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A tracking URI that is no server's, which MLflow's own client is needed for; with the same versions."""
    folder = tmp_path_factory.mktemp("store")
    uri = f"sqlite:///{folder}/mlflow.db"
    script = Path(__file__).parents[3] / "support" / "models" / "fill_registry.py"
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


async def test_mlflows_own_client_fetches_what_no_server_has(tmp_path: Path, store: str) -> None:
    cache = cache_in(tmp_path, store)
    assert (await cache.fetch(of_version("2"), "t") / "number").read_text() == "2"
    with pytest.raises(PreparationFailed, match="version 99 does not exist in MLflow"):
        await cache.fetch(of_version("99"), "t")


async def test_a_model_that_does_not_exist_is_named_at_once(tmp_path: Path, registry: str) -> None:
    cache = cache_in(tmp_path, registry)
    with pytest.raises(PreparationFailed) as failed:
        await cache.fetch(of_version("99"), "t")
    assert failed.value.is_permanent
    assert failed.value.reason == "ModelNotFound"
    assert failed.value.message == "model wine_quality version 99 does not exist in MLflow"


async def test_a_registry_that_is_away_is_waited_for(tmp_path: Path, registry: str) -> None:
    cache = cache_in(tmp_path, "http://127.0.0.1:9")
    with pytest.raises(RegistryUnavailable):
        await cache.fetch(of_version("1"), "t")
    there = of_version("1").model_copy(
        update={"model_source": MlflowSource(model="wine_quality", version="1", tracking_uri=registry)}
    )
    assert (await cache.fetch(there, "t") / "number").read_text() == "1"


async def test_a_fetched_model_needs_no_registry(tmp_path: Path, registry: str) -> None:
    deployment = of_version("1")
    path = await cache_in(tmp_path, registry).fetch(deployment, "t")
    assert await cache_in(tmp_path, "http://127.0.0.1:9").fetch(deployment, "t") == path


async def test_preparing_tells_what_it_does(tmp_path: Path, registry: str) -> None:
    environments = EnvironmentStore(tmp_path / "envs", dict(os.environ), limit_s=300)
    preparation = MlflowPreparation(cache_in(tmp_path, registry), environments)
    deployment = of_version("1")
    run = RunFolder(tmp_path / "run-0", 0)
    run.make()
    notes: list[PodNote] = []
    command = await preparation.command(deployment, template_of(deployment), run, notes.append)

    assert command[1:4] == ["-m", "penstock_runtime", "--model-path"]
    assert (Path(command[4]) / "number").read_text() == "1"
    assert [note.reason for note in notes if note.is_event] == ["FetchingModel", "ModelFetched"]
    notes.clear()
    await preparation.command(deployment, template_of(deployment), run, notes.append)
    assert [(note.reason, note.is_event) for note in notes] == [("ModelFound", False), ("EnvironmentFound", False)]
