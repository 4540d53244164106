"""The split over versions, and the choice of a pod."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from router.domain.load_balancing import choose_pod, choose_version


@dataclass(eq=False)
class FakeVersion:
    name: str
    weight: int
    current: int = 0


@dataclass(eq=False)
class FakePod:
    outstanding: int = 0
    ejected_until: float = 0.0


@given(st.lists(st.integers(min_value=1, max_value=100), min_size=1, max_size=5))
def test_the_split_is_exact_over_every_cycle(weights: list[int]) -> None:
    versions = [FakeVersion(str(place), weight) for place, weight in enumerate(weights)]
    seen = Counter(choose_version(versions).name for _ in range(sum(weights)))
    assert [seen[version.name] for version in versions] == weights


def test_the_split_is_interleaved() -> None:
    versions = [FakeVersion("a", 90), FakeVersion("b", 10)]
    picks = "".join(choose_version(versions).name for _ in range(30))
    assert "b" not in picks.replace("aaaaabaaaa", "")


@given(st.integers(min_value=2, max_value=6), st.integers(min_value=0))
def test_the_chosen_pod_is_never_the_most_loaded_of_two(count: int, draw: int) -> None:
    pods = [FakePod(outstanding=place) for place in range(count)]
    assert choose_pod(pods, 0.0, draw) is not pods[-1]


def test_ejected_pods_are_asked_only_if_all_are() -> None:
    ejected, healthy = FakePod(0, ejected_until=10.0), FakePod(50)
    assert all(choose_pod([ejected, healthy], 5.0, draw) is healthy for draw in range(20))
    assert choose_pod([ejected, healthy], 11.0, 0) is ejected
    healthy.ejected_until = 20.0
    assert choose_pod([ejected, healthy], 5.0, 0) is ejected
    assert choose_pod([], 5.0, 0) is None
