"""Output: the lines that pods print are published as they print them."""

from __future__ import annotations

from scheduler.handlers.output import OutputPublisher
from scheduler.loops.dependencies import LoopDependencies
from scheduler.loops.retry import retry_while_unavailable

OUTPUT_EVERY_S, LONGEST_REST_S = 0.3, 2.0
REST = 4
"""Times as long as a look took until the next, where that is more: thousands of pods are not looked at all the time."""


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
        begun = dependencies.clock.monotonic()
        await retry_while_unavailable(publisher.publish, "sending output", dependencies.clock)
        took_s = dependencies.clock.monotonic() - begun
        await dependencies.clock.sleep(min(max(OUTPUT_EVERY_S, REST * took_s), LONGEST_REST_S))
