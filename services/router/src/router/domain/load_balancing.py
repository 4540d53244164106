"""Which version, which pod.

Versions: smooth weighted round-robin (as nginx's upstream does it): every pick raises each version by its weight, the
highest wins and pays the total back. Over any `total` picks the shares are exact, and they are interleaved. A sticky
request goes by the hash of what it sticks to: the same value gets the same version for as long as the weights stay.
Pods: the power of two choices (Mitzenmacher 1996): of two drawn at random, the one with fewer requests outstanding. A
pod that fails several times in a row is left alone for a while (outlier ejection, as Envoy does it).
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Protocol, TypeVar

FAILURES_TO_EJECT = 5
"""Failures of the pod, not of the model, without one good answer in between."""
MAX_EJECTION_FACTOR = 10
"""Times the basic ejection."""


class WeightedVersion(Protocol):
    """A version as the split sees it; `current` is the split's own state."""

    weight: int
    current: int


class PodLoad(Protocol):
    """A pod as the choice sees it; `ejected_until` is monotonic seconds."""

    outstanding: int
    ejected_until: float


class PodHealth(Protocol):
    """A pod as outlier ejection sees it; `ejected_until` is monotonic seconds."""

    failures: int
    ejections: int
    ejected_until: float


W = TypeVar("W", bound=WeightedVersion)
P = TypeVar("P", bound=PodLoad)


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


def choose_sticky(candidates: Sequence[W], value: bytes, cohort: bytes = b"") -> W:
    """The candidate whose share of the hash's range holds `value`.

    The shares lie side by side in the candidates' order, so that a change of weights by some points moves as many
    points of the values: who has the canary keeps it while its share grows. With another `cohort` (at most 64 bytes) it
    is other values that come first.
    """
    total = sum(candidate.weight for candidate in candidates)
    point = int.from_bytes(blake2b(value, digest_size=8, key=cohort).digest()) % max(total, 1)
    for candidate in candidates:
        point -= candidate.weight
        if point < 0:
            return candidate
    return candidates[0]


def choose_pod(pods: Sequence[P], now: float, draw: int, cap: int | None = None) -> P | None:
    """The less loaded of two pods picked by `draw` (any non-negative int); ejected ones only if all are ejected.

    None where there is no pod, or where each has `cap` requests outstanding.
    """
    count = len(pods)
    if count <= 1:
        pod = pods[0] if pods else None
        return pod if pod is None or cap is None or pod.outstanding < cap else None
    first = draw % count
    a = pods[first]
    b = pods[(first + 1 + draw // count % (count - 1)) % count]
    best = b if b.outstanding < a.outstanding else a
    if a.ejected_until > now or b.ejected_until > now or (cap is not None and best.outstanding >= cap):
        return _healthiest(pods, now, cap)
    return best


def record_failure(pod: PodHealth, now: float, ejection_s: float) -> None:
    """The pod broke off, was silent or gave no HTTP: eject it once it has done so several times in a row."""
    pod.failures += 1
    if pod.failures >= FAILURES_TO_EJECT:
        pod.failures = 0
        pod.ejections = min(pod.ejections + 1, MAX_EJECTION_FACTOR)
        pod.ejected_until = now + ejection_s * pod.ejections


def record_success(pod: PodHealth) -> None:
    """The pod answered."""
    pod.failures = pod.ejections = 0


def _healthiest(pods: Sequence[P], now: float, cap: int | None) -> P | None:
    free = [pod for pod in pods if cap is None or pod.outstanding < cap]
    healthy = [pod for pod in free if pod.ejected_until <= now]
    return min(healthy or free, key=lambda pod: (pod.outstanding, pod.ejected_until), default=None)
