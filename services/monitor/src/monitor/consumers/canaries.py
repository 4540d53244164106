"""The bus: calls about canaries."""

from __future__ import annotations

from monitor.domain.metrics.port import MetricStore
from monitor.handlers.canaries import verdicts
from monitor.handlers.canaries.quality import CanaryQuality
from shared.bus import Bus
from shared.clock import Clock
from shared.contracts.canaries import CanaryVerdict
from shared.contracts.rpc.canaries import (
    CANARY_BASELINE,
    CANARY_VERDICT,
    CanaryBaseline,
    CanaryBaselineQuery,
    CanaryVerdictQuery,
)


def serve_canaries(bus: Bus, store: MetricStore, labels: CanaryQuality, clock: Clock) -> None:
    """Answer what a canary is compared with, and the verdict on it."""

    async def baseline(query: CanaryBaselineQuery) -> CanaryBaseline:
        return await verdicts.freeze_baseline(store, query, clock.now())

    async def verdict(query: CanaryVerdictQuery) -> CanaryVerdict:
        return await verdicts.judge(store, labels, query, clock.now())

    bus.serve(CANARY_BASELINE, baseline)
    bus.serve(CANARY_VERDICT, verdict)
