"""Environments of models: planned from the model's files, built by uv."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from models.toy_packages import toy_source, toy_wheel
from scheduler.backends.confinement.availability import find_confinement
from scheduler.backends.environments.failures import failure_of
from scheduler.backends.environments.store import EnvironmentPlan, EnvironmentStore
from scheduler.backends.errors import PreparationFailed
from scheduler.backends.lifecycle.folders.run_folder import RunFolder
from scheduler.backends.preparation.mlflow_preparation import MlflowPreparation
from scheduler.domain.requirements.sources import Resolve, SourceRule
from servers.ports import free_port
from shared.security.addresses import AddressRule

MLFLOW = version("mlflow-skinny")
MLMODEL = "flavors:\n  python_function:\n    loader_module: nothing\n"
SECRET = "s3cret-of-the-index"
HERE = ".".join(map(str, sys.version_info[:2]))
ANOTHER = "3.12" if HERE != "3.12" else "3.11"


@pytest.fixture
def environments(tmp_path: Path) -> EnvironmentStore:
    return EnvironmentStore(tmp_path / "envs", dict(os.environ), limit_s=300)


def model_with(folder: Path, *requirements: str, python: str | None = None, **files: str | bytes) -> Path:
    """A model's folder; `files` by name, `__` for `/` and `_dot_` for a dot."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "MLmodel").write_text(MLMODEL)
    if requirements:
        (folder / "requirements.txt").write_text("".join(f"{line}\n" for line in requirements))
    if python:
        (folder / "python_env.yaml").write_text(f"python: {python}\nbuild_dependencies:\n- pip\n")
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def unmet(plan: EnvironmentPlan) -> tuple[str, ...]:
    return plan.comparison.unmet


# ── planning ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_nothing_is_built_for_what_the_platform_has(tmp_path: Path, environments: EnvironmentStore) -> None:
    python = ".".join(map(str, (*sys.version_info[:2], 0)))
    model = model_with(tmp_path / "m", f"mlflow=={MLFLOW}", "scikit-learn", "pytest==0.1", python=python)
    plan = environments.plan(model)
    assert plan.key is None
    assert environments.find(plan) is not None
    assert len(plan.comparison.warnings) == 1


def test_files_that_lines_include_are_read_from_the_model(tmp_path: Path, environments: EnvironmentStore) -> None:
    lines = ("-r more/a.txt", "-climits.txt")
    files = {"more__a_dot_txt": "-r b.txt\n", "more__b_dot_txt": "toolz\n", "limits_dot_txt": "toolz==0.12.1\n"}
    plan = environments.plan(model_with(tmp_path / "m", *lines, **files))
    assert unmet(plan) == ("toolz (not installed)",)
    assert [each.text for each in plan.packages.constraints] == ["toolz==0.12.1"]
    other = environments.plan(model_with(tmp_path / "o", *lines, **files | {"limits_dot_txt": "toolz==0.12.0\n"}))
    assert other.key != plan.key


def test_files_of_the_model_count_by_their_content(tmp_path: Path, environments: EnvironmentStore) -> None:
    keys = set()
    for number, source in enumerate(("x = 1", "x = 1", "x = 2")):
        wheel = toy_wheel(tmp_path / str(number) / "code", "toywheel", source)
        plan = environments.plan(model_with(tmp_path / str(number), "mlflow", f"code/{wheel.name}"))
        assert unmet(plan) == (f"code/{wheel.name} (a file of the model)",)
        keys.add(plan.key)
    assert len(keys) == 2


def test_folders_of_the_machine_that_logged_the_model_are_left_out(
    tmp_path: Path, environments: EnvironmentStore
) -> None:
    lines = ("-e .", "-e ./tools", "--editable=../tools", "./tools", "/home/me/tools", "-e file:///home/me/tools")
    plan = environments.plan(model_with(tmp_path / "m", *lines))
    assert plan.key is None
    assert [line.endswith("is left out: a folder of the machine that logged the model") for line in plan.left_out] == [
        True
    ] * len(lines)


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("-r /etc/hostname", "names no file of the model"),
        ("-c ../outside.txt", "names no file of the model"),
        ("-r link.txt", "names no file of the model"),
        ("-r https://pypi.org/x.txt", "names no file of the model"),
        ("-r requirements.txt", "themselves"),
        ("pwn @ file:///etc", "SCHEDULER_ALLOWED_PACKAGE_PATHS"),
        ("wheels/x-1-py3-none-any.whl", "among the model's files"),
        ("-f /etc", "SCHEDULER_ALLOWED_PACKAGE_PATHS"),
        (f"--index-url http://u:{SECRET}@127.0.0.1:9/simple", "SCHEDULER_ALLOWED_INDEXES"),
        (f"x @ http://127.0.0.1/x.whl?token={SECRET}", "127.0.0.1 is no public address"),
        ("git+file:///etc", "addresses begin with"),
        ("toolz; sys_platform == '${HOME}'", "variable"),
        ("--only-binary ${HOME}", "variable"),
        ("--target /etc", "no requirements file has"),
    ],
)
def test_lines_that_lead_elsewhere_end_the_version_at_once(
    tmp_path: Path, environments: EnvironmentStore, line: str, named: str
) -> None:
    (tmp_path / "outside.txt").write_text("toolz\n")
    model = model_with(tmp_path / "m", line)
    (model / "link.txt").symlink_to("../outside.txt")
    with pytest.raises(PreparationFailed, match=named) as failed:
        environments.plan(model)
    assert failed.value.is_permanent
    assert SECRET not in failed.value.message


def test_folders_that_the_operator_allows_may_be_named(tmp_path: Path) -> None:
    wheel = toy_wheel(tmp_path / "srv", "toywheel", "x = 1")
    rule = SourceRule(paths=(tmp_path / "srv",))
    environments = EnvironmentStore(tmp_path / "envs", dict(os.environ), limit_s=300, rule=rule)
    plan = environments.plan(model_with(tmp_path / "m", f"toywheel @ {wheel.as_uri()}", f"-f {tmp_path}/srv"))
    assert len(unmet(plan)) == 2


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {"conda_dot_yaml": f"dependencies:\n- python={HERE}\n- pip:\n  - toolz==0.12\n"},
            ("toolz==0.12 (not installed)",),
        ),
        ({"conda_dot_yaml": "dependencies: [toolz=0.12]\n"}, ("toolz==0.12.* (not installed)",)),
        ({"python_env_dot_yaml": "dependencies: [toolz]\n"}, ("toolz (not installed)",)),
        (
            {
                "python_env_dot_yaml": "dependencies: [-r requirements.txt, toolz]\n",
                "requirements_dot_txt": "cytoolz\n",
            },
            ("cytoolz (not installed)", "toolz (not installed)"),
        ),
        (
            {"requirements_dot_txt": "cytoolz\n", "conda_dot_yaml": "dependencies: [toolz, pip: [other]]\n"},
            ("cytoolz (not installed)", "toolz (not installed)"),
        ),
        (
            {"MLmodel": f"flavors:\n  python_function:\n    python_version: {ANOTHER}.1\n"},
            (f"Python {ANOTHER} (here: {HERE})",),
        ),
        ({"requirements_dot_txt": "toolz # é\n".encode("utf-16")}, ("toolz (not installed)",)),
    ],
)
def test_all_files_of_an_environment_are_read(
    tmp_path: Path, environments: EnvironmentStore, files: dict[str, str | bytes], expected: tuple[str, ...]
) -> None:
    assert unmet(environments.plan(model_with(tmp_path / "m", **files))) == expected  # type: ignore[arg-type]


def test_a_package_of_condas_own_is_taken_with_a_warning(tmp_path: Path, environments: EnvironmentStore) -> None:
    plan = environments.plan(model_with(tmp_path / "m", conda_dot_yaml="dependencies: [toolz=0.12]\n"))
    assert plan.left_out == ("toolz==0.12.* is taken from conda.yaml by its name there, and installed with pip",)


async def test_a_plan_that_raises_ends_the_version_with_its_reason(
    tmp_path: Path, environments: EnvironmentStore
) -> None:
    folder = model_with(tmp_path / "a")
    (folder / "requirements.txt").mkdir()
    with pytest.raises(PreparationFailed, match=r"requirements\.txt is no file") as failed:
        environments.plan(folder)
    assert failed.value.is_permanent
    with pytest.raises(PreparationFailed, match=r"python_env\.yaml holds no text"):
        environments.plan(model_with(tmp_path / "b", python_env_dot_yaml=b"a\0\0\0b\0"))

    class Raises(EnvironmentStore):
        def plan(self, model: Path, resolve: Resolve | None = None) -> EnvironmentPlan:
            raise KeyError("surprise")

    run = RunFolder(tmp_path / "run-0", 0)
    run.make()
    preparation = MlflowPreparation(None, Raises(tmp_path, {}, limit_s=1))  # type: ignore[arg-type]
    with pytest.raises(PreparationFailed, match="surprise") as failed:
        await preparation._python_of_model(folder, run, lambda _: None)
    assert failed.value.is_permanent


@pytest.mark.parametrize("python", ["3.8.18", "3.10.1", "3.14.0"])
def test_a_python_that_cannot_serve_ends_the_version_at_once(
    tmp_path: Path, environments: EnvironmentStore, python: str
) -> None:
    with pytest.raises(PreparationFailed, match=python.rpartition(".")[0]) as failed:
        environments.plan(model_with(tmp_path / "m", "mlflow==2.10.2", python=python))
    assert failed.value.is_permanent


# ── building ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.timeout(400)
async def test_an_environment_is_built_once_and_serves(tmp_path: Path) -> None:
    """From an index, from a wheel of the model, and from a source of the model, which runs code to be built."""
    confinement = find_confinement("auto", tmp_path, range(56_000, 56_010), ())
    environments = EnvironmentStore(tmp_path / "envs", dict(os.environ), limit_s=300, confinement=confinement)
    (tmp_path / "secret").write_text("of the platform")
    (tmp_path / "secret").chmod(0o600)
    wheel = toy_wheel(tmp_path / "m" / "code", "toywheel", "half = 0.5")
    source = toy_source(tmp_path / "m" / "code")
    lines = ("mlflow", "toolz", f"code/{wheel.name}", f"-e code/{source.name}", "-c limits.txt")
    model = model_with(tmp_path / "m", *lines, limits_dot_txt="toolz==0.12.1\n")
    source.chmod(0o555)
    plan = environments.plan(model)
    assert environments.find(plan) is None
    said: list[str] = []
    output = tmp_path / "output.log"
    built = await asyncio.gather(*(environments.build(plan, output, said.append) for _ in range(2)))

    assert sorted(each.was_built for each in built) == [False, True]
    assert "toolz" in output.read_text()
    assert said
    assert environments.find(environments.plan(model)) is not None
    code = (
        "import toolz, toywheel, toysource, mlflow.pyfunc, penstock_runtime, orjson, json; "
        "print(json.dumps([toolz.__version__, toywheel.half, toysource.SEEN]))"
    )
    done = subprocess.run([built[0].python, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    toolz, half, seen = json.loads(done.stdout.splitlines()[-1])
    assert (toolz, half) == ("0.12.1", 0.5)
    assert (seen.pop("read") == "PermissionError") == (confinement.rules is not None)
    assert built[0].python.lstat().st_uid == os.geteuid()
    # What the model's own code saw while it was built: folders of this build alone, which are gone.
    assert {name for name, value in seen.items() if "/envs/.building-" not in value} == set()
    assert [path.name for path in source.iterdir()] == ["setup.py"]
    assert [path.name for path in (tmp_path / "envs").iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        (("toolz==999.0",), "toolz==999.0"),
        (("numpy==1.20.0", "mlflow"), rf"numpy==1\.20\.0.*Python {re.escape(HERE)}"),
        (("toolz --hash=sha256:" + "0" * 64, "toolz==0.12.1"), "Hash mismatch|hash"),
    ],
)
async def test_an_environment_that_cannot_be_had_says_why(
    tmp_path: Path, environments: EnvironmentStore, lines: tuple[str, ...], named: str
) -> None:
    plan = environments.plan(model_with(tmp_path / "m", *lines))
    with pytest.raises(PreparationFailed, match=named) as failed:
        await environments.build(plan, tmp_path / "output.log", lambda _: None)
    assert failed.value.reason == "EnvironmentFailed"
    assert failed.value.is_permanent
    assert ".building-" not in failed.value.message
    assert environments.find(plan) is None


def test_a_python_that_cannot_be_had_is_named_with_the_last_cause() -> None:
    said = (
        "error: Request failed after 3 retries in 12.1s\n  cause: Failed to download `https://github.com/astral-sh/"
        "python-build-standalone/releases/download/x.tar.gz`\n  cause: dns error\n  cause: Name or service not known\n"
    )
    failed = failure_of(said, "3.12.1")
    assert failed.is_permanent
    assert failed.message == (
        "Python 3.12, which the model asks for, is not on this machine, and uv could not download it from GitHub "
        "(Name or service not known): install it there, or log the model with another"
    )


async def test_credentials_of_an_index_are_shown_nowhere(tmp_path: Path) -> None:
    rule = SourceRule(AddressRule.of(["127.0.0.1"]))
    environ = {**os.environ, "UV_HTTP_RETRIES": "0"}
    environments = EnvironmentStore(tmp_path / "envs", environ, limit_s=300, rule=rule)
    index = f"127.0.0.1:{free_port()}/simple"
    lines = (f"--extra-index-url http://builder:{SECRET}@{index}", f"-f http://{index}?token={SECRET}", "toolz")
    plan = environments.plan(model_with(tmp_path / "m", *lines))
    output = tmp_path / "output.log"
    with pytest.raises(PreparationFailed) as failed:
        await environments.build(plan, output, lambda _: None)
    assert not failed.value.is_permanent  # the index may be back
    assert SECRET not in f"{failed.value.message}{output.read_text()}{plan.comparison}"
    assert index in output.read_text()
