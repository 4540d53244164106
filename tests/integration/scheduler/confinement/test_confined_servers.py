"""What programs of the platform that do what strangers ask reach: the embedded MLflow, the download of a model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from penstock.launcher.home import Home, Ports
from penstock.launcher.processes import mlflow_spec
from scheduler.backends.confinement import landlock
from scheduler.backends.confinement.rules import ConfinementMethod, RuleBook, confined_command

pytestmark = pytest.mark.skipif(landlock.abi() < 3, reason="this kernel's Landlock cannot refuse it")

TRY = """
import json, sys
said = {}
for mode, path in json.loads(sys.argv[1]):
    try:
        with open(path, mode) as file:
            said[mode + " " + path] = file.read(6) if mode == "r" else "ok"
    except OSError as error:
        said[mode + " " + path] = type(error).__name__
print(json.dumps(said))
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a token, and a folder of MLflow's; a pod has put a link to the home where it can write."""
    home = tmp_path / "home"
    for folder in ("mlflow/tmp", "models", "pods/a/run-0/work"):
        (home / folder).mkdir(parents=True)
    (home / "admin-token").write_text("secret")
    (home / "pods/a/run-0/work/artifacts").symlink_to(home)
    return home


def tried(command: list[str], *asked: tuple[str, Path], **environment: str) -> list[str]:
    texts = [(mode, str(path)) for mode, path in asked]
    ended = subprocess.run(
        [*command, sys.executable, "-c", TRY, json.dumps(texts)],
        env=os.environ | environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    said = json.loads(ended.stdout)
    return [said[f"{mode} {path}"] for mode, path in texts]


def test_the_embedded_mlflow_has_its_own_folder_alone(home: Path) -> None:
    """Whoever reaches it can name a folder as a run's, and have what lies there sent and written."""
    spec = mlflow_spec(Home(home, Ports()), {"CONTROLLER_SECRET_KEY": "k", "AWS_PROFILE": "ours"})
    assert spec.environment.get("AWS_PROFILE") == "ours"
    assert "CONTROLLER_SECRET_KEY" not in spec.environment
    command = list(spec.command[: spec.command.index("penstock.launcher.mlflow_server") - 2])
    asked = (
        ("r", home / "pods/a/run-0/work/artifacts/admin-token"),
        ("w", home / "pods/a/run-0/work/artifacts/adv"),
        ("r", Path("/etc/shadow")),
        ("w", home / "mlflow/mlflow.db"),
        ("w", home / "mlflow/tmp/upload"),
    )
    own = {"PENSTOCK_HOME": str(home), "SCHEDULER_CONFINEMENT": "auto"}
    refused = ["PermissionError"] * 3
    assert tried(command, *asked, **own) == [*refused, "ok", "ok"]
    assert tried(command, *asked[:1], **own | {"SCHEDULER_CONFINEMENT": "off"}) == ["secret"]


def test_a_download_from_our_own_registry_reads_all_but_what_pods_write_to(home: Path) -> None:
    rules = RuleBook(ConfinementMethod(landlock.abi()), home).for_download(home / "models", is_ours=True)
    with tempfile.NamedTemporaryFile(dir="/tmp") as other:
        check(home, rules, Path(other.name))


def check(home: Path, rules: dict[str, Any], other: Path) -> None:
    asked = (
        ("r", home / "pods/a/run-0/work/artifacts/admin-token"),
        ("r", home / "admin-token"),
        ("r", other),
        ("w", Path("/dev/shm/made-by-a-download")),
        ("r", Path("/etc/hostname")),
        ("w", home / "models/digest"),
    )
    *refused, read, written = tried(confined_command(rules, ()), *asked)
    assert (refused, written) == (["PermissionError"] * 4, "ok")
    assert read == Path("/etc/hostname").read_text()[:6]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two users")
def test_as_root_both_work_in_a_home_that_lies_in_another_users_closed_folder(home: Path) -> None:
    for folder in (home, home / "mlflow"):
        os.chown(folder, 12345, 12345)
        folder.chmod(0o700)
    rules = RuleBook(ConfinementMethod(landlock.abi()), home).for_server(home / "mlflow")
    asked = (("w", home / "mlflow/mlflow.db"), ("r", home / "admin-token"))
    assert tried(confined_command(rules, ()), *asked) == ["ok", "PermissionError"]
