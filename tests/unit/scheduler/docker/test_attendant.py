"""Who attends a container copies what it prints: all of it, but of a flood no more than is wanted while it runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from scheduler.backends.docker.engine.client import Engine
from scheduler.backends.docker.engine.log_frames import HEADER, LogFrame, LogTime
from scheduler.backends.docker.runs.attendant import COPIED, LAST_LINES, Attendant
from scheduler.backends.docker.runs.container_state import seen
from scheduler.backends.docker.runs.inventory import ContainerInventory
from scheduler.backends.docker.runs.output_copy import LEFT_OUT, OutputCopy
from scheduler.backends.lifecycle.folders.run_folder import RunFolder
from scheduler.backends.lifecycle.options import LifecycleOptions
from scheduler.domain.output_sampling import BURST_S
from shared.clock import SystemClock
from waiting.eventually import eventually

LABELS = {"penstock.pod": "wine-v1-x", "penstock.run": "0"}
LINES, RATE = 5_000, 10.0
BEGUN = 1_767_225_600.0


def numbered(number: int) -> bytes:
    return f"line {number}\n".encode()


def printed(number: int) -> bytes:
    """A hundred lines a second."""
    return f"2026-01-01T00:00:{number // 100:02d}.{number % 100 * 10_000_000:09d}Z ".encode() + numbered(number)


@dataclass
class Frames(httpx.AsyncByteStream):
    """Lines of stdout, as an engine sends them."""

    lines: list[bytes]

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"".join(HEADER.pack(1, len(line)) + line for line in self.lines)


class PrintingContainer:
    """An engine with one container, which has printed so much; it runs until it `has_ended`."""

    def __init__(self) -> None:
        self.has_ended = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/version":
            return httpx.Response(200, json={"ApiVersion": "1.41", "MinAPIVersion": "1.12"})
        if request.url.path.endswith("/logs"):
            since = float(request.url.params.get("since", 0)) - BEGUN
            lines = [printed(n) for n in range(LINES) if n / 100 >= since]
            return httpx.Response(200, stream=Frames(lines[-int(request.url.params.get("tail", LINES)) :]))
        if request.method == "DELETE":
            return httpx.Response(204)
        state = {"Status": "exited" if self.has_ended else "running", "Running": not self.has_ended, "ExitCode": 3}
        return httpx.Response(200, json={"Id": "c", "State": state})


async def test_of_a_flood_is_copied_what_is_wanted_and_the_last_lines_once_it_has_ended(tmp_path: Path) -> None:
    container, clock, run = PrintingContainer(), SystemClock(), RunFolder(tmp_path, 0)
    inventory = ContainerInventory(Engine("unix:///s", httpx.MockTransport(container)), "i", clock)
    inventory.note(seen("c", "c", "running", LABELS))
    attendant = Attendant(run, "c", inventory, clock, LifecycleOptions(output_rate=RATE))
    attendant.start()

    def copied() -> int:
        return run.output.read_bytes().count(b"\n") if run.output.exists() else 0

    at_once = int(COPIED * RATE * BURST_S)
    await eventually(lambda: copied() >= at_once)
    await clock.sleep(0.3)
    assert copied() < at_once + 50
    container.has_ended = True
    inventory.note(seen("c", "c", "exited", LABELS))
    await eventually(lambda: not attendant.is_at_work)
    lines = run.output.read_bytes().splitlines(keepends=True)
    assert lines[-LAST_LINES - 1 :] == [LEFT_OUT, *(numbered(n) for n in range(LINES - LAST_LINES, LINES))]
    assert lines[: -LAST_LINES - 1] == [numbered(n) for n in range(len(lines) - LAST_LINES - 1)]
    assert (run.exit() or {})["code"] == 3


async def test_of_one_that_has_printed_little_more_than_it_may_nothing_comes_twice(tmp_path: Path) -> None:
    run = RunFolder(tmp_path, 0)
    with OutputCopy(run, 1 << 20) as copy:
        for n in range(3):
            copy.add(LogFrame(LogTime(n), numbered(n)))
    with OutputCopy(run, 1 << 20) as copy:
        copy.leave_out()
        for n in range(1, 5):
            copy.add(LogFrame(LogTime(n), numbered(n)))
    assert run.output.read_bytes() == b"".join((*map(numbered, range(3)), LEFT_OUT, numbered(3), numbered(4)))
