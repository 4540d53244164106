"""`python -m router.shipper`: takes the request log from the spool to the bus, beside the router that writes it.

A process of its own, so that no client waits for JSON or for the bus, and of low priority: on a busy machine requests
come first and the log catches up. It ends, after a last flush, when its standard input does: with its router.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress

import uvloop

import shared.imports.nats_client  # noqa: F401 - before all that imports NATS' client

# isort: split
from router.clients import ReconnectingBus
from router.settings import RouterSettings
from router.shipper.counts import CountsPublisher
from router.shipper.masking_keys import MaskingKeys
from router.shipper.publisher import SpoolPublisher
from router.spool import SpoolReader
from router.spool.files import READER_LOCK, SpoolFiles
from router.spool.masked import MaskedBodies
from router.spool.sealing import BodyOpener, spool_key
from shared import telemetry
from shared.app import exit_on_startup_error
from shared.bus import Bus
from shared.bus.status import StatusReporter
from shared.clock import SystemClock
from shared.errors import Unavailable

NICENESS = 10
COUNTS_FLUSH_S = 1.0


async def run_shipper(settings: RouterSettings) -> None:
    """Publish until standard input ends."""
    clock = SystemClock()
    url, status = settings.nats_url.get_secret_value(), StatusReporter(f"router-{settings.id}-shipper", clock.now())
    bus = ReconnectingBus(lambda: Bus("router", url, clock=clock, status=status))
    keys = MaskingKeys(bus, clock)
    masked = MaskedBodies(BodyOpener([spool_key(settings.folder)]), keys.get)
    spool = SpoolReader(SpoolFiles(settings.folder / "spool", READER_LOCK), masked=masked)
    publisher = SpoolPublisher(settings, spool, bus, clock)
    counts = CountsPublisher(settings.folder / "counts", bus, publisher.is_caught_up, clock)
    router_ended = asyncio.Event()
    loop = asyncio.get_running_loop()

    def end() -> None:
        loop.remove_reader(sys.stdin.fileno())  # an end of file stays readable: the loop would spin
        router_ended.set()

    loop.add_reader(sys.stdin.fileno(), end)
    while not _is_mine(spool):
        await clock.sleep(0.2)  # the shipper of the router before this one is at its last flush
    try:
        async with asyncio.TaskGroup() as group:
            counting = group.create_task(counts.run())
            tasks = [group.create_task(one) for one in (bus.run(), publisher.run(), keys.run())]
            await router_ended.wait()
            await publisher.flush(settings.flush_timeout.total_seconds())
            counting.cancel()
            with suppress(TimeoutError):
                await asyncio.wait_for(counts.publish_once(), COUNTS_FLUSH_S)
            for task in tasks:
                task.cancel()
    finally:
        spool.close()


def _is_mine(spool: SpoolReader) -> bool:
    try:
        spool.open()
    except Unavailable:
        return False
    return True


def main() -> None:
    """Entry point."""
    os.nice(NICENESS)
    # The router's whole process group is signalled when it is stopped; its last records are yet to come then.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    with exit_on_startup_error("router's shipper"):
        settings = RouterSettings()
        telemetry.setup("router", settings)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run_shipper(settings))


if __name__ == "__main__":
    main()
