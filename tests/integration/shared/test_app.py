"""A process ends cleanly when asked to, and not when a part of it ended by itself."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

PROGRAM = """
import asyncio, logging, sys
from shared.app import run_app
from shared.errors import Unavailable
logging.basicConfig(stream=sys.stderr, format="%(message)s")

async def for_ever():
    print("up", flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0.1)
        print("cleaned", flush=True)

async def returns(): await asyncio.sleep(0.1)
async def fails(): raise ValueError("a bug")
async def known():
    async with asyncio.TaskGroup() as group:
        group.create_task(away())
async def away(): raise Unavailable("the bus is gone")
async def stubborn():
    while True:
        try: await asyncio.sleep(60)
        except asyncio.CancelledError: pass
async def drain(): print("drained", flush=True)

loops = {"for ever": for_ever()}
if len(sys.argv) > 1:
    loops[sys.argv[1]] = globals()[sys.argv[1]]()
sys.exit(asyncio.run(run_app(loops, drain=drain())))
"""


def start(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PROGRAM, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_and_ends_with_0(number: signal.Signals) -> None:
    with start() as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        process.send_signal(number)
        out, err = process.communicate(timeout=10)

    assert (process.returncode, out, err) == (0, "drained\ncleaned\n", "")


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("returns", "loop returns ended unexpectedly"),
        ("fails", "ValueError: a bug"),
        ("known", "loop known ended: the bus is gone"),
    ],
)
def test_a_loop_that_ends_by_itself_ends_the_process_with_1(how: str, said: str) -> None:
    with start(how) as process:
        out, err = process.communicate(timeout=10)

    assert process.returncode == 1
    assert "cleaned" in out
    assert said in err
    assert ("Traceback" in err) == (how == "fails")


@pytest.mark.timed
def test_a_signal_is_obeyed_within_ten_seconds_even_by_a_loop_that_will_not_end() -> None:
    with start("stubborn") as process:
        assert process.stdout is not None
        process.stdout.readline()
        asked = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=12)

    assert process.returncode == 0
    assert time.monotonic() - asked < 10
