"""Whole platforms under the launcher: two side by side, one whose launcher is killed, one with a corrupt database."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from running_platform import ROOT, Platform, until

PROCESSES = {"controller", "scheduler", "router", "monitor", "inference-logger", "nats", "mlflow"}

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    platform = Platform(tmp_path / "one")
    yield platform
    platform.down()


def test_two_platforms_run_side_by_side(platform: Platform, tmp_path: Path) -> None:
    other = Platform(tmp_path / "two")
    try:
        platform.up()
        other.up()

        for one in (platform, other):
            status = one.status()
            assert status["ready"]
            assert {p["name"] for p in status["processes"]} == PROCESSES
            assert all(psutil.pid_exists(p["pid"]) for p in status["processes"])
            assert one.api("GET", "/services")["items"] == []
        assert platform.token != other.token

        platform.down()

        assert platform.status()["ready"] is False
        assert other.status()["ready"] is True
    finally:
        other.down()


def test_down_leaves_no_process_and_keeps_what_is_stored(platform: Platform) -> None:
    platform.up()
    token = platform.token
    platform.down()

    left = [p for p in psutil.process_iter() if str(platform.home) in environment_of(p)]
    assert left == []
    platform.up()
    assert platform.token == token


def environment_of(process: psutil.Process) -> str:
    try:
        return process.environ().get("PENSTOCK_HOME", "")
    except psutil.Error:
        return ""


def test_up_after_the_launcher_was_killed_starts_anew(platform: Platform) -> None:
    platform.up()
    before = {p["name"]: p["pid"] for p in platform.status()["processes"]}
    (supervisor,) = {psutil.Process(pid).ppid() for pid in before.values()}
    os.kill(supervisor, signal.SIGKILL)
    until(lambda: not platform.status()["ready"], within=60, what="the status says so")
    assert platform.process("router")["state"] == "running"  # it serves on, unsupervised

    platform.up()

    after = {p["name"]: p["pid"] for p in platform.status()["processes"]}
    assert platform.status()["ready"]
    assert set(before.values()).isdisjoint(after.values())


def test_a_second_up_finds_the_first(platform: Platform) -> None:
    platform.up()
    pids = {p["pid"] for p in platform.status()["processes"]}

    done = platform.penstock("up", "--detach")

    assert done.returncode == 0
    assert "already running" in done.stderr
    assert {p["pid"] for p in platform.status()["processes"]} == pids


def test_a_corrupt_database_is_one_line_that_names_it(platform: Platform) -> None:
    database = platform.home / "monitor/monitor.db"
    database.parent.mkdir(parents=True)
    database.write_bytes(b"this is no database, and was once worth something" * 100)

    done = platform.penstock("up", "--detach")

    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "monitor" in done.stderr
    assert str(database) in done.stderr
    assert database.read_bytes().startswith(b"this is no database")


def test_an_interrupted_foreground_ends_everything(platform: Platform) -> None:
    launcher = psutil.Popen([sys.executable, "-m", "penstock", "up"], env=platform.environment, cwd=ROOT)
    try:
        until(lambda: platform.status()["ready"], within=120, what="ready")
        children = launcher.children(recursive=True)
        launcher.send_signal(signal.SIGINT)
        assert launcher.wait(60) == 0
        assert [p for p in children if p.is_running()] == []
    finally:
        if launcher.is_running():
            launcher.terminate()
    with pytest.raises(httpx.ConnectError):
        httpx.get(platform.api_url)
