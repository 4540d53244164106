"""Usage: CPU, memory and GPUs of every pod are measured and published."""

from __future__ import annotations

import logging

from scheduler.handlers import views
from scheduler.loops.dependencies import LoopDependencies
from shared.contracts.metrics.samples import UsageSample
from shared.errors import Temporary
from shared.ids import new_id

log = logging.getLogger("penstock.scheduler")


async def run_usage(dependencies: LoopDependencies, every_s: float) -> None:
    """Measure every pod and send it on; a measurement that finds no bus is dropped: the next one is as good."""
    while True:
        try:
            await measure_usage_once(dependencies)
        except Temporary as error:
            log.debug("a measurement was not sent: %s", error)
        await dependencies.clock.sleep(every_s)


async def measure_usage_once(dependencies: LoopDependencies) -> None:
    """One measurement of everything."""
    used = {usage.pod: usage for usage in await dependencies.backend.usage()}
    dependencies.usage.by_pod = used
    async with dependencies.lease.database.read() as session:
        pods = await views.pod_usage(session, used)
        replicas = await views.replicas(session)
    sample = UsageSample(
        source="scheduler",
        at=dependencies.clock.now(),
        pods=tuple(pods),
        versions=tuple(replicas),
    )
    dependencies.metrics.usage.sample = sample
    if sample.versions:
        payload = sample.model_dump_json().encode()
        await dependencies.bus.publish_bulk(
            "penstock.metrics.v1.scheduler", payload, msg_id=str(new_id()), stream="METRICS"
        )
