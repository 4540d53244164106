"""The always-valid interval of a difference of two means: the mixture sequential probability ratio test (mSPRT).

Johari, Koomen, Pekelis and Walsh, "Always valid inference: continuous monitoring of A/B tests" (2022): with d the
difference, V its variance and a normal mixture N(0, tau^2) over the effect, the interval
d +/- sqrt(V (V + tau^2) / tau^2 * (2 ln(1/alpha) + ln((V + tau^2) / V))) holds at all times together.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log, sqrt


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
class Difference:
    """canary - stable, and the ends of its interval."""

    value: float
    lower: float
    upper: float


def difference_of(canary: Sample, stable: Sample, tau: float, alpha: float) -> Difference:
    """The interval at level `alpha`; `tau` > 0 is about the difference that one cares for. Both samples have values."""
    value = canary.mean - stable.mean
    variance = canary.variance / canary.count + stable.variance / stable.count
    if variance <= 0.0:
        return Difference(value, value, value)
    mixed = variance + tau * tau
    width = sqrt(variance * mixed / (tau * tau) * (2 * log(1 / alpha) + log(mixed / variance)))
    return Difference(value, value - width, value + width)
