"""Runtime images: which one runs a model, and what an environment that is built for one depends on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from scheduler.backends.docker.engine.client import Engine
from scheduler.backends.docker.preparation.container_plan import python_of
from scheduler.backends.docker.preparation.runtime_images import (
    RuntimeImage,
    RuntimeImageMissing,
    RuntimeImages,
    RuntimeSettings,
)
from scheduler.backends.environments.store import EnvironmentStore
from scheduler.backends.errors import PreparationFailed

REQUIREMENTS = "mlflow==3.17.2\nscikit-learn==1.9.1\n"


def images(tmp_path: Path, **known: RuntimeImage) -> RuntimeImages:
    def refuse(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("nobody")

    settings = RuntimeSettings("penstock-runtime:py{python}", "3.11.2", "i", "bridge", tmp_path / "envs")
    found: Any = RuntimeImages(Engine("unix:///s", httpx.MockTransport(refuse)), settings)
    found._known = {name.removeprefix("py").replace("_", "."): image for name, image in known.items()}
    return found  # type: ignore[no-any-return]


def image(python: str, identity: str = "sha256:1", **packages: str) -> RuntimeImage:
    held = {"mlflow-skinny": "3.17.2", "scikit-learn": "1.9.1", **packages}
    return RuntimeImage("penstock-runtime", identity, python, "/usr/bin/python3", held)


def model(folder: Path, requirements: str = REQUIREMENTS, python: str = "3.11.2") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "requirements.txt").write_text(requirements)
    (folder / "python_env.yaml").write_text(f"python: {python}\n")
    (folder / "MLmodel").write_text("flavors:\n  python_function:\n    env:\n      virtualenv: python_env.yaml\n")
    return folder


def store(tmp_path: Path, host: RuntimeImages) -> EnvironmentStore:
    return EnvironmentStore(tmp_path / "envs", {}, limit_s=1.0).on(host)


def test_an_image_that_satisfies_a_model_runs_it_as_it_is(tmp_path: Path) -> None:
    environments = store(tmp_path, images(tmp_path, py3_11=image("3.11.2"), py3_12=image("3.12.1", "sha256:2")))
    for python, program in (("3.11.2", "python3.11"), ("3.12.7", "python3.12")):
        plan = environments.plan(model(tmp_path / "model", python=python))
        found = environments.find(plan)
        assert found is not None
        assert (plan.key, str(found.python)) == (None, f"/opt/penstock/bin/{program}")


def test_an_environment_is_built_anew_for_another_image(tmp_path: Path) -> None:
    folder = model(tmp_path / "model", "mlflow==3.17.2\nscikit-learn==1.5.0\n")
    keys = {
        store(tmp_path, images(tmp_path, py3_11=image("3.11.2", identity))).plan(folder).key
        for identity in ("sha256:1", "sha256:2")
    }
    assert None not in keys
    assert len(keys) == 2


def test_an_environment_is_there_although_its_python_is_in_the_image(tmp_path: Path) -> None:
    environments = store(tmp_path, images(tmp_path, py3_11=image("3.11.2")))
    plan = environments.plan(model(tmp_path / "model", "mlflow==3.17.2\nscikit-learn==1.5.0\n"))
    assert plan.key is not None
    assert not environments.is_built(plan.key)
    python = tmp_path / "envs" / plan.key / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to("/nowhere/in/this/machine/python3")
    assert environments.is_built(plan.key)


def test_a_python_without_an_image_is_named_with_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(RuntimeImageMissing) as missing:
        images(tmp_path, py3_11=image("3.11.2")).image("3.13.1")
    assert missing.value.python == "3.13"
    assert "penstock images build --python 3.13" in missing.value.message


async def test_an_image_of_our_own_making_is_pulled_from_nowhere(tmp_path: Path) -> None:
    with pytest.raises(PreparationFailed) as failed:
        await images(tmp_path).pull("3.12", lambda _: None)
    assert "penstock images build --python 3.12" in failed.value.message


def test_the_python_that_runs_a_command_says_which_image_it_needs(tmp_path: Path) -> None:
    assert python_of(["/opt/penstock/bin/python3.12", "-m", "penstock_runtime"]) == "3.12"
    (tmp_path / "lib" / "python3.13").mkdir(parents=True)
    assert python_of([str(tmp_path / "bin" / "python"), "-m", "penstock_runtime"]) == "3.13"
