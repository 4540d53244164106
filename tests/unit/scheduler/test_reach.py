"""Whether routers reach another backend's pods: who is asked when, and what is said while they do not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from scheduler.domain.values import REACH_ASKED
from scheduler.loops.reach import FORGET_S, SILENCE_S, RouterReach
from shared.contracts.rpc.router import ReachAnswer
from shared.errors import Unavailable
from waiting.eventually import eventually
from waiting.set_clock import SetClock

POD = "10.244.0.7:8080"
NEAR = ReachAnswer(router="router-1")
FAR = ReachAnswer(router="router-2", problem="Connection refused")


@dataclass
class Routers:
    """Routers that answer what a test says, and the clock of whoever asks them."""

    answers: Sequence[ReachAnswer] | None = (NEAR,)
    asked: list[str] = field(default_factory=list)
    clock: SetClock = field(default_factory=SetClock)

    async def ask(self, address: str) -> Sequence[ReachAnswer]:
        self.asked.append(address)
        if self.answers is None:
            raise Unavailable("the bus is away")
        return self.answers


@asynccontextmanager
async def asking(routers: Routers) -> AsyncIterator[RouterReach]:
    reach = RouterReach(routers.ask, "process", routers.clock, retry_s=0.01)
    work = asyncio.create_task(reach.run())
    try:
        yield reach
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


async def test_a_backend_is_asked_for_once_and_the_default_never() -> None:
    routers = Routers()
    async with asking(routers) as reach:
        assert reach.refusal(None, POD) is None
        assert reach.refusal("process", POD) is None
        assert reach.refusal("kubernetes", POD) == REACH_ASKED
        await eventually(lambda: reach.refusal("kubernetes", POD) is None)
        assert reach.refusal("kubernetes", "10.244.0.8:8080") is None
        assert routers.asked == [POD]
        reach.note_reached({"docker", None})
        assert reach.refusal("docker", POD) is None


async def test_one_router_that_does_not_reach_it_refuses_until_it_does() -> None:
    routers = Routers((NEAR, FAR))
    async with asking(routers) as reach:
        await eventually(lambda: reach.refusal("kubernetes", POD) not in {None, REACH_ASKED})
        said = (
            "routers do not reach pods of the backend kubernetes at 10.244.0.7:8080: router-2 (Connection refused); run"
            " the routers inside the cluster's network, or route the addresses of its pods to them, or give its"
            " resource groups another backend"
        )
        assert reach.refusal("kubernetes", POD) == said
        assert reach.problem() == reach.problem("kubernetes") == said
        assert reach.problem("docker") is None
        routers.answers = (NEAR, NEAR)
        await eventually(lambda: reach.refusal("kubernetes", POD) is None)
        assert reach.problem() is None


async def test_nobody_is_refused_by_routers_that_do_not_answer_and_the_bus_is_waited_for() -> None:
    routers = Routers(None)
    async with asking(routers) as reach:
        assert reach.refusal("docker", POD) == REACH_ASKED
        await eventually(lambda: len(routers.asked) > 3)
        routers.clock.skipped_s = SILENCE_S
        assert reach.refusal("docker", POD) == REACH_ASKED
        routers.answers, seen = (), len(routers.asked)
        await eventually(lambda: len(routers.asked) > seen + 2)
        assert reach.refusal("docker", POD) == REACH_ASKED
        routers.clock.skipped_s += SILENCE_S
        await eventually(lambda: reach.refusal("docker", POD) is None)


async def test_what_nobody_waits_for_is_not_asked_for_any_more() -> None:
    routers = Routers((FAR,))
    async with asking(routers) as reach:
        await eventually(lambda: reach.refusal("docker", POD) not in {None, REACH_ASKED})
        routers.clock.skipped_s = FORGET_S + 1
        await eventually(lambda: reach.problem() is None)
        seen = len(routers.asked)
        await asyncio.sleep(0.05)
        assert len(routers.asked) == seen
