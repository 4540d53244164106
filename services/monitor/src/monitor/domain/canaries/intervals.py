"""The always-valid interval of a difference of two means: the mixture sequential probability ratio test (mSPRT).

Johari, Koomen, Pekelis and Walsh, "Always valid inference: continuous monitoring of A/B tests" (2022): with d the
difference, V its variance and a normal mixture N(0, tau^2) over the effect, the interval
d +/- sqrt(V (V + tau^2) / tau^2 * (2 ln(1/alpha) + ln((V + tau^2) / V))) holds at all times together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, log, sqrt


@dataclass(frozen=True)
class Sample:
    """Number, mean and variance of one version's values."""

    count: int
    mean: float
    variance: float

    @classmethod
    def of_share(cls, events: int, requests: int) -> Sample:
        """Events among requests. The variance has one more event and non-event, so that none at all is no certainty."""
        smoothed = (events + 1) / (requests + 2)
        return cls(requests, events / requests if requests else 0.0, smoothed * (1 - smoothed))


@dataclass(frozen=True)
class Pair:
    """Both versions while the split between them was the same."""

    canary: Sample
    stable: Sample

    @property
    def weight(self) -> float:
        """Of the pair among others (Mantel and Haenszel): what the difference of the two is known from."""
        together = self.canary.count + self.stable.count
        return self.canary.count * self.stable.count / together if together else 0.0

    @property
    def variance(self) -> float:
        """Of the difference of the two means."""
        return self.canary.variance / self.canary.count + self.stable.variance / self.stable.count


@dataclass(frozen=True)
class Difference:
    """canary - stable, and the ends of its interval."""

    value: float
    lower: float
    upper: float


def difference_of(pairs: Sequence[Pair], tau: float, alpha: float) -> Difference:
    """The interval at level `alpha`; `tau` > 0 is about the difference that one cares for.

    Each pair is compared within itself. Sums over all would hold the hours of one version against other hours of the
    other: a canary has most of its requests late, the stable version early, and what all requests suffer meanwhile
    would look like the canary's doing. Every pair has values of both.
    """
    whole = fsum(pair.weight for pair in pairs)
    shares = [(pair, pair.weight / whole) for pair in pairs]
    value = fsum(share * (pair.canary.mean - pair.stable.mean) for pair, share in shares)
    variance = fsum(share * share * pair.variance for pair, share in shares)
    if variance <= 0.0:
        return Difference(value, value, value)
    mixed = variance + tau * tau
    width = sqrt(variance * mixed / (tau * tau) * (2 * log(1 / alpha) + log(mixed / variance)))
    return Difference(value, value - width, value + width)


def stable_mean(pairs: Sequence[Pair]) -> float:
    """The stable version's mean with the weights of `difference_of`."""
    return fsum(pair.weight * pair.stable.mean for pair in pairs) / fsum(pair.weight for pair in pairs)
