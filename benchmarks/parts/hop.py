"""(b) The router's hop, everything on, against nginx to the same upstream: one core each."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from benchmarks import summary
from benchmarks.children import BenchmarkFailed
from benchmarks.hop import nginx, routes
from benchmarks.hop.cores import Cores, divided
from benchmarks.hop.measure import measured, request, upstream
from benchmarks.hop.router import Router
from benchmarks.load import Request
from benchmarks.options import Options
from benchmarks.progress import report_progress

TARGETS = ("direct", "across", "nginx", "router")
"""`direct`: the load tool shares the upstream's core, as behind a proxy. `across`: it has the proxy's core."""


def run(options: Options) -> dict[str, Any]:
    """`targets` → name → connections → medians; what cannot run is under `missing` with its reason."""
    cores = divided()
    samples: dict[tuple[str, int], list[dict[str, Any]]] = defaultdict(list)
    missing: dict[str, str] = {}
    with upstream(cores, options.cache / "logs") as (child, port):
        for number in range(options.rounds):
            for target in TARGETS:
                if target in missing:
                    continue
                try:
                    _round(target, options, cores, (child.pid, port), samples)
                except BenchmarkFailed as reason:
                    missing[target] = str(reason)
                report_progress(f"b: round {number + 1}/{options.rounds}: {target} {missing.get(target, 'done')}")
    if not samples:
        raise BenchmarkFailed("; ".join(f"{target}: {reason}" for target, reason in missing.items()))
    targets: dict[str, dict[str, Any]] = {}
    for (target, connections), found in samples.items():
        targets.setdefault(target, {})[str(connections)] = summary.of(found)
    return {"cores": asdict(cores), "targets": targets, "missing": missing, "ratios": _ratios(targets)}


def _round(
    target: str,
    options: Options,
    cores: Cores,
    behind: tuple[int, int],
    samples: dict[tuple[str, int], list[dict[str, Any]]],
) -> None:
    if target == "across":
        cores = replace(cores, load=cores.proxy)
    with _serving(target, options.cache, cores, behind) as (asked, pid, router):
        measured(asked, 16, options.warm_up, cores, pid)
        for connections in options.hop_connections:
            found = measured(asked, connections, options.seconds, cores, pid)
            if router is not None:
                found["dropped"] = router.dropped()
            samples[target, connections].append(found)


@contextlib.contextmanager
def _serving(
    target: str, cache: Path, cores: Cores, behind: tuple[int, int]
) -> Iterator[tuple[Request, int, Router | None]]:
    pid, port = behind
    name, key = routes.service_name(1), routes.key_of(1)
    if target in ("direct", "across"):
        yield request(port, name, key), pid, None
    elif target == "nginx":
        child, own = nginx.start(port, cache / "nginx", cores.proxy)
        with child:
            yield request(own, name, key), child.pid, None
    else:
        with Router(cache / "hop", cores) as router:
            asked = router.start(dict(routes.service(1, port)), 1)
            yield asked, router.pid, router


def _ratios(targets: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Router over nginx; `…_added_ms_over_…`: the median with one connection, above that of the upstream itself."""
    router, other = (targets.get(name, {}) for name in ("router", "nginx"))
    found: dict[str, Any] = {}
    for connections in router.keys() & other.keys():
        for field in ("per_second", "per_core"):
            found[f"{field}_{connections}"] = summary.ratio(router[connections][field], other[connections][field])
    for name in ("router", "nginx"):
        for base in ("direct", "across"):
            one, plain = (targets.get(at, {}).get("1") for at in (name, base))
            if one and plain:
                found[f"{name}_added_ms_over_{base}"] = one["p50_ms"] - plain["p50_ms"]
    return found
