"""Weights: as configured, and as routers get them.

Stored weights over a service's started versions sum to 100. Routers get *effective* weights: versions that do not serve
(still starting, failed) get 0 and those of the others that have a weight take their share, in proportion. A version of
weight 0 never gets a share but by somebody's word: by a split, or as the service's fallback.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from shared.errors import Conflict, Detail, InvalidInput


def rebalanced(weights: Mapping[str, int], total: int = 100) -> dict[str, int]:
    """`weights` scaled to sum to `total` in their proportion (largest remainders); what is 0 stays 0."""
    whole = sum(weights.values())
    if not whole:
        return dict(weights)
    shares = {name: part * total // whole for name, part in weights.items()}
    by_remainder = sorted(weights, key=lambda name: (-(weights[name] * total % whole), name))
    for name in by_remainder[: total - sum(shares.values())]:
        shares[name] += 1
    return shares


def active_weights(started: Mapping[str, int], active: Collection[str]) -> dict[str, int]:
    """What the active ones of the `started` versions have, 100 in all: also the share of one that has failed.

    Where only failed versions have a weight, they keep it and are named. Where nobody has (a failed one was deleted
    before that was refused), the shares are equal.
    """
    own = {name: weight for name, weight in started.items() if name in active}
    if any(own.values()) or not own:
        return rebalanced(own)
    return dict(started) if any(started.values()) else rebalanced(dict.fromkeys(own, 1))


def weights_with(weights: Mapping[str, int], newcomer: str, asked: int) -> dict[str, int]:
    """Weights after `newcomer` became active and asked for `asked`: all of it where no other has any."""
    others = {name: weight for name, weight in weights.items() if name != newcomer}
    if not any(others.values()):
        return {**others, newcomer: 100}
    return {**rebalanced(others, 100 - asked), newcomer: asked}


def weights_without(weights: Mapping[str, int], leaver: str) -> dict[str, int]:
    """Weights after `leaver` is no longer active: the others take its share, but for those of weight 0.

    `Conflict` where there are no others than those: it is not guessed that they should answer.
    """
    others = {name: weight for name, weight in weights.items() if name != leaver}
    if others and not any(others.values()):
        names = " and ".join(others)
        raise Conflict(
            f"Only {leaver!r} has a weight, and {names} would get none of its share: give new weights in the same call "
            '({"weights": {…}}), set them first with PUT …/traffic, or stop the whole service'
        )
    return rebalanced(others)


def effective_weights(weights: Mapping[str, int], serving: Collection[str]) -> dict[str, int]:
    """Weights for routers: all of it for those that serve and have a weight; without any, the configured split."""
    present = {name: weight for name, weight in weights.items() if name in serving}
    if not any(present.values()):
        return dict(weights)
    return {**dict.fromkeys(weights, 0), **rebalanced(present)}


@dataclass(frozen=True)
class PodCapacity:
    """Pods of a version that answer, and those that should."""

    ready: int
    wanted: int

    @property
    def part(self) -> Fraction:
        """What of its share it can carry, 0 to 1. One scaled to zero carries all: who waits for it gets it a pod."""
        return Fraction(1) if self.ready >= self.wanted else Fraction(self.ready, self.wanted)


def within_capacity(weights: Mapping[str, int], serving: Mapping[str, PodCapacity]) -> dict[str, int]:
    """`weights` so that no version gets more than its ready pods are to its wanted ones.

    A version short of pods keeps that part of its share, rounded down; the rest goes, in proportion, to those that are
    complete. Where none is, nobody has room to spare: shares are those weights times what each can carry. Sums stay.
    """
    parts = {name: serving[name].part for name in weights if name in serving and weights[name]}
    if all(part == 1 for part in parts.values()) or not any(parts.values()):
        return dict(weights)
    total = sum(weights.values())
    whole = {name: weights[name] for name, part in parts.items() if part == 1}
    if not whole:
        scale = lcm(*(part.denominator for part in parts.values()))
        carried = {name: int(weights[name] * part * scale) for name, part in parts.items()}
        return {**dict.fromkeys(weights, 0), **rebalanced(carried, total)}
    capped = {name: int(weights[name] * part) for name, part in parts.items() if part < 1}
    return {**dict.fromkeys(weights, 0), **capped, **rebalanced(whole, total - sum(capped.values()))}


def checked_split(weights: Mapping[str, int], active: Collection[str], known: Collection[str]) -> dict[str, int]:
    """`weights` with every active version named, if they are a split: known, active, not negative, 100 in all."""
    wrong = [
        Detail(("weights", name), why)
        for name, weight in weights.items()
        if (why := _fault(name, weight, active, known))
    ]
    if wrong:
        raise InvalidInput("; ".join(f"{d.loc[-1]}: {d.msg}" for d in wrong), wrong)
    if (total := sum(weights.values())) != 100:
        raise InvalidInput(f"Weights must sum to 100, not {total}", (Detail(("weights",), f"sum is {total}"),))
    return {**dict.fromkeys(active, 0), **{n: w for n, w in weights.items() if n in active}}


def checked_fallback(name: str | None, active: Collection[str], known: Collection[str]) -> str | None:
    """`name`, if it can be the fallback: none, or an active version of the service."""
    if name is None or name in active:
        return name
    why = "the version is not active" if name in known else "the service has no such version"
    raise InvalidInput(f"fallback: {name[:64]}: {why}", (Detail(("fallback",), why),))


def main_version(names: Sequence[str], weights: Mapping[str, int]) -> str:
    """Of `names`, oldest first, the one with the greatest share; the newest where none has any.

    Of equals the older one, which a canary at half has not replaced yet.
    """
    shares = [weights.get(name, 0) for name in names]
    return names[shares.index(max(shares))] if any(shares) else names[-1]


def _fault(name: str, weight: int, active: Collection[str], known: Collection[str]) -> str | None:
    if name not in known:
        return "the service has no such version"
    if not 0 <= weight <= 100:
        return f"a weight is 0 to 100, not {weight}"
    if weight and name not in active:
        return "the version is not active, so it can have no weight"
    return None
