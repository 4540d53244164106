"""What pods say of themselves: asked by few at once, and lost only where two questions in a row find nobody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from kubernetes_world.objects import VERSION_ID, serving
from scheduler.backends.kubernetes.pods.observer import PodObserver
from scheduler.backends.kubernetes.pods.reports import ASKED_A_SECOND, EVERY_S, READ_AT_ONCE, PodReports
from scheduler.domain.values import Observation
from servers.ports import free_port
from shared.clock import SystemClock
from waiting.eventually import eventually


class HurriedClock(SystemClock):
    """Sleeping takes no time; what was slept is kept."""

    def __init__(self) -> None:
        self.sleeps: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        await asyncio.sleep(0)


class Pods:
    """A server that is all pods at once, and counts who is served at the same time."""

    def __init__(self, deaf_to: int = 0) -> None:
        self.deaf_to = deaf_to
        """First questions that it does not answer."""
        self.asked = self.now = self.most = 0
        self.answering: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer, and be known until that has ended: whoever asked may be gone by then."""
        task = asyncio.create_task(self.answer(reader, writer))
        self.answering.add(task)
        task.add_done_callback(self.answering.discard)
        await task

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked += 1
        self.now += 1
        self.most = max(self.most, self.now)
        is_deaf = self.asked <= self.deaf_to
        with suppress(OSError, asyncio.IncompleteReadError):
            await asyncio.sleep(0.01)
            if not is_deaf:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(b"HTTP/1.1 200 OK\r\nX-Penstock-Revision: 1\r\nConnection: close\r\n\r\n")
        self.now -= 1
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


@asynccontextmanager
async def doubted(number: int, pods: Pods | None) -> AsyncIterator[tuple[PodObserver, PodReports, HurriedClock]]:
    """So many pods that the cluster has not heard of for a while; None: nobody answers at their addresses."""
    server = await asyncio.start_server(pods.serve, "127.0.0.1", 0) if pods else None
    port = server.sockets[0].getsockname()[1] if server else free_port()
    told: list[Observation] = []
    clock = HurriedClock()
    observer = PodObserver(told.append, clock, lambda version: None)
    for at in range(number):
        observer.changed("added", _doubted(f"wine-v1-abcdef-5d9c7b8f6-{at:05d}", port))
    observer.listed()
    reports = PodReports(observer, lambda name: None, clock)
    task = asyncio.create_task(reports.run())
    try:
        yield observer, reports, clock
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        if server and pods:
            server.close()
            await eventually(lambda: not pods.answering)


def _doubted(name: str, port: int) -> dict[str, Any]:
    found = serving(name=name, ready=False, podIP="127.0.0.1")
    found["spec"]["containers"][0]["ports"] = [{"containerPort": port}]
    return found


async def test_all_are_asked_after_an_outage_and_few_at_once() -> None:
    pods = Pods()
    async with doubted(3 * READ_AT_ONCE, pods) as (observer, _, _):
        await eventually(lambda: pods.asked >= 3 * READ_AT_ONCE, within=20)
        assert 1 < pods.most <= READ_AT_ONCE
        assert all(pod.is_ready for pod in observer.of_version(VERSION_ID))


async def test_a_pod_that_is_new_is_not_read_after_all_that_are_doubted() -> None:
    pods, number = Pods(), 20 * READ_AT_ONCE
    async with doubted(number, pods) as (_, reports, _):
        await eventually(lambda: pods.asked, within=20)
        await reports.read("wine-v1-abcdef-5d9c7b8f6-00000")
        assert pods.asked < number


async def test_one_that_does_not_answer_twice_is_lost() -> None:
    async with doubted(1, None) as (observer, _, _):
        (pod,) = observer.of_version(VERSION_ID)
        assert not pod.is_lost
        await eventually(lambda: pod.is_lost, within=20)
        assert not pod.is_ready


async def test_one_that_misses_a_question_is_not() -> None:
    pods = Pods(deaf_to=1)
    async with doubted(1, pods) as (observer, _, _):
        (pod,) = observer.of_version(VERSION_ID)
        seen_lost: list[bool] = []

        def is_asked_again() -> bool:
            seen_lost.append(pod.is_lost)
            return pods.asked >= 3

        await eventually(is_asked_again, within=20)
        assert not any(seen_lost)


async def test_a_round_of_many_is_spread_over_the_time_that_it_may_take() -> None:
    """Not all at once each three seconds: 3,000 pods would be asked about all the time."""
    pods = Pods()
    async with doubted(5, pods) as (_, reports, clock):
        for pod in [f"wine-v1-abcdef-5d9c7b8f6-{at:05d}" for at in range(5)]:
            await reports.read(pod)
        clock.sleeps.clear()
        asked = pods.asked
        await eventually(lambda: clock.sleeps.count(1 / ASKED_A_SECOND) >= 5, within=20)
        assert pods.asked - asked <= clock.sleeps.count(1 / ASKED_A_SECOND) + 5 * clock.sleeps.count(EVERY_S)
