"""Whole platforms under the launcher: two side by side, one whose launcher is killed, one with damaged files.

To bring one up costs more than all else here, so that the tests share two, and each leaves its own up or down as it
likes: `up` finds one that runs.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from platforms.running_platform import ROOT, Platform, until

PROCESSES = {"controller", "scheduler", "router", "monitor", "inference-logger", "nats", "mlflow"}

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    platform = Platform(tmp_path_factory.mktemp("one") / "home")
    yield platform
    platform.down()


@dataclass
class Foreground:
    """A platform whose launcher runs in a terminal, so to speak."""

    platform: Platform
    launcher: psutil.Popen

    def children(self) -> list[psutil.Process]:
        found: list[psutil.Process] = self.launcher.children(recursive=True)
        return found


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Foreground]:
    """A second platform, which is ready."""
    platform = Platform(tmp_path_factory.mktemp("two") / "home")
    launcher = psutil.Popen([sys.executable, "-m", "penstock", "up"], env=platform.environment, cwd=ROOT)
    try:
        until(lambda: platform.status()["ready"], within=120, what="ready")
        yield Foreground(platform, launcher)
    finally:
        if launcher.is_running():
            launcher.terminate()
        launcher.wait(90)


def pids(platform: Platform) -> dict[str, int]:
    return {p["name"]: p["pid"] for p in platform.status()["processes"]}


def test_a_second_up_finds_the_first(platform: Platform) -> None:
    platform.up()
    before = pids(platform)

    done = platform.penstock("up", "--detach")

    assert done.returncode == 0
    assert "already running" in done.stderr
    assert pids(platform) == before


def test_up_after_the_launcher_was_killed_starts_anew(platform: Platform) -> None:
    platform.up()
    before = pids(platform)
    (supervisor,) = {psutil.Process(pid).ppid() for pid in before.values()}
    os.kill(supervisor, signal.SIGKILL)
    until(lambda: not platform.status()["ready"], within=60, what="the status says so")
    assert platform.process("router")["state"] == "running"  # it serves on, unsupervised

    platform.up()

    assert platform.status()["ready"]
    assert set(before.values()).isdisjoint(pids(platform).values())


def test_two_platforms_run_side_by_side(platform: Platform, other: Foreground) -> None:
    platform.up()

    for one in (platform, other.platform):
        status = json.loads(one.penstock("status", "--json").stdout)
        assert status["ready"]
        assert {p["name"] for p in status["processes"]} == PROCESSES
        assert all(psutil.pid_exists(p["pid"]) for p in status["processes"])
        assert one.api("GET", "/services")["items"] == []
    assert platform.token != other.platform.token


def environment_of(process: psutil.Process) -> str:
    try:
        return process.environ().get("PENSTOCK_HOME", "")
    except psutil.Error:
        return ""


def damage(home: Path) -> set[Path]:
    """Whatever can be damaged while a platform is down; the log of a service is a folder now."""
    contents = {
        home / "run/state.json": b"{}",
        home / "nats/credentials.json": b'{"controller": "cu',
        home / "ports.json": b"",
        home / "databases.json": b"[]",
        home / "router/0/routes.json": b"garbage",
        home / "pods/wine-v1-0/pod.json": b"{}",
        home / "router/0/spool/segment-00000000000000aa.spool": b"",
    }
    (home / "pods/wine-v1-0").mkdir(parents=True, exist_ok=True)
    for path, content in contents.items():
        path.write_bytes(content)
    (home / "logs/monitor.log").unlink()
    (home / "logs/monitor.log").mkdir()
    return set(contents)


def test_down_leaves_no_process_and_up_has_what_is_stored_though_files_were_damaged(
    platform: Platform, other: Foreground
) -> None:
    """The platform beside it stays up; a lost database stops the start; the damaged files are set aside."""
    platform.up()
    token = platform.token
    platform.api("POST", "/services", json={"name": "kept"})
    assert "Violation" not in (platform.home / "logs/nats.log").read_text()
    platform.down()
    assert [p for p in psutil.process_iter() if str(platform.home) in environment_of(p)] == []
    assert platform.status()["ready"] is False
    assert other.platform.status()["ready"] is True

    database = platform.home / "controller/controller.db"
    kept = database.rename(platform.home / "kept.db")
    done = platform.penstock("up", "--detach")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"{database} was there before" in done.stderr
    assert "--new-database controller" in done.stderr
    kept.rename(database)

    damaged = damage(platform.home)
    done = platform.penstock("up", "--detach")

    assert done.returncode == 0, done.stderr
    assert platform.status()["ready"]
    assert platform.token == token
    assert [each["name"] for each in platform.api("GET", "/services")["items"]] == ["kept"]
    for path in damaged - {platform.home / "router/0/routes.json"}:
        assert list(path.parent.glob(f"{path.name}.damaged-*")), path
    assert str(platform.home / "nats/credentials.json") in done.stderr
    told = json.loads(platform.penstock("doctor", "--json").stdout)
    assert {finding["check"] for finding in told} >= {"processes", "disk", "spool", "bus", "clock", "files", "ports"}
    assert any("were damaged" in finding["text"] for finding in told)
    assert [finding for finding in told if finding["level"] == "failed"] == []


def test_an_interrupted_foreground_ends_everything(other: Foreground) -> None:
    children = other.children()
    assert len(children) >= len(PROCESSES)
    other.launcher.send_signal(signal.SIGINT)
    assert other.launcher.wait(60) == 0
    assert [p for p in children if p.is_running()] == []
    with pytest.raises(httpx.ConnectError):
        httpx.get(other.platform.api_url)


def test_a_corrupt_database_is_one_line_that_names_it(tmp_path: Path) -> None:
    """Only the service whose database it is starts: the others are held, and cost nothing."""
    platform = Platform(tmp_path / "home")
    database = platform.home / "monitor/monitor.db"
    database.parent.mkdir(parents=True)
    database.write_bytes(b"this is no database, and was once worth something" * 100)
    hold = platform.home / "run/hold"
    hold.mkdir(parents=True)
    for name in PROCESSES - {"nats", "monitor"}:
        (hold / name).touch()

    with contextlib.ExitStack() as stack:
        stack.callback(platform.down)
        done = platform.penstock("up", "--detach")

    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "monitor" in done.stderr
    assert str(database) in done.stderr
    assert database.read_bytes().startswith(b"this is no database")
