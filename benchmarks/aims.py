"""What Penstock aims at, and whether a measurement reached it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

AT = "64"
"""Connections at which end-to-end and hop figures are judged."""

_TIMES: tuple[tuple[str, str, float], ...] = (
    ("mlflow", "`mlflow models serve`", 60),
    ("mlserver", "MLServer's best", 10),
    ("fastapi", "FastAPI + scikit-learn", 5),
    ("bentoml", "BentoML", 1),
    ("ray", "Ray Serve", 1),
)
"""Targets whose names start so, what they are called, how many times their requests a second; a ridge's."""


def lines(letter: str, result: Any) -> list[str]:
    """A line of Markdown for each aim of a part that could be judged."""
    judge = _JUDGES.get(letter)
    return (
        [f"- {'reached' if is_reached else '**missed**'}: {text}" for is_reached, text in judge(result)]
        if judge
        else []
    )


Judgements = Iterator[tuple[bool, str]]


def _end_to_end(result: Any) -> Judgements:
    for model, targets in result["models"].items():
        measured = {name: t["connections"][AT] for name, t in targets.items() if AT in t["connections"]}
        own = measured.pop("penstock", None)
        if own is None:
            continue
        for prefix, title, aim in _TIMES:
            peers = [found for name, found in measured.items() if name.startswith(prefix)]
            if peers:
                wanted = aim if model == "ridge" else 1
                ratio = own["per_second"] / max(peer["per_second"] for peer in peers)
                yield ratio >= wanted, f"{model}: {ratio:.1f} × {title} (aim: {wanted:g} ×)"
        if measured:
            best = min(peer["p99_ms"] for peer in measured.values())
            yield own["p99_ms"] < best, f"{model}: p99 {own['p99_ms']:.1f} ms (aim: below each peer's; best {best:.1f})"


def _hop(result: Any) -> Judgements:
    ratios = result["ratios"]
    for field, what in (("per_second", "requests/s"), ("per_core", "requests per CPU second")):
        if f"{field}_{AT}" in ratios:
            ratio = ratios[f"{field}_{AT}"]
            yield ratio >= 0.85, f"{ratio:.2f} of nginx's {what} at {AT} connections (aim: 0.85)"
    for base in ("across", "direct"):
        if f"router_added_ms_over_{base}" in ratios:
            added = ratios[f"router_added_ms_over_{base}"]
            yield added <= 0.15, f"{added:.3f} ms added at the median with one connection, over `{base}` (aim: 0.15)"


def _logging(result: Any) -> Judgements:
    ratio = result["end_to_end"]["ratios"]["router_and_pod_cpu_us"]
    yield ratio <= 1.10, f"logging costs {ratio - 1:.0%} of router's and pod's CPU a request (aim: 10 %)"


def _growth(result: Any) -> Judgements:
    for prefix, whom in (("", "one asked"), ("spread_", "all in turn")):
        for field, whose in (("own_cpu_us", "of the router's own process"), ("cpu_us", "with its shipper")):
            ratio = result["ratios"][prefix + field]
            yield ratio <= 1.10, f"{ratio - 1:+.0%} CPU {whose} a request with the most services, {whom} (aim: 10 %)"
    slowest = max(result["route_change_ms"], default=0)
    yield 0 < slowest < 1000, f"the slowest route change took {slowest:.0f} ms (aim: 1 s)"


def _publishing(result: Any) -> Judgements:
    yield result["warm_s"] < 3, f"publish to first answer {result['warm_s']:.1f} s (aim: 3 s)"
    yield result["up_s"] < 15, f"`penstock up` ready in {result['up_s']:.1f} s (aim: 15 s)"


def _memory(result: Any) -> Judgements:
    total = result["services_and_nats_mb"]
    yield total < 700, f"services and NATS {total:.0f} MiB (aim: 700)"


def _control_plane(result: Any) -> Judgements:
    for group, what, aim in (("lists", "list or search", 100), ("passes", "pass over everything", 1000)):
        for kind, found in result["kinds"].items():
            slowest = max(found[group].values())
            yield slowest < aim, f"slowest {what} on {kind} {slowest:.0f} ms (aim: {aim} ms)"


def _autoscaling(result: Any) -> Judgements:
    yield not result["failed"], f"{result['failed']} of {result['requests']:,} requests failed (aim: none)"
    there_and_back = result["most_pods"] > 1 and not result["pods_at_the_end"]
    yield there_and_back, f"from none to {result['most_pods']} pods and back to {result['pods_at_the_end']}"


def _console(result: Any) -> Judgements:
    load, lines, charts = result["first_load"], result["log_lines"], result["charts"]
    yield load["script_kb"] <= 350, f"{load['script_kb']:.0f} KB of script until services are shown (aim: 350 KB)"
    yield load["usable_ms"] <= 1500, f"usable after {load['usable_ms']:.0f} ms (aim: 1,500 ms)"
    for what in ("first_ms", "best_ms"):
        action, slowest = max(((name, found[what]) for name, found in result["lists"].items()), key=lambda one: one[1])
        yield (
            slowest <= 300,
            f"slowest {what.removesuffix('_ms')} answer of a list {slowest:.0f} ms, {action} (aim: 300 ms)",
        )
    longest = lines.get("longest_cpu_ms", lines["longest_ms"])
    yield longest <= 50, f"longest task of scrolling log lines {longest:.0f} ms of processor time (aim: 50 ms)"
    yield charts["draw_ms"] <= 200, f"{charts['charts']} charts drawn in {charts['draw_ms']:.0f} ms (aim: 200 ms)"


def _metric_store(result: Any) -> Judgements:
    query, ingest = result["query"], result["ingest"]
    for step_s, said in ((3600, "the hour"), (300, "5 minutes")):
        slowest = max(query[f"{name}_{step_s}_ms"] for name in ("requests_per_second", "latency_p99", "cpu_cores"))
        yield slowest < 200, f"7 days of 100 services by {said} in {slowest:.0f} ms of CPU (aim: 200)"
    share = sum(value for name, value in ingest.items() if name.endswith("_cpu_share"))
    yield share < 0.1, f"{share:.1%} of a core for samples of {ingest['pods']:,} pods every 10 s (aim: 10 %)"


def _canary(result: Any) -> Judgements:
    for case in result["cases"]:
        share, base = case["tests"]["rolled_back"], case["base"]
        if case["ratio"] == 1:
            yield share <= 0.01, f"without a difference at {base:.1%}: {share:.1%} rolled back (aim: at most 1 %)"
        elif base >= 0.01:
            yield share >= 0.99, f"doubled errors at {base:.1%}: {share:.1%} rolled back (aim: at least 99 %)"


def _cluster(result: Any) -> Judgements:
    idle, changes, again = result["idle"], result["changes"], result["restart"]
    busy = idle["cpu_s_a_minute"] / 60
    yield busy < 0.5, f"{busy:.0%} of a core while nothing changes (aim: 50 %)"
    taken_out = max(changes["deleted"]["median_s"], changes["not_ready"]["median_s"])
    yield taken_out < 1, f"a pod out of the routes {taken_out:.2f} s after the cluster says so (aim: 1 s)"
    lost = again["pods_in_routes"] - again["fewest_pods_in_routes"]
    yield lost <= 1, f"{lost} pods fewer in the routes while a scheduler was killed and one pod deleted (aim: 1)"


_JUDGES: dict[str, Callable[[Any], Judgements]] = {
    "a": _end_to_end,
    "b": _hop,
    "c": _logging,
    "d": _growth,
    "e": _publishing,
    "f": _memory,
    "g": _control_plane,
    "h": _autoscaling,
    "k": _console,
    "m": _metric_store,
    "n": _canary,
    "r": _cluster,
}
