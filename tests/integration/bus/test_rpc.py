"""Request/reply: the answer, the owner's error as itself, and `Unavailable` for everything else."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from running_services.bus_service import SmallService, sqlite_url
from servers.nats_process import NatsProcess
from shared.bus import Bus
from shared.bus import rpc as wire
from shared.clock import SystemClock
from shared.contracts.deployment import PodView
from shared.contracts.rpc.method import Nothing
from shared.contracts.rpc.monitor import LOGS, LogPage, LogsQuery
from shared.contracts.rpc.router import REACH, ReachAnswer, ReachQuery
from shared.contracts.rpc.scheduler import PODS, RESTART_POD, PodList, PodRef, PodsQuery
from shared.errors import Detail, LimitExceeded, NotFound, PenstockError, Unavailable

RUNNING: dict[str, Any] = {"status": "Running", "ready": True, "restarts": 0}
QUERY = PodsQuery(version_id=UUID(int=1))


class Answering(SmallService):
    """A scheduler that answers."""

    def __init__(self, url: str, database_url: str) -> None:
        super().__init__(url, database_url)
        self.asked: list[object] = []
        self.error: Exception | None = None
        self.delay = 0.0
        self.bus.serve(PODS, self._pods)

    async def _pods(self, query: PodsQuery) -> PodList:
        self.asked.append(query)
        await asyncio.sleep(self.delay)
        if self.error:
            raise self.error
        pod = PodView(name="p", service="s", version="v1", version_id=query.version_id, node="n", **RUNNING)
        return PodList(items=(pod,))


Pair = tuple[Bus, Answering]


@pytest.fixture
async def pair(nats_server: NatsProcess, tmp_path: Path) -> AsyncIterator[Pair]:
    owner = Answering(nats_server.url, sqlite_url(tmp_path, "owner"))
    asker = SmallService(nats_server.url, sqlite_url(tmp_path, "asker"), "controller")
    await owner.start()
    await asker.start()
    yield asker.bus, owner
    await asker.stop()
    await owner.stop()


async def test_an_answer_comes_back_typed(pair: Pair) -> None:
    bus, owner = pair

    reply = await bus.call(PODS, QUERY)

    assert isinstance(reply, PodList)
    assert reply.items[0].version_id == UUID(int=1)
    assert owner.asked == [QUERY]


async def test_the_owners_error_is_the_callers(pair: Pair) -> None:
    bus, owner = pair
    owner.error = LimitExceeded("slower", [Detail(("body", 0), "here")], 7)

    with pytest.raises(LimitExceeded, match="slower") as raised:
        await bus.call(PODS, QUERY)

    assert raised.value.retry_after_s == 7
    assert list(raised.value.details) == [Detail(("body", 0), "here")]


async def test_a_foreign_error_does_not_leak(pair: Pair) -> None:
    bus, owner = pair
    owner.error = ValueError("/secret/path")

    with pytest.raises(PenstockError) as raised:
        await bus.call(PODS, QUERY)

    assert "secret" not in str(raised.value)


@pytest.mark.timed
async def test_nobody_there_is_known_at_once(pair: Pair) -> None:
    bus, _ = pair
    asked_at = time.monotonic()

    with pytest.raises(Unavailable, match="the monitor is not there"):
        await bus.call(LOGS, LogsQuery(service="wine"))

    assert time.monotonic() - asked_at < 1


async def test_a_slow_owner_is_not_waited_for(pair: Pair) -> None:
    bus, owner = pair
    owner.delay = 1.0

    with pytest.raises(Unavailable, match=r"did not answer within 0\.2 s"):
        await bus.call(PODS, QUERY, timeout=0.2)


@pytest.mark.timed
async def test_with_the_bus_away_the_answer_is_immediate(pair: Pair, nats_server: NatsProcess) -> None:
    bus, _ = pair
    nats_server.kill()
    asked_at = time.monotonic()

    with pytest.raises(Unavailable):
        await bus.call(PODS, QUERY)

    assert time.monotonic() - asked_at < 2.5


@pytest.mark.timed
async def test_questions_are_answered_side_by_side(pair: Pair) -> None:
    bus, owner = pair
    owner.delay = 0.3
    asked_at = time.monotonic()

    await asyncio.gather(*(bus.call(PODS, QUERY) for _ in range(8)))

    assert time.monotonic() - asked_at < 1.5


async def test_a_question_that_does_not_fit_is_refused(pair: Pair) -> None:
    bus, owner = pair

    message = await bus.nc.request(PODS.subject, b'{"version_id": 7}', timeout=2)

    error = wire.decode_error((message.headers or {})[wire.ERROR_HEADER], message.data)
    assert type(error).__name__ == "InvalidInput"
    assert owner.asked == []


async def test_an_answer_too_large_for_the_bus_says_so() -> None:
    async def huge(_: LogsQuery) -> LogPage:
        return LogPage(items=(), next_cursor="x" * 100)

    body, headers = await wire.handle_request(LOGS, huge, b'{"service": "wine"}', {}, largest=50)

    assert isinstance(wire.decode_error(headers[wire.ERROR_HEADER], body), LimitExceeded)


@pytest.mark.parametrize("kind", list(wire.every_error()))
def test_every_error_of_the_tree_crosses_the_wire(kind: type[PenstockError]) -> None:
    body, headers = wire.encode_error(kind("what happened"))

    assert type(wire.decode_error(headers[wire.ERROR_HEADER], body)) is kind


def test_an_error_that_this_process_does_not_know_is_an_error() -> None:
    body, _ = wire.encode_error(NotFound("gone"))

    assert type(wire.decode_error("FromTheFuture", body)) is PenstockError


async def test_only_the_owner_may_answer(pair: Pair) -> None:
    bus, _ = pair

    async def restart(_: PodRef) -> Nothing:
        return Nothing()

    with pytest.raises(AssertionError, match="not controller's to serve"):
        bus.serve(RESTART_POD, restart)


async def test_every_process_answers_for_itself(nats_server: NatsProcess, tmp_path: Path) -> None:
    async def answer(name: str, query: ReachQuery) -> ReachAnswer:
        if name == "router-3":
            raise Unavailable("it is about to end")
        return ReachAnswer(router=name, problem=query.address if name == "router-2" else None)

    routers = []
    for name in ("router-1", "router-2", "router-3"):
        bus = Bus("router", nats_server.url, clock=SystemClock(), owns_streams=True)
        bus.serve_each(REACH, partial(answer, name))
        routers.append(bus)
    asker = Bus("scheduler", nats_server.url, clock=SystemClock(), owns_streams=True)
    work = [asyncio.create_task(bus.run()) for bus in (*routers, asker)]
    try:
        for bus in (*routers, asker):
            await bus.connected()
        found = await asker.ask_each(REACH, ReachQuery(address="10.0.0.1:80"), expected=2, within_s=20)
        assert {(each.router, each.problem) for each in found if isinstance(each, ReachAnswer)} == {
            ("router-1", None),
            ("router-2", "10.0.0.1:80"),
        }
        assert len(await asker.ask_each(REACH, ReachQuery(address="10.0.0.1:80"), expected=9, within_s=0.3)) == 2
    finally:
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
