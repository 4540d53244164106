"""Output: the lines that pods print are published as they print them."""

from __future__ import annotations

from scheduler.handlers.output import OutputPublisher
from scheduler.loops.dependencies import LoopDependencies
from scheduler.loops.retry import retry_while_unavailable

OUTPUT_EVERY_S = 0.3


async def run_output(dependencies: LoopDependencies, rate: float) -> None:
    """Send what pods print, as they print it, at most `rate` lines a second of each; until cancelled."""
    publisher = OutputPublisher(
        dependencies.lease,
        dependencies.backend,
        dependencies.bus,
        dependencies.clock,
        rate,
        dependencies.metrics.count_output_left_out,
    )
    while True:
        await retry_while_unavailable(publisher.publish, "sending output", dependencies.clock)
        await dependencies.clock.sleep(OUTPUT_EVERY_S)
