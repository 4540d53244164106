"""Models logged by older MLflow: served in the environment that they pinned, they answer what that MLflow answers.

Each model is made by its own MLflow, in an environment that holds full MLflow of that version, and asked there once
through MLflow's own scoring server; then it is planned, built for and served as any model. The oldest versions are made
under Python 3.11 too, the oldest that models are served in.

What such an MLflow makes and answers never changes: for those of every run both are kept here, in `kept_models` and
`ANSWER`, and made anew with `--long`, as those of the other versions are.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
import uv

from models.model_pod import ModelPod
from scheduler.backends.environments.store import EnvironmentStore

KEPT = Path(__file__).parent / "kept_models"
SCRIPT = Path(__file__).parents[3] / "support" / "models" / "log_old_model.py"
ROWS = [["Ab c", 2.5, 7, True], ["x", 0.0, -1, False]]
REQUEST = json.dumps({"dataframe_split": {"columns": ["text", "weight", "count", "flag"], "data": ROWS}})
ANSWER = ["AB C 5.0 8 False", "X 0.0 0 True"]
IN_EVERY_RUN = ("2.14.3", "2.16.2")
"""The first needs pandas below 3, numpy below 2 and setuptools with `pkg_resources`, the second pandas below 3; neither
says so."""
VERSIONS = ("1.30.1", "2.0.1", "2.3.2", "2.5.0", "2.8.1", "2.9.2", "2.12.2", "2.14.3", "2.16.2", "2.22.0", "3.0.1",
            "3.4.0", "3.8.1")  # fmt: skip
BESIDE = ("setuptools<81", "fastapi<0.116", "httpx")
"""Of the time of these versions, which name no upper bounds for them."""
UNBUILT = "pyarrow ; python_version < '3'\n"
"""MLflow 1.30 asks for a pyarrow that has no wheels for Python 3.11; it is needed for Spark alone."""


def log_model(folder: Path, version: str) -> Any:
    """Have `version` of MLflow save a model in `folder/model`; what it answers to `REQUEST`."""
    run = [uv.find_uv_bin(), "-q"]
    python = str(folder / "env/bin/python")
    (folder / "overrides.txt").write_text(UNBUILT if version.startswith("1.") else "")
    subprocess.run([*run, "venv", "--python", "3.11", str(folder / "env")], check=True)
    overrides = ["--overrides", str(folder / "overrides.txt")]
    subprocess.run([*run, "pip", "install", "--python", python, *overrides, f"mlflow=={version}", *BESIDE], check=True)
    command = [python, str(SCRIPT), str(folder / "model"), REQUEST]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])["answer"]


def has_python() -> bool:
    """Whether the Python that these models are made with is here; the index for others may be out of reach."""
    command = [uv.find_uv_bin(), "python", "find", "--no-python-downloads", "3.11"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.skipif(not has_python(), reason="models of old MLflow need Python 3.11, which is not here"),
]


@pytest.mark.parametrize("version", IN_EVERY_RUN)
async def test_a_model_that_is_kept_answers_what_its_mlflow_answered(tmp_path: Path, version: str) -> None:
    assert await served_answer(KEPT / version, tmp_path) == ANSWER


@pytest.mark.long
@pytest.mark.parametrize("version", VERSIONS)
async def test_it_answers_what_its_mlflow_answers(tmp_path: Path, version: str) -> None:
    expected = log_model(tmp_path, version)
    assert await served_answer(tmp_path / "model", tmp_path) == expected["predictions"] == ANSWER


async def served_answer(model: Path, tmp_path: Path) -> Any:
    """Predictions of a pod of this model, in an environment that is built for it."""
    environments = EnvironmentStore(tmp_path / "envs", dict(os.environ), limit_s=500)
    environment = await environments.build(environments.plan(model), tmp_path / "build.log", lambda _: None)
    pod = ModelPod(model, tmp_path / "pod.log", python=environment.python)
    try:
        pod.wait_until_ready()
        headers = {"content-type": "application/json"}
        answer = httpx.post(f"http://127.0.0.1:{pod.port}/predict", content=REQUEST, headers=headers, timeout=60)
    finally:
        pod.stop()
    assert answer.status_code == 200, answer.text
    assert "the model's input example: 2 rows predicted" in pod.log.read_text()
    return answer.json()["predictions"]
