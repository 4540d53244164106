"""(f) Memory of an idle platform, process by process: proportional set size, so that shared pages count once."""

from __future__ import annotations

import time
from typing import Any

from benchmarks import usage
from benchmarks.models import prepared
from benchmarks.options import Options
from benchmarks.platform import Platform, fresh
from benchmarks.progress import report_progress

SETTLE_S = 5


def run(options: Options) -> dict[str, Any]:
    """`pss_mb`: process or pod → MiB, a ridge and a forest published; with sums."""
    models = prepared(options.models, options.cache)
    platform = fresh(options.cache, "memory")
    try:
        platform.up()
        for name, model in models.items():
            platform.answers(platform.publish(name, model, platform.register(model)), model)
        time.sleep(SETTLE_S)
        found = _by_process(platform)
        pods = platform.pods()
    finally:
        platform.remove()
    report_progress("f: done")
    services = sum(mb for name, mb in found.items() if name not in pods and name != "mlflow")
    return {
        "pss_mb": found,
        "pods": sorted(pods),
        "services_and_nats_mb": services,
        "all_mb": sum(found.values()),
    }


def _by_process(platform: Platform) -> dict[str, float]:
    named = platform.processes()
    return {name: usage.pss_mb(pid, apart=named.values()) for name, pid in named.items()}
