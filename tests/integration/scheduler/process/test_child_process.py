"""Short-lived children: what they print, their time, and that nobody who keeps their output holds the scheduler up."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import psutil
import pytest

from scheduler.backends import child_process
from scheduler.backends.child_process import ChildResult, run_child
from waiting.eventually import eventually

DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    open(sys.argv[1], "w").write(str(os.getpid()))
    time.sleep(600)
print("begun", flush=True)
while not os.path.exists(sys.argv[1]) or not os.path.getsize(sys.argv[1]):
    time.sleep(0.01)
"""
"""A process of a session of its own keeps the output open, as a build that starts a daemon does."""


async def run(code: str, *arguments: str, limit_s: float = 60, output: Path | None = None) -> ChildResult:
    command = [sys.executable, "-I", "-S", "-c", code, *arguments]
    rewrite = None if output is None else str.upper
    return await run_child(command, os.environ, limit_s=limit_s, output=output, rewrite=rewrite)


@pytest.fixture
def pid_file(tmp_path: Path) -> Path:
    return tmp_path / "daemon"


def end_daemon(pid_file: Path) -> None:
    os.kill(int(pid_file.read_text()), 9)


@pytest.mark.parametrize("is_kept", [True, False])
async def test_a_daemon_that_keeps_the_output_holds_nobody_up(tmp_path: Path, pid_file: Path, *, is_kept: bool) -> None:
    output = tmp_path / "output" if is_kept else None
    async with asyncio.timeout(30):
        ended = await run(DAEMON, str(pid_file), output=output)
    assert ended.code == 0
    assert (output.read_text() if output else ended.stdout) == ("BEGUN\n" if is_kept else "begun\n")
    end_daemon(pid_file)


async def test_one_that_takes_too_long_is_ended_though_a_daemon_keeps_its_output(
    tmp_path: Path, pid_file: Path
) -> None:
    output = tmp_path / "output"
    async with asyncio.timeout(30):
        ended = await run(DAEMON + "time.sleep(600)", str(pid_file), limit_s=1.5, output=output)
    assert ended == ChildResult(None, "")
    assert output.read_text() == "BEGUN\n"
    end_daemon(pid_file)


@pytest.mark.parametrize("rest_within_s", [2.0, 0.0], ids=["", "no-time-left"])
async def test_what_is_fed_and_printed_is_whole(monkeypatch: pytest.MonkeyPatch, rest_within_s: float) -> None:
    monkeypatch.setattr(child_process, "REST_WITHIN_S", rest_within_s)
    code = "import sys; data = sys.stdin.buffer.read(); sys.stdout.buffer.write(data * 10)"
    command = [sys.executable, "-I", "-S", "-c", code]
    ended = await run_child(command, os.environ, stdin=b"0123456789" * 100_000, limit_s=60)
    assert (ended.code, len(ended.stdout)) == (0, 10_000_000)


async def test_one_that_reads_nothing_and_ends_is_no_error() -> None:
    command = [sys.executable, "-I", "-S", "-c", "raise SystemExit(3)"]
    assert await run_child(command, os.environ, stdin=b"x" * 10_000_000, limit_s=60) == ChildResult(3, "")


async def test_lines_are_rewritten_whole_however_they_come(tmp_path: Path) -> None:
    code = "import sys\nfor part in ('a', 'b\\nc', '\\n', 'last'): sys.stdout.write(part); sys.stdout.flush()"
    assert (await run(code, output=tmp_path / "output")).code == 0
    assert (tmp_path / "output").read_text() == "AB\nC\nLAST\n"


async def test_a_cancelled_one_is_gone(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    code = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(600)"
    running = asyncio.create_task(run(code, str(pid_file)))
    pid = int(await eventually(lambda: pid_file.exists() and pid_file.read_text()))
    assert psutil.pid_exists(pid)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not psutil.pid_exists(pid)
