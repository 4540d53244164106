"""How many labels have come, and whether those that will have come by now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Coverage:
    """Labels of a window."""

    rows: int
    labelled: int
    share: float
    mature: bool
    """Whether the youngest row is older than the age by which `LagCurve` expects 95 % of labels."""
    expected_share: float | None
    """Of all labels that will come, how many should be there at this age; None: no curve."""


@dataclass(frozen=True)
class LagCurve:
    """Share of labels (of those that ever come) that are there by an age."""

    ages_s: tuple[float, ...]
    shares: tuple[float, ...]

    def share_by(self, age_s: float) -> float:
        """0 to 1."""
        raise NotImplementedError

    def age_of(self, share: float = 0.95) -> float | None:
        """The age by which so many are there; None: not seen yet."""
        raise NotImplementedError

    @classmethod
    def learn(cls, delays_s: Sequence[float], waiting_s: Sequence[float]) -> LagCurve:
        """Kaplan-Meier: delays of labels that came, ages of rows that wait for theirs."""
        raise NotImplementedError


def coverage(rows: int, labelled: int, youngest_age_s: float, curve: LagCurve | None = None) -> Coverage:
    """Of a window whose youngest row is so old."""
    raise NotImplementedError


def known_at(age_s: float, delays_s: Sequence[float | None]) -> tuple[bool, ...]:
    """Which labels were there when each row was `age_s` old: versions are compared by these alone."""
    raise NotImplementedError
