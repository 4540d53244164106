"""Output: the lines that pods print are published as they print them."""

from __future__ import annotations

from scheduler.handlers import output
from scheduler.loops.dependencies import LoopDependencies
from scheduler.loops.retry import retry_while_unavailable

OUTPUT_EVERY_S = 0.3


async def run_output(dependencies: LoopDependencies) -> None:
    """Send what pods print, as they print it; until cancelled."""

    async def send() -> None:
        await output.publish_output(dependencies.lease, dependencies.backend, dependencies.bus, dependencies.clock)

    while True:
        await retry_while_unavailable(send, "sending output", dependencies.clock)
        await dependencies.clock.sleep(OUTPUT_EVERY_S)
