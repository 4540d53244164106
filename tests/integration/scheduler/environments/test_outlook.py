"""Whether an environment must be built, told before anything starts, as the start itself would decide it."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from scheduler.backends.environments.outlook import environment_outlook
from scheduler.backends.environments.store import EnvironmentStore
from shared.contracts.rpc.scheduler import ModelFiles

MLMODEL = "flavors:\n  python_function:\n    loader_module: nothing\n"
HERE = ".".join(map(str, sys.version_info[:2]))


@pytest.fixture
def store(tmp_path: Path) -> EnvironmentStore:
    return EnvironmentStore(tmp_path / "envs", dict(os.environ), limit_s=300)


def test_what_the_platforms_own_environment_has_needs_no_build(store: EnvironmentStore) -> None:
    own = f"mlflow=={version('mlflow-skinny')}\npandas\n"
    outlook = environment_outlook(store, ModelFiles(mlmodel=MLMODEL, requirements=own, python_env=f"python: {HERE}.1"))
    assert (outlook.state, outlook.unmet, outlook.reason) == ("own", (), None)


def test_what_it_has_not_is_named_and_built_once(store: EnvironmentStore, tmp_path: Path) -> None:
    files = ModelFiles(mlmodel=MLMODEL, requirements="pandas==1.0\nleft-pad\n--index-url https://not.there.invalid/\n")
    outlook = environment_outlook(store, files)
    assert outlook.state == "to_build"
    assert [line.split()[0] for line in outlook.unmet] == ["--index-url", "pandas==1.0", "left-pad"]

    (tmp_path / "model").mkdir()
    for name, text in (("MLmodel", files.mlmodel), ("requirements.txt", files.requirements)):
        (tmp_path / "model" / name).write_text(text or "")
    key = store.plan(tmp_path / "model", resolve=lambda _: ()).key
    assert key is not None
    (store.folder / key / "bin").mkdir(parents=True)
    (store.folder / key / "bin/python").touch()
    assert environment_outlook(store, files).state == "built"


@pytest.mark.parametrize(
    ("files", "state", "reason"),
    [
        (ModelFiles(mlmodel=MLMODEL, python_env="python: 3.8.10"), "refused", "Python 3.8"),
        (ModelFiles(mlmodel=MLMODEL, requirements="./code/own.whl"), "unknown", "own.whl"),
        (ModelFiles(mlmodel=MLMODEL, requirements="one two three"), "unknown", "one two three"),
        (ModelFiles(mlmodel=f"{MLMODEL}    env: elsewhere.yaml\n"), "unknown", "files of its own"),
    ],
)
def test_what_cannot_start_and_what_only_a_start_can_tell(
    store: EnvironmentStore, files: ModelFiles, state: str, reason: str
) -> None:
    outlook = environment_outlook(store, files)
    assert outlook.state == state
    assert reason in (outlook.reason or "")
