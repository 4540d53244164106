"""(a) One wine a request, end to end, over all targets: interleaved rounds, one server alive at a time."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from benchmarks import load, summary
from benchmarks.children import BenchmarkFailed
from benchmarks.models import Model, prepared
from benchmarks.options import Options
from benchmarks.parts import v2_equality
from benchmarks.progress import report_progress
from benchmarks.targets import all_targets
from benchmarks.targets.base import Running, Target

IDLE_S = 2.0
MOST_FAILURES = 2
"""A target that failed so often is not tried again."""


@dataclass
class _Book:
    """What was seen so far."""

    samples: dict[tuple[str, str, int], list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    notes: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    v2: dict[str, dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))
    failures: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))


def run(options: Options) -> dict[str, Any]:
    """`models` → model → target → `{"title", "connections": {n: medians}, …}`; `missing`: who is not there, and why."""
    models = prepared(options.models, options.cache)
    versions, missing, targets = _prepared(all_targets(options))
    book = _Book()
    try:
        for number in range(options.rounds):
            for model in models.values():
                for target in targets:
                    if len(book.failures[target.name, model.name]) < MOST_FAILURES:
                        _turn(target, model, options, book, f"a: round {number + 1}/{options.rounds}")
    finally:
        for target in targets:
            target.close()
    found = {model: _table(model, targets, book) for model in models}
    v2 = {model: v2_equality.verdict(seen) for model, seen in book.v2.items()}
    return {"versions": versions, "missing": missing, "models": found, "ratios": _ratios(found), "v2": v2}


def _prepared(targets: list[Target]) -> tuple[dict[str, Any], dict[str, str], list[Target]]:
    versions: dict[str, Any] = {}
    missing: dict[str, str] = {}
    for target in targets:
        report_progress(f"a: preparing {target.name}")
        try:
            versions[target.name] = target.prepare()
        except BenchmarkFailed as reason:
            missing[target.name] = str(reason)
            report_progress(f"a: {target.name} is left out: {reason}")
    return versions, missing, [target for target in targets if target.name not in missing]


def _turn(target: Target, model: Model, options: Options, book: _Book, where: str) -> None:
    at = (target.name, model.name)
    try:
        with target.serve(model) as running:
            running.check(model)
            book.v2[model.name][target.name] = v2_equality.answered(running, model)
            running.load(model.rows[0], 16, options.warm_up)
            running.notes["idle_cpu_percent"] = _idle_percent(running)
            for connections in options.connections:
                sample = _sample(running, model, connections, options.seconds)
                book.samples[target.name, model.name, connections].append(sample)
        book.notes.setdefault(at, {}).update(running.notes)
    except BenchmarkFailed as reason:
        book.failures[at].append(str(reason))
        report_progress(f"{where}: {model.name}: {target.name} failed: {reason}")
        return
    last = {n: round(book.samples[target.name, model.name, n][-1]["per_second"]) for n in options.connections}
    report_progress(f"{where}: {model.name}: {target.name} {last} {running.notes}")


def _sample(running: Running, model: Model, connections: int, seconds: int) -> dict[str, Any]:
    before = running.cpu_s
    found: load.Load = running.load(model.rows[0], connections, seconds)
    used = running.cpu_s - before
    return {**found.as_dict(), "cpu_us": used * 1e6 / max(found.ok, 1), "core_use": used / found.duration_s}


def _idle_percent(running: Running) -> float:
    """CPU of the target's processes while nobody asks, percent of one core."""
    time.sleep(IDLE_S)
    before, started = running.cpu_s, time.monotonic()
    time.sleep(IDLE_S)
    return round((running.cpu_s - before) / (time.monotonic() - started) * 100, 1)


def _table(model: str, targets: list[Target], book: _Book) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for target in targets:
        at = (target.name, model)
        by_connections = {
            str(connections): {**summary.of(samples), "rounds": len(samples)}
            for (name, of_model, connections), samples in book.samples.items()
            if (name, of_model) == at
        }
        found[target.name] = {
            "title": target.title,
            "connections": by_connections,
            "notes": book.notes.get(at, {}),
            "failed": book.failures[at],
        }
    return found


def _ratios(models: dict[str, Any]) -> dict[str, Any]:
    """model → connections → target → how many times its requests a second Penstock answers."""
    found: dict[str, Any] = {}
    for model, targets in models.items():
        own = targets.get("penstock", {}).get("connections", {})
        for connections, best in own.items():
            found.setdefault(model, {})[connections] = {
                name: summary.ratio(best["per_second"], target["connections"][connections]["per_second"])
                for name, target in targets.items()
                if name != "penstock" and connections in target["connections"]
            }
    return found
