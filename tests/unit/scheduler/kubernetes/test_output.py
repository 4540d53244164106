"""Positions in what pods print: no line is lost or doubled, wherever reading goes on from."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubernetes_world.objects import NAME, container, ended, pod, prepared, running, serving, waiting
from scheduler.backends.kubernetes.api.errors import ApiRefused
from scheduler.backends.kubernetes.facts.pods import read_pod
from scheduler.backends.kubernetes.facts.times import micros_of, moment
from scheduler.backends.kubernetes.options import KubernetesOptions
from scheduler.backends.kubernetes.pods.observer import PodObserver
from scheduler.backends.kubernetes.pods.output import (
    LONGEST_LINE,
    OPENED_A_SECOND,
    LineNumbering,
    PodOutputs,
    PodStream,
    Segment,
    segments_of,
)
from scheduler.domain.values import LogPosition
from shared.clock import SystemClock
from waiting.eventually import eventually

BEGUN = 1_795_000_000_000_000


def log(times: list[int]) -> list[bytes]:
    """A log with lines at these microseconds, in whole seconds' and equal times too."""
    return [f"{moment(BEGUN + at).isoformat().replace('+00:00', 'Z')} line {i}".encode() for i, at in enumerate(times)]


def read(lines: list[bytes], since: int) -> list[tuple[int, str]]:
    """As the kubelet hands them out: in whole seconds, here from the one before `since` on."""
    numbering = LineNumbering(since)
    from_second = [line for line in lines if not since or _second(line) >= since // 1_000_000 - 1]
    return [piece for line in from_second for piece in numbering.pieces(line)]


def _second(line: bytes) -> int:
    found = micros_of(line.decode().partition(" ")[0])
    assert found is not None
    return found // 1_000_000


@given(st.lists(st.integers(0, 3_000_000), max_size=40), st.integers(0, 40))
def test_reading_on_from_any_line_gives_the_rest(gaps: list[int], stop: int) -> None:
    times = sorted(gaps)
    whole = read(log(times), 0)
    assert [text for _, text in whole] == [f"line {i}" for i in range(len(times))]
    ends = [end for end, _ in whole]
    assert ends == sorted(set(ends))
    since = whole[min(stop, len(whole)) - 1][0] if whole and stop else 0
    rest = read(log(times), since)
    assert rest == whole[min(stop, len(whole)) :]


def test_equal_times_at_the_end_of_a_second_are_told_apart() -> None:
    whole = read(log([999_999] * 3), 0)
    assert read(log([999_999] * 3), whole[1][0]) == whole[2:]


def test_lines_of_the_same_microsecond_are_told_apart() -> None:
    whole = read(log([5, 5, 5]), 0)
    assert len({end for end, _ in whole}) == 3
    assert read(log([5, 5, 5]), whole[0][0]) == whole[1:]


def test_a_long_line_comes_in_pieces() -> None:
    (line,) = log([0])
    pieces = LineNumbering(0).pieces(line + b"x" * (2 * LONGEST_LINE))
    assert len(pieces) == 3
    assert LineNumbering(pieces[0][0]).pieces(line + b"x" * (2 * LONGEST_LINE)) == pieces[1:]


def test_what_has_no_time_is_no_line() -> None:
    assert LineNumbering(0).pieces(b"failed to try resolving symlinks in path") == []
    assert [text for _, text in LineNumbering(0).pieces(b"2026-11-28T06:00:05.1Z")] == [""]


def test_which_logs_there_are() -> None:
    def of(**status: object) -> list[Segment]:
        facts = read_pod(pod(**status))  # type: ignore[arg-type]
        assert facts is not None
        return segments_of(facts)

    assert of(prepare=container("prepare", waiting("PodInitializing"), started=False)) == []
    assert of(prepare=container("prepare", running())) == [Segment("prepare", 0)]
    assert of(prepare=prepared(), main=container("model", running())) == [
        Segment("prepare", 0, is_on=False),
        Segment("model", 0),
    ]
    assert of(prepare=prepared(), main=container("model", running(), ended(3), restarts=2)) == [
        Segment("prepare", 0, is_on=False),
        Segment("model", 1, is_previous=True, is_on=False),
        Segment("model", 2),
    ]
    backing_off = container("model", waiting("CrashLoopBackOff"), ended(3), restarts=2)
    assert of(prepare=prepared(), main=backing_off)[-1] == Segment("model", 2, is_on=False)


class JumpingClock(SystemClock):
    """Sleeping takes no time and is added up; after an hour of it whoever sleeps is ended."""

    def __init__(self) -> None:
        self.slept = 0.0

    def monotonic(self) -> float:
        return self.slept

    async def sleep(self, seconds: float) -> None:
        self.slept += seconds
        if self.slept > 3600:
            raise TimeoutError


class UselessCluster:
    """Has no log of anything, or says the same lines of each and ends."""

    def __init__(self, lines: list[bytes] | None) -> None:
        self.asked = 0
        self.lines = lines

    @asynccontextmanager
    async def stream(self, path: str, silence_s: float, **query: str) -> AsyncIterator[AsyncIterator[bytes]]:
        if query["container"] == "model":
            self.asked += 1
            if self.lines is None:
                raise ApiRefused(404, "NotFound", "the server could not find the requested resource")
        yield self._lines()

    async def _lines(self) -> AsyncIterator[bytes]:
        for line in self.lines or ():
            yield line


@pytest.mark.parametrize("lines", [None, log([0, 1])])
async def test_a_log_that_cannot_be_read_or_followed_is_asked_for_more_and_more_seldom(
    lines: list[bytes] | None,
) -> None:
    """In an hour: of 3,000 pods each asked every two seconds, or three times a second, for as long as that lasted."""
    clock, cluster = JumpingClock(), UselessCluster(lines)
    observer = PodObserver(lambda seen: None, clock, lambda version: None)
    observer.changed("added", serving())
    outputs = PodOutputs(cluster, observer, clock, KubernetesOptions("models", "penstock:1", "http://s"))  # type: ignore[arg-type]
    with pytest.raises(TimeoutError):
        await PodStream(NAME, LogPosition(), outputs).run()
    assert 50 < cluster.asked < 80


async def test_streams_are_opened_one_after_the_other() -> None:
    """As a scheduler starts it has more urgent things to do than handshakes of hundreds of them."""
    clock, pods, opened = SystemClock(), 20, list[float]()

    class Noting(UselessCluster):
        @asynccontextmanager
        async def stream(self, path: str, silence_s: float, **query: str) -> AsyncIterator[AsyncIterator[bytes]]:
            opened.append(clock.monotonic())
            await asyncio.get_running_loop().create_future()
            yield self._lines()

    observer = PodObserver(lambda seen: None, clock, lambda version: None)
    outputs = PodOutputs(Noting(None), observer, clock, KubernetesOptions("models", "penstock:1", "http://s"))  # type: ignore[arg-type]
    for number in range(pods):
        observer.changed("added", serving(name=f"pod-{number}"))
    reading = [asyncio.create_task(PodStream(name, LogPosition(), outputs).run()) for name in observer.pods]
    await eventually(lambda: len(opened) == pods, within=10)
    assert opened[-1] - opened[0] > 0.9 * (pods - 1) / OPENED_A_SECOND
    for each in reading:
        each.cancel()
