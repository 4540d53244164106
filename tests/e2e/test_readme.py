"""README.md, line by line, as a newcomer pastes it: every block in the order written, in one shell, in a fresh home.

Only the ports are other ones (they may be taken) and the clone is this checkout. Blocks that need Docker run where an
engine answers; `./penstock test` is what runs this.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from platforms.readme_blocks import Step, blocks, steps
from servers.ports import free_port

ROOT = Path(__file__).parents[2]
PORTS = {
    "PENSTOCK_API_PORT": "8000",
    "PENSTOCK_PORT": "8080",
    "PENSTOCK_NATS_PORT": "4222",
    "PENSTOCK_MLFLOW_PORT": "5000",
}
OF_DOCKER = ("docker-compose", "docker compose")
SUBSCRIBE_FOR_A_WHILE = (
    'bounded() { timeout 10 .venv/bin/python docs/examples/subscribe.py "$1" || test $? = 124; }; bounded'
)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder in which the README's relative paths mean what they mean in a clone."""
    folder = tmp_path / "penstock"
    folder.mkdir()
    (folder / "docs").symlink_to(ROOT / "docs")
    (folder / ".venv").symlink_to(sys.prefix)
    launcher = folder / "penstock"
    launcher.write_text(f'#!/bin/sh\nexec {sys.executable} -m penstock "$@"\n')
    launcher.chmod(0o755)
    return folder


def script(parts: list[Step], folder: Path) -> str:
    """One shell script of all steps; the output of each goes to a file of its own, and a failure ends it."""
    lines = ["set -euo pipefail"]
    for number, step in enumerate(parts):
        lines += [f"echo {number} > {folder}/reached", "{", step.commands, f"}} > {folder}/out.{number}"]
    return "\n".join(lines) + "\n"


def run(parts: list[Step], clone: Path, environment: dict[str, str], within: float = 230) -> None:
    text = script(parts, clone.parent)
    for name, port in PORTS.items():
        text = text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{environment.get(name, port)}")
    done = subprocess.run(
        ["bash", "-c", text], cwd=clone, env=environment, capture_output=True, text=True, check=False, timeout=within
    )
    reached = int((clone.parent / "reached").read_text())
    assert done.returncode == 0, f"{parts[reached].commands}\n{done.stderr}\n{out(clone, reached)}"
    for number, step in enumerate(parts):
        if step.shown:
            assert step.shows(out(clone, number)), f"{step.commands}\n{out(clone, number)}"


def out(clone: Path, number: int) -> str:
    return (clone.parent / f"out.{number}").read_text()


@pytest.mark.skipif(shutil.which("curl") is None, reason="the README calls with curl, which is not installed")
def test_every_block_runs_and_prints_what_it_says(clone: Path) -> None:
    wanted = [block for block in blocks(ROOT / "README.md") if not any(word in block for word in OF_DOCKER)]
    assert len(wanted) >= 5
    parts = [step for block in wanted for step in steps(block.replace("./penstock test ", ": "))]
    environment = os.environ | {name: str(free_port()) for name in PORTS}
    environment |= {"PENSTOCK_HOME": str(clone / ".penstock"), "PYTHONWARNINGS": "ignore"}
    try:
        run(parts, clone, environment)
    finally:
        subprocess.run([clone / "penstock", "down"], env=environment, capture_output=True, check=False)


def an_engine_answers() -> bool:
    if shutil.which("docker-compose") is None or shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0


@pytest.mark.engine
@pytest.mark.timeout(1500)
@pytest.mark.skipif(not an_engine_answers(), reason="no Docker engine with docker-compose answers")
def test_the_blocks_of_compose_run_too(clone: Path) -> None:
    """Images are built from a clone of the commit in hand; the ports are the README's own."""
    folder = clone.parent / "compose"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(folder)], check=True)
    (folder / ".venv").symlink_to(sys.prefix)
    shutil.copy(clone / "penstock", folder / "penstock")
    wanted = [block for block in blocks(ROOT / "README.md") if any(word in block for word in OF_DOCKER)]
    # The subscriber goes on until it is told to end: some seconds show that it is let in.
    bounded = [block.replace(".venv/bin/python docs/examples/subscribe.py", SUBSCRIBE_FOR_A_WHILE) for block in wanted]
    assert any("end-pods" in block for block in wanted)
    try:
        run([step for block in bounded for step in steps(block)], folder, dict(os.environ), within=1200)
    finally:
        for ends in (["stop", "scheduler"], ["run", "--rm", "--no-deps", "scheduler", "end-pods"], ["down", "-v"]):
            subprocess.run(["docker-compose", *ends], cwd=folder, capture_output=True, check=False)
    left = ["docker", "ps", "--all", "--quiet", "--filter", "network=penstock-pods"]
    assert subprocess.run(left, capture_output=True, text=True, check=True).stdout == "", "pods are left"
