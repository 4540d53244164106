"""(d) Growth: one service against many, their versions and keys; and how soon a loaded router acts on a change."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from typing import Any

from benchmarks import load, summary, usage
from benchmarks.children import wait_until
from benchmarks.hop import routes
from benchmarks.hop.cores import Cores, divided
from benchmarks.hop.measure import measured, request, upstream
from benchmarks.hop.router import Router
from benchmarks.http_client import is_answering
from benchmarks.load import Request
from benchmarks.options import Options
from benchmarks.progress import report_progress

CONNECTIONS = 64
CHANGE_LOAD = 16
VERSIONS = 2
COMPARED = ("per_second", "cpu_us", "own_cpu_us", "p99_ms")


def run(options: Options) -> dict[str, Any]:
    """`sizes` → number of services → medians and memory; `route_change_ms`: each change seen by a loaded router."""
    cores = divided()
    samples: dict[int, list[dict[str, Any]]] = defaultdict(list)
    changes: list[float] = []
    with upstream(cores, options.cache / "logs") as (_, port):
        for number in range(options.rounds):
            for size in options.services:
                is_last = number == options.rounds - 1 and size == options.services[-1]
                with Router(options.cache / "hop", cores) as router:
                    samples[size].append(_at_size(router, size, port, options, cores))
                    if is_last:
                        changes = _changes(router, port, options, cores)
                report_progress(f"d: round {number + 1}/{options.rounds}: {size} services")
    sizes = {str(size): {**summary.of(taken), "versions": size * VERSIONS} for size, taken in samples.items()}
    return {"sizes": sizes, "ratios": _ratios(sizes, options), "route_change_ms": changes}


def _at_size(router: Router, size: int, port: int, options: Options, cores: Cores) -> dict[str, Any]:
    """One key opens all. `spread_…`: requests go to every service in turn; the others: to one of them."""
    keys = max(1, options.keys // max(options.services)) if size > 1 else 1
    entries: dict[str, bytes] = {}
    for number in range(size):
        entries |= dict(routes.service(number, port, keys=keys, key=routes.key_of(0), versions=VERSIONS))
    started = time.monotonic()
    router.start(entries, size - 1, routes.key_of(0))
    ready_s = time.monotonic() - started
    memory = usage.pss_mb(router.pid)
    one, spread = (_warm(asked, router, options, cores) for asked in (_in_turn(router, 1), _in_turn(router, size)))
    spread = {
        f"spread_{name}": spread[name]
        for name in ("per_second", "p50_ms", "p99_ms", "cpu_us", "own_cpu_us", "failures")
    }
    return {**one, **spread, "pss_mb": memory, "routes_ready_s": ready_s, "keys": keys * size}


def _warm(asked: Request, router: Router, options: Options, cores: Cores) -> dict[str, Any]:
    measured(asked, CONNECTIONS, options.warm_up, cores, router.pid)
    return measured(asked, CONNECTIONS, options.seconds, cores, router.pid)


def _in_turn(router: Router, size: int) -> Request:
    paths = [f"/{routes.service_name(number)}/predict" for number in range(size)]
    return request(router.port, routes.service_name(0), routes.key_of(0), paths)


def _changes(router: Router, port: int, options: Options, cores: Cores) -> list[float]:
    """Milliseconds from the bus' word that it has a new version to the first answer of that version, under load."""
    seconds = options.route_changes * 3 + 5
    loading = threading.Thread(
        target=load.run, args=(_in_turn(router, 1), CHANGE_LOAD, seconds, cores.load), daemon=True
    )
    loading.start()
    found = [_change(router, port, VERSIONS + number) for number in range(1, options.route_changes + 1)]
    loading.join(seconds + 70)
    return found


def _change(router: Router, port: int, versions: int) -> float:
    """Service 0 gets one version more; asked for by its own path."""
    name = routes.service_name(0)
    url = f"http://127.0.0.1:{router.port}/{name}/versions/v{versions}/predict"
    asked = Request(url, b"{}", {"Authorization": f"Bearer {routes.key_of(0)}"})
    put_at = routes.put(router.nats_url, dict(routes.service(0, port, versions=versions, revision=versions)))
    wait_until(lambda: is_answering(asked), 20, "a route change", every_s=0.005)
    return round((time.monotonic() - put_at) * 1e3, 1)


def _ratios(sizes: dict[str, Any], options: Options) -> dict[str, Any]:
    """The largest over the smallest; `pss_kb_per_service` over the span between them."""
    one, most = sizes[str(options.services[0])], sizes[str(options.services[-1])]
    compared = (*COMPARED, *(f"spread_{field}" for field in COMPARED), "pss_mb")
    found = {name: summary.ratio(most[name], one[name]) for name in compared}
    span = options.services[-1] - options.services[0]
    grown_kb = (most["pss_mb"] - one["pss_mb"]) * 1024
    return found | {"pss_kb_per_service": grown_kb / span if span else None}
