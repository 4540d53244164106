"""Environments that a home keeps, seen and pruned by whoever runs the platform."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from running_services.scheduler_world import wanted
from scheduler.backends.lifecycle.folders.pod_folder import PodFolder, PodRecord
from scheduler.backends.process.kept_environments import DAY_S


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Environments `fresh`, `idle`, `used` (by a pod) and `locked` (somebody waits for it), and a running build."""
    long_ago = time.time() - 30 * DAY_S
    for key in ("fresh", "idle", "used", "locked"):
        (tmp_path / "envs" / key / "lib" / "python3.11").mkdir(parents=True)
        (tmp_path / "envs" / key / "lib" / "x").write_text("x" * 5000)
        (tmp_path / "envs" / f"{key}.lock").touch()
        if key != "fresh":
            os.utime(tmp_path / "envs" / f"{key}.lock", (long_ago, long_ago))
    (tmp_path / "envs" / ".building-other").mkdir()
    record = PodRecord(name="wine-v1-a", deployment=wanted(), template="t", created_at=0)
    run = PodFolder.create(tmp_path / "pods", record).run(0)
    run.make()
    run.write_order({"command": [str(tmp_path / "envs/used/bin/python"), "-m", "penstock_runtime"]})
    return tmp_path


def environments(home: Path, *arguments: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "penstock", "environments", *arguments, "--json"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, "PENSTOCK_HOME": str(home)}
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_they_are_listed_and_pruned_where_nobody_uses_them(home: Path) -> None:
    listed = environments(home, "list")
    assert {each["key"]: each["pods"] for each in listed} == {
        "fresh": [],
        "idle": [],
        "locked": [],
        "used": ["wine-v1-a"],
    }
    assert all(each["python"] == "3.11" and each["bytes"] >= 5000 for each in listed)
    with (home / "envs" / "locked.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert [each["key"] for each in environments(home, "prune")] == ["idle"]
    assert sorted(path.name for path in (home / "envs").iterdir() if path.is_dir()) == [
        *(".building-other", "fresh", "locked", "used")
    ]
