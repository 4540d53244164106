"""Whole platforms under the launcher: two side by side, one whose launcher is killed, one with a corrupt database."""

from __future__ import annotations

import json
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


def test_damaged_files_are_set_aside_and_a_lost_database_stops_the_start(platform: Platform) -> None:
    platform.up()
    token = platform.token
    assert "Violation" not in (platform.home / "logs/nats.log").read_text()
    platform.down()

    database = platform.home / "controller/controller.db"
    kept = database.rename(platform.home / "kept.db")
    done = platform.penstock("up", "--detach")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert f"{database} was there before" in done.stderr
    assert "--new-database controller" in done.stderr
    kept.rename(database)

    spool = platform.home / "router/0/spool/segment-00000000000000aa.spool"
    pod = platform.home / "pods/wine-v1-0/pod.json"
    pod.parent.mkdir(parents=True, exist_ok=True)
    damaged = {
        platform.home / "run/state.json": b"{}",
        platform.home / "nats/credentials.json": b'{"controller": "cu',
        platform.home / "ports.json": b"",
        platform.home / "databases.json": b"[]",
        platform.home / "router/0/routes.json": b"garbage",
        pod: b"{}",
        spool: b"",
    }
    for path, content in damaged.items():
        path.write_bytes(content)
    (platform.home / "logs/monitor.log").unlink()
    (platform.home / "logs/monitor.log").mkdir()

    done = platform.penstock("up", "--detach")

    assert done.returncode == 0, done.stderr
    assert platform.status()["ready"]
    assert platform.token == token
    assert platform.api("GET", "/services")["items"] == []
    for path in damaged.keys() - {platform.home / "router/0/routes.json"}:
        assert list(path.parent.glob(f"{path.name}.damaged-*")), path
    assert str(platform.home / "nats/credentials.json") in done.stderr
    told = json.loads(platform.penstock("doctor", "--json").stdout)
    assert {finding["check"] for finding in told} >= {"processes", "disk", "spool", "bus", "clock", "files", "ports"}
    assert any("were damaged" in finding["text"] for finding in told)
    assert [finding for finding in told if finding["level"] == "failed"] == []


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
