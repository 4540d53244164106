"""The shim: it keeps a pod's output and exit status whatever becomes of whoever started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from running_services.scheduler_world import wanted
from scheduler.backends.lifecycle.folders.output import read_lines
from scheduler.backends.lifecycle.folders.pod_folder import PodFolder, PodRecord, pod_folders
from scheduler.backends.lifecycle.folders.run_folder import RunFolder
from scheduler.backends.process import shim
from scheduler.backends.process.reap import reap


def ordered(folder: Path, code: str, *, cap: int = 1024 * 1024) -> RunFolder:
    """A run whose process is this Python code."""
    run = RunFolder(folder / "run-0", 0)
    run.make()
    run.write_order(
        {
            "command": [sys.executable, "-S", "-u", "-c", code],
            "environment": {"PENSTOCK_POD": "p"},
            "folder": str(folder),
            "descriptors": [],
            "output_cap": cap,
            "port": 0,
        }
    )
    return run


def start(run: RunFolder) -> int:
    return subprocess.run([sys.executable, "-I", "-S", shim.__file__, run.path], check=False).returncode


def until(condition: Callable[[], object], within: float = 60) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("raise SystemExit(7)", {"code": 7, "signal": None}),
        ("import os; os.kill(os.getpid(), 9)", {"code": None, "signal": 9}),
        ("pass", {"code": 0, "signal": None}),
    ],
)
def test_the_exit_status_is_kept(tmp_path: Path, code: str, status: dict[str, int | None]) -> None:
    run = ordered(tmp_path, code)
    assert start(run) == shim.STARTED
    until(run.exit)
    assert run.exit() == status


def test_a_run_is_started_once(tmp_path: Path) -> None:
    run = ordered(tmp_path, "import time; time.sleep(60)")
    assert start(run) == shim.STARTED
    process = run.process()
    assert process is not None
    assert start(run) == shim.REFUSED
    process.send(signal.SIGKILL)
    until(run.exit)
    assert start(run) == shim.REFUSED
    assert run.process() == process


def test_output_and_status_survive_the_death_of_the_starter(tmp_path: Path) -> None:
    run = ordered(tmp_path, "import time\nfor n in range(100): print('line', n); time.sleep(0.02)")
    code = f"import subprocess, time; subprocess.run([{sys.executable!r}, {shim.__file__!r}, {str(run.path)!r}])"
    starter = subprocess.Popen([sys.executable, "-c", f"{code}; time.sleep(60)"], start_new_session=True)
    until(run.process)
    os.killpg(starter.pid, signal.SIGKILL)
    starter.wait()
    until(run.exit)
    assert run.exit() == {"code": 0, "signal": None}
    assert [line.text for line in read_lines(run, 0, is_over=True)] == [f"line {n}" for n in range(100)]


def test_children_of_a_pod_end_with_it(tmp_path: Path) -> None:
    code = f"import subprocess; print(subprocess.Popen([{sys.executable!r}, '-c', 'import time; time.sleep(60)']).pid)"
    run = ordered(tmp_path, code)
    start(run)
    until(run.exit)
    child = int(run.output.read_text())
    until(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE)


def test_a_command_that_is_not_there_is_127_and_said(tmp_path: Path) -> None:
    run = ordered(tmp_path, "pass")
    order = run.read_order()
    assert order is not None
    run.write_order(order | {"command": ["/nowhere/python"]})
    start(run)
    until(run.exit)
    assert run.exit() == {"code": 127, "signal": None}
    assert "cannot start /nowhere/python" in run.output.read_text()


def test_output_beyond_its_cap_is_dropped_and_offsets_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = RunFolder(tmp_path / "run-0", 0)
    run.make()
    monkeypatch.chdir(run.path)
    descriptor = os.open("output.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(descriptor, b"old\n" * 100)
    shim._truncate_output(descriptor, 400)
    assert run.dropped_bytes() == 0
    os.write(descriptor, b"x")
    shim._truncate_output(descriptor, 400)
    os.write(descriptor, b"new\n")
    os.close(descriptor)

    assert (run.dropped_bytes(), run.output.stat().st_size) == (401, 4)
    (line,) = read_lines(run, 200, is_over=False)
    assert (line.position.offset, line.text) == (401, "new")


def test_reaping_ends_every_pod_even_a_stopped_one(tmp_path: Path) -> None:
    processes = []
    for name in ("a", "b"):
        record = PodRecord(name=name, deployment=wanted(), template="t", created_at=0)
        folder = PodFolder.create(tmp_path / "pods", record)
        run = ordered(folder.path, "import time; time.sleep(60)")
        start(run)
        process = run.process()
        assert process is not None
        processes.append(process)
    processes[0].send(signal.SIGSTOP)
    assert reap(tmp_path, grace_s=5) == 2
    assert not any(process.is_alive() for process in processes)
    assert [each.record.is_terminating for each in pod_folders(tmp_path / "pods")] == [True, True]
    assert reap(tmp_path, grace_s=5) == 0
