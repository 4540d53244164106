"""What the guard of a test process promises: nothing that the process started outlives it, however it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from platforms.running_platform import until
from test_run.guard import RUN_FOLDER

RUN_TESTS = Path(__file__).parents[2] / "support" / "run_tests.py"
DETACHED = """
import os, socket, subprocess, sys, time
from pathlib import Path

def detach(folder):
    '''A process in a session of its own, with an empty environment, whose parent is gone.'''
    code = (
        "import os, socket, sys, time\\n"
        "from pathlib import Path\\n"
        "if os.fork(): os._exit(0)\\n"
        "os.setsid()\\n"
        "server = socket.create_server(('127.0.0.1', 0))\\n"
        "Path(sys.argv[1], 'aside').write_text(f'{os.getpid()} {server.getsockname()[1]}')\\n"
        "Path(sys.argv[1], 'aside').rename(Path(sys.argv[1], 'detached'))\\n"
        "time.sleep(600)\\n"
    )
    environment = {} if 'clean' in sys.argv[1:] + [os.environ.get('KIND')] else os.environ
    subprocess.run([sys.executable, '-c', code, str(folder)], env=environment, check=True)
    while not Path(folder, 'detached').exists():
        time.sleep(0.01)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "records").mkdir()
    (tmp_path / "detached_process.py").write_text(DETACHED)
    return tmp_path


def start(folder: Path, *command: str, **environment: str) -> subprocess.Popen[bytes]:
    """A guarded command, in `folder`."""
    known = os.environ | {RUN_FOLDER: str(folder / "records"), "PYTHONPATH": str(folder)} | environment
    guarded = [sys.executable, str(RUN_TESTS), "guard", "tried", *command]
    return subprocess.Popen(guarded, cwd=folder, env=known, stdout=subprocess.DEVNULL)


def script(folder: Path, *lines: str) -> list[str]:
    """A command that detaches a process and then does what the lines say."""
    file = folder / "script.py"
    file.write_text("\n".join(["import os, sys, time", "from detached_process import detach", "detach('.')", *lines]))
    return [sys.executable, str(file)]


def detached(folder: Path) -> tuple[psutil.Process, int]:
    file = folder / "detached"
    until(file.exists, within=60, what="the detached process runs")
    pid, port = map(int, file.read_text().split())
    return psutil.Process(pid), port


def record(folder: Path) -> dict[str, Any]:
    (file,) = (folder / "records").glob("guard-*.json")
    found: dict[str, Any] = json.loads(file.read_text())
    return found


def children_of(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children()


@pytest.mark.parametrize("kind", ["marked", "clean"])
def test_what_outlives_the_command_is_killed_and_written_down(folder: Path, kind: str) -> None:
    with start(folder, *script(folder, "sys.exit(3)"), KIND=kind, PYTEST_CURRENT_TEST="a.py::b (call)") as guarded:
        process, port = detached(folder)
        assert guarded.wait(60) == 3
    assert not process.is_running()
    (survivor,) = record(folder)["survivors"]
    assert (survivor["pid"], survivor["ports"], survivor["folder"]) == (process.pid, [port], str(folder))
    assert survivor["test"] == {"marked": "a.py::b", "clean": ""}[kind]


def test_what_ends_by_itself_in_time_is_no_leak(folder: Path) -> None:
    end = "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(0.5)'], start_new_session=True)"
    file = folder / "script.py"
    file.write_text(f"import subprocess, sys\n{end}\n")
    with start(folder, sys.executable, str(file)) as guarded:
        assert guarded.wait(60) == 0
    assert record(folder)["survivors"] == []


@pytest.mark.parametrize("victim", ["the command", "the guard", "the parent of the guard"])
def test_a_kill_leaves_nothing_running(folder: Path, victim: str) -> None:
    outer = [sys.executable, str(RUN_TESTS), "guard", "inner"]
    with start(folder, *outer, *script(folder, "time.sleep(600)")) as guarded:
        process, _ = detached(folder)
        (inner,) = children_of(guarded.pid)
        killed = {"the command": children_of(inner.pid)[0].pid, "the guard": inner.pid}.get(victim, guarded.pid)
        all_of_it = [process, inner, *inner.children()]
        os.kill(killed, signal.SIGKILL)
        guarded.wait(60)
        gone, alive = psutil.wait_procs(all_of_it, 20)
    assert not alive
    assert len(gone) == 3


def test_a_guard_that_is_told_to_end_takes_all_with_it(folder: Path) -> None:
    with start(folder, *script(folder, "time.sleep(600)")) as guarded:
        process, _ = detached(folder)
        guarded.send_signal(signal.SIGTERM)
        assert guarded.wait(60) == 143
    assert not process.is_running()


def test_cpu_of_detached_processes_is_counted(folder: Path) -> None:
    busy = "import time\nwhile time.process_time() < 1: pass"
    file = folder / "script.py"
    file.write_text(
        "import subprocess, sys\n"
        f"code = {busy!r}\n"
        "start = 'import subprocess, sys; subprocess.Popen([sys.executable, \"-c\", '\n"
        "start += f'{code!r}], start_new_session=True)'\n"
        "subprocess.run([sys.executable, '-c', start])\n"
        "import time; time.sleep(1.5)\n"
    )
    with start(folder, sys.executable, str(file)) as guarded:
        guarded.wait(60)
    assert record(folder)["cpu_s"] > 0.9
