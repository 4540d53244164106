"""Which version, which pod.

Versions: smooth weighted round-robin (as nginx's upstream does it): every pick raises each version by its weight, the
highest wins and pays the total back. Over any `total` picks the shares are exact, and they are interleaved.
Pods: the power of two choices (Mitzenmacher 1996): of two drawn at random, the one with fewer requests outstanding.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar


class Weighted(Protocol):
    """A version as the split sees it; `current` is the split's own state."""

    weight: int
    current: int


class Loaded(Protocol):
    """A pod as the choice sees it; `ejected_until` is monotonic seconds."""

    outstanding: int
    ejected_until: float


W = TypeVar("W", bound=Weighted)
P = TypeVar("P", bound=Loaded)


def choose_version(candidates: Sequence[W]) -> W:
    """The next of at least one candidate, by weight; updates each candidate's `current`."""
    best = candidates[0]
    total = 0
    for candidate in candidates:
        candidate.current += candidate.weight
        total += candidate.weight
        if candidate.current > best.current:
            best = candidate
    best.current -= total
    return best


def ready_candidates(versions: Sequence[W], is_ready: Sequence[bool]) -> tuple[W, ...]:
    """The versions that share the traffic now.

    A version with no ready pod yields its share to those that have one. A version of weight 0 gets nothing, save where
    no weighted version is ready: then it takes over rather than let every caller fail.
    """
    ready = [version for version, is_up in zip(versions, is_ready, strict=True) if is_up]
    weighted = tuple(version for version in ready if version.weight > 0)
    return weighted or tuple(ready)


def choose_pod(pods: Sequence[P], now: float, draw: int) -> P | None:
    """The less loaded of two pods picked by `draw` (any non-negative int); ejected ones only if all are ejected."""
    count = len(pods)
    if count <= 1:
        return pods[0] if pods else None
    first = draw % count
    a = pods[first]
    b = pods[(first + 1 + draw // count % (count - 1)) % count]
    if a.ejected_until > now or b.ejected_until > now:
        return _healthiest(pods, now)
    return b if b.outstanding < a.outstanding else a


def _healthiest(pods: Sequence[P], now: float) -> P:
    healthy = [pod for pod in pods if pod.ejected_until <= now]
    return min(healthy or pods, key=lambda pod: (pod.outstanding, pod.ejected_until))
