"""(c) What request logging costs: the hop and the whole platform, on against off, in turn."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from benchmarks import load, summary
from benchmarks.children import BenchmarkFailed, wait_until
from benchmarks.hop import routes
from benchmarks.hop.cores import Cores, divided
from benchmarks.hop.measure import measured, upstream
from benchmarks.hop.router import Router
from benchmarks.models import Model, prepared
from benchmarks.options import Options
from benchmarks.platform import Platform, Service, fresh
from benchmarks.progress import report_progress

CONNECTIONS = 64
CATCH_UP_WITHIN_S = 300
Samples = dict[str, list[dict[str, Any]]]


def run(options: Options) -> dict[str, Any]:
    """`hop` and `end_to_end`: on, off → medians; CPU in µs a request of router, pod and all others."""
    return {"hop": _compared(_hop(options)), "end_to_end": _compared(_end_to_end(options))}


def _compared(samples: Samples) -> dict[str, Any]:
    found: dict[str, Any] = {state: summary.of(taken) for state, taken in samples.items()}
    on, off = found["on"], found["off"]
    fields = [name for name in on if name.endswith("cpu_us") or name == "per_second"]
    return found | {"ratios": {name: summary.ratio(on[name], off.get(name)) for name in fields}}


def _hop(options: Options) -> Samples:
    cores = divided()
    samples: Samples = defaultdict(list)
    with upstream(cores, options.cache / "logs") as (_, port):
        for number in range(options.rounds):
            for state in ("on", "off"):
                samples[state].append(_hop_once(options, cores, port, is_logging=state == "on"))
            report_progress(f"c: hop: round {number + 1}/{options.rounds}")
    return samples


def _hop_once(options: Options, cores: Cores, port: int, *, is_logging: bool) -> dict[str, Any]:
    with Router(options.cache / "hop", cores) as router:
        asked = router.start(dict(routes.service(1, port, is_logging=is_logging)), 1)
        measured(asked, CONNECTIONS, options.warm_up, cores, router.pid)
        return measured(asked, CONNECTIONS, options.seconds, cores, router.pid)


def _end_to_end(options: Options) -> Samples:
    model = prepared(("ridge",), options.cache)["ridge"]
    platform = fresh(options.cache, "logging")
    samples: Samples = defaultdict(list)
    try:
        platform.up()
        version = platform.register(model)
        services = {
            state: platform.publish(f"wine-{state}", model, version, log_delivery={"enabled": state == "on"})
            for state in ("on", "off")
        }
        for service in services.values():
            platform.answers(service, model)
        logged = 1
        for number in range(options.rounds):
            for state, service in services.items():
                sample, answered = _sample(platform, service, model, options)
                samples[state].append(sample)
                if state == "on":
                    logged += answered
                    _catch_up(platform, service, logged)
            report_progress(f"c: end to end: round {number + 1}/{options.rounds}")
    finally:
        platform.remove()
    return samples


def _sample(platform: Platform, service: Service, model: Model, options: Options) -> tuple[dict[str, Any], int]:
    asked = service.request(model.rows[0])
    warm = load.run(asked, CONNECTIONS, options.warm_up)
    before = platform.cpu_s()
    found = load.run(asked, CONNECTIONS, options.seconds)
    after = platform.cpu_s()
    per_request = {f"{kind}_cpu_us": (after[kind] - before[kind]) * 1e6 / max(found.ok, 1) for kind in after}
    per_request["router_and_pod_cpu_us"] = per_request["router_cpu_us"] + per_request["pod_cpu_us"]
    return {**found.as_dict(), **per_request}, warm.ok + found.ok


def _catch_up(platform: Platform, service: Service, answered: int) -> None:
    """The next measurement must not pay for the rows of this one."""
    try:
        wait_until(lambda: platform.rows(service.name) >= answered, CATCH_UP_WITHIN_S, "the request log", every_s=1.0)
    except BenchmarkFailed as reason:
        report_progress(f"c: {reason}; {platform.rows(service.name)} rows of {answered}")
