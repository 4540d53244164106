"""How many labels have come, and whether those that will have come by now."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass

MATURE_SHARE = 0.95


@dataclass(frozen=True)
class LagCurve:
    """Share of labels (of those that ever come) that are there by an age. Both rise; empty: nothing was learned."""

    ages_s: tuple[float, ...] = ()
    shares: tuple[float, ...] = ()

    def share_by(self, age_s: float) -> float:
        """0 to 1."""
        place = bisect.bisect_right(self.ages_s, age_s)
        return self.shares[place - 1] if place else 0.0

    def age_of(self, share: float = MATURE_SHARE) -> float | None:
        """The age by which so many are there; None: not seen yet."""
        place = bisect.bisect_left(self.shares, share)
        return self.ages_s[place] if place < len(self.ages_s) else None

    @classmethod
    def learn(cls, delays_s: Sequence[float], ages_s: Sequence[float]) -> LagCurve:
        """`delays_s`: of labels that came, each with the age of its row today in `ages_s`.

        Of young rows only quick labels can have come, which makes delays look shorter than they are: labels are
        truncated on the right. Lynden-Bell's product-limit estimate is what corrects it: a delay d is compared with
        those labels alone whose rows were old enough to show it. ValueError where the two differ in length.
        """
        if len(delays_s) != len(ages_s):
            raise ValueError(f"{len(delays_s)} delays for {len(ages_s)} ages")
        pairs = [(max(0.0, delay), age) for delay, age in zip(delays_s, ages_s, strict=True) if age >= delay]
        return cls(*_product_limit(pairs)) if pairs else cls()


def _product_limit(pairs: Sequence[tuple[float, float]]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """From the largest delay down, F is multiplied by 1 - d/n: d labels have the delay, n of those with a delay that
    is no larger are of rows at least that old.
    """
    delays = sorted(delay for delay, _ in pairs)
    ages = sorted(age for _, age in pairs)
    steps = sorted(set(delays))
    shares: list[float] = []
    share = 1.0
    for step in reversed(steps):
        shares.append(share)
        up_to = bisect.bisect_right(delays, step)
        same = up_to - bisect.bisect_left(delays, step)
        # Rows younger than the step have delays below it: they are among `up_to`, and could not have shown it.
        at_risk = up_to - bisect.bisect_left(ages, step)
        share *= 1 - same / at_risk if at_risk > same else 1.0 if step != steps[0] else 0.0
    return tuple(steps), tuple(reversed(shares))


@dataclass(frozen=True)
class Coverage:
    """Labels of a window."""

    rows: int
    labelled: int
    share: float
    mature: bool
    """Whether the youngest row is older than the age by which 95 % of labels are there; without a curve: whether all
    rows have labels."""
    expected_share: float | None
    """Of all labels that will come, how many should be there at this age; None: no curve."""


def coverage(rows: int, labelled: int, youngest_age_s: float, curve: LagCurve | None = None) -> Coverage:
    """Of a window whose youngest row is so old."""
    share = labelled / rows if rows else 0.0
    if curve is None or not curve.ages_s:
        return Coverage(rows, labelled, share, bool(rows) and labelled == rows, None)
    expected = curve.share_by(youngest_age_s)
    return Coverage(rows, labelled, share, bool(rows) and expected >= MATURE_SHARE, expected)


def known_at(age_s: float, delays_s: Sequence[float | None]) -> tuple[bool, ...]:
    """Which labels were there when each row was `age_s` old: versions are compared by these alone, since those of an
    older version have had more time to come. None: no label yet.
    """
    return tuple(delay is not None and delay <= age_s for delay in delays_s)
