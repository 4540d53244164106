"""A run of somebody's own image: asked for its health and nothing else, and its exit codes are its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from scheduler.backends.lifecycle.folders.run_folder import RunFolder
from scheduler.backends.lifecycle.options import LifecycleOptions
from scheduler.backends.lifecycle.run_watch import NEVER_LOADS, TOLD_AFTER_S, RunWatch
from scheduler.backends.lifecycle.runner import Endpoint
from scheduler.domain.probes import PodHealth, ProbeLimits, ProbeResult, judge_health
from scheduler.domain.values import NOT_HEALTHY
from shared.clock import SystemClock


class ImageRun:
    """What runs; it has no token, and nothing of ours in it."""

    health_path = "/healthz?full=1"

    def __init__(self, port: int = 0) -> None:
        self.probed_at = Endpoint("127.0.0.1", port)

    def is_stopped(self) -> bool:
        return False

    def is_alive(self) -> bool:
        return True

    def exceeded_memory_limit(self) -> None:
        return None

    async def cpu_s(self) -> float:
        return 0.0


def watch(folder: Path, port: int = 0) -> RunWatch:
    process: Any = ImageRun(port)
    return RunWatch(RunFolder(folder, 0), process, LifecycleOptions(probe_timeout_s=2), SystemClock())


@asynccontextmanager
async def server(statuses: list[int], asked: list[bytes]) -> AsyncIterator[int]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 %d Said\r\nContent-Length: 0\r\n\r\n" % statuses.pop(0))
        writer.close()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1]


async def test_its_health_is_all_that_an_image_is_asked_for(tmp_path: Path) -> None:
    asked: list[bytes] = []
    async with server([503, 404, 204, 200], asked) as port:
        seen = watch(tmp_path, port)
        ready, reasons = [], []
        for _ in range(4):
            await seen.check()
            ready.append(seen.health.is_ready)
            reasons.append(seen.health.reason)
    assert reasons[:2] == ["GET /healthz?full=1 answers 503", "GET /healthz?full=1 answers 404"]
    assert ready == [False, False, True, True]
    assert {request.split(b"\r\n")[0] for request in asked} == {b"GET /healthz?full=1 HTTP/1.1"}
    assert len(asked) == 4
    assert b"token" not in b"".join(asked).lower()
    assert seen.report is None


async def test_what_keeps_an_image_from_being_ready_is_told_once_for_each_answer(tmp_path: Path) -> None:
    async with server([503, 503, 503, 404, 200, 503], []) as port:
        seen = watch(tmp_path, port)
        await seen.check()
        assert seen.take_unhealthy() is None  # it may well be about to
        seen.begun -= TOLD_AFTER_S
        told = []
        for _ in range(5):
            await seen.check()
            told.append(seen.take_unhealthy())
    said = [note and note.message for note in told]
    assert [note and note.reason for note in told] == [NOT_HEALTHY, None, NOT_HEALTHY, None, None]
    assert said[0] == "GET /healthz?full=1 answers 503; it is ended 600 s after its start"
    assert str(said[2]).startswith("GET /healthz?full=1 answers 404")


@pytest.mark.parametrize("code", [NEVER_LOADS, 1])
def test_an_image_that_ends_is_tried_again_whatever_its_exit_code(tmp_path: Path, code: int) -> None:
    (tmp_path / "exit.json").write_text(json.dumps({"code": code, "signal": None, "at": 1.0}))
    end = watch(tmp_path).run_end(is_intended=False)
    assert end is not None
    assert not end.is_permanent


def test_silence_names_the_path_that_was_asked() -> None:
    limits = ProbeLimits()
    health = judge_health(judge_health(PodHealth(), _silent(), 10.0, limits), _silent(), 12.0, limits)
    assert health.reason == "no answer to GET /healthz for 2.0 s"


def _silent() -> ProbeResult:
    return ProbeResult("silent", path="/healthz")
