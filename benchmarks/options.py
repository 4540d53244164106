"""What a run is asked to do; read from the command line once."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PARTS = ("a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "q", "r")
MODELS = ("ridge", "forest")


@dataclass(frozen=True)
class Options:
    """Durations in seconds. `targets` empty: every target."""

    only: tuple[str, ...] = PARTS
    targets: tuple[str, ...] = ()
    models: tuple[str, ...] = MODELS
    connections: tuple[int, ...] = (1, 16, 64, 256)
    hop_connections: tuple[int, ...] = (1, 16, 64)
    seconds: int = 5
    warm_up: int = 2
    rounds: int = 3
    services: tuple[int, ...] = (1, 250, 500, 1000)
    keys: int = 10_000
    route_changes: int = 10
    hours: float = 24.0
    versions: int = 1000
    kubeconfig: Path | None = None
    kwok: Path | None = None
    cache: Path = Path(".penstock-bench")
    out: Path = Path("docs/benchmarks")
    is_quick: bool = False


def parse(arguments: Sequence[str] | None = None) -> Options:
    """The command line; ends the program with a line on what is wrong with it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__, epilog=_EPILOG)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = (
        "Measures Penstock beside its peers; prints tables, writes results.json, results.md, results.svg."
    )
    given = Options()
    parser.add_argument("--only", type=_parts, default=given.only, help="parts, such as a,b (default: all)")
    parser.add_argument("--targets", type=_words, default=(), help="targets of part a, such as penstock,mlflow")
    parser.add_argument("--models", type=_models, default=given.models, help="ridge, forest or both")
    parser.add_argument("--connections", type=_numbers, default=None, help="of part a (default: 1,16,64,256)")
    parser.add_argument("--seconds", type=_positive, default=None, help="of each measurement (default: 5)")
    parser.add_argument("--rounds", type=_positive, default=None, help="over all targets; medians (default: 3)")
    parser.add_argument("--hours", type=_positive, default=None, help="simulated, of part l (default: 24)")
    parser.add_argument("--versions", type=_positive, default=None, help="of part r (default: 1000)")
    parser.add_argument("--kubeconfig", type=Path, default=None, help="of a cluster's administrator, for part r")
    parser.add_argument("--kwok", type=Path, default=None, help="the program kwok, for part r")
    parser.add_argument("--cache", type=Path, default=given.cache, help="peers' environments, models, logs")
    parser.add_argument("--out", type=Path, default=None, help="results (default: docs/benchmarks; quick: the cache)")
    parser.add_argument("--quick", action="store_true", help="one short round of everything: does it work?")
    return _options(parser.parse_args(arguments))


def _options(given: argparse.Namespace) -> Options:
    full = Options()
    is_quick: bool = given.quick
    cache: Path = given.cache.absolute()
    return Options(
        only=given.only,
        targets=given.targets,
        models=given.models,
        connections=given.connections or ((1, 64) if is_quick else full.connections),
        hop_connections=(1, 64) if is_quick else full.hop_connections,
        seconds=given.seconds or (2 if is_quick else full.seconds),
        warm_up=1 if is_quick else full.warm_up,
        rounds=given.rounds or (1 if is_quick else full.rounds),
        services=(1, 100) if is_quick else full.services,
        keys=1_000 if is_quick else full.keys,
        route_changes=3 if is_quick else full.route_changes,
        hours=given.hours or (0.25 if is_quick else full.hours),
        versions=given.versions or (100 if is_quick else full.versions),
        kubeconfig=given.kubeconfig and given.kubeconfig.absolute(),
        kwok=given.kwok and given.kwok.absolute(),
        cache=cache,
        out=(given.out or (cache / "quick" if is_quick else full.out)).absolute(),
        is_quick=is_quick,
    )


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _parts(text: str) -> tuple[str, ...]:
    return _among(text, PARTS)


def _models(text: str) -> tuple[str, ...]:
    return _among(text, MODELS)


def _among(text: str, known: Sequence[str]) -> tuple[str, ...]:
    words = _words(text)
    if wrong := sorted(set(words) - set(known)):
        raise argparse.ArgumentTypeError(f"{', '.join(wrong)}: not one of {', '.join(known)}")
    return words


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text}: a whole number from 1 is needed")
    return int(text)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(_positive(word) for word in _words(text))


_EPILOG = """parts:
  a  one wine a request, end to end, against model servers called directly
  b  the router's hop against nginx, one core each
  c  what request logging costs: on against off
  d  growth: services, versions, keys; how fast a route change acts
  e  publish to first answer, cold and warm
  f  memory: services, router, pods
  g  the control plane with 1,000 services: lists, searches, passes over everything
  h  autoscaling: a load in steps, from no pod to several and back
  i  sharing a predict: what comparing costs, and what each caller alone costs; the pod without a router
  j  inference tables: stream to payload to inferences, beside write_deltalake of the same rows
  k  the console in Chromium: first load, 1,000 services, 100,000 log lines, a week of charts
  n  canaries: simulated roll-outs judged by sequential tests, beside threshold checks
  r  1,000 versions on a cluster with simulated nodes: the scheduler's CPU, memory, calls; how soon it sees a change
"""
