"""Shares never exceed what a version's ready pods can carry."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from controller.domain.services.traffic import PodCapacity, rebalanced, within_capacity

CAPACITIES = st.builds(lambda wanted, missing: PodCapacity(max(0, wanted - missing), wanted), *[st.integers(0, 9)] * 2)
NAMES = ("v1", "v2", "v3")


@st.composite
def splits(draw: st.DrawFn) -> tuple[dict[str, int], dict[str, PodCapacity]]:
    names = NAMES[: draw(st.integers(1, 3))]
    weights = rebalanced({name: draw(st.integers(0, 100)) for name in names} | {names[0]: draw(st.integers(1, 100))})
    return weights, {name: draw(CAPACITIES) for name in names}


@given(splits())
def test_shares_stay_whole_and_nobody_short_of_pods_gets_more(
    split: tuple[dict[str, int], dict[str, PodCapacity]],
) -> None:
    weights, serving = split
    given_ = within_capacity(weights, serving)

    assert sum(given_.values()) == 100
    assert set(given_) == set(weights)
    assert all(share >= 0 for share in given_.values())
    if any(weights[name] and serving[name].part == 1 for name in weights):
        assert all(given_[name] <= weights[name] * serving[name].part for name in weights if serving[name].part < 1)
        assert all(given_[name] >= weights[name] for name in weights if serving[name].part == 1)


@given(splits())
def test_complete_versions_keep_the_split(split: tuple[dict[str, int], dict[str, PodCapacity]]) -> None:
    weights, serving = split
    complete = {name: PodCapacity(capacity.wanted, capacity.wanted) for name, capacity in serving.items()}

    assert within_capacity(weights, complete) == weights


def test_a_canary_with_half_its_pods_gets_half_its_share() -> None:
    assert within_capacity({"v1": 60, "v2": 40}, {"v1": PodCapacity(2, 2), "v2": PodCapacity(1, 2)}) == {
        "v1": 80,
        "v2": 20,
    }


def test_scaled_to_zero_keeps_its_share_and_a_starting_pod_gets_none() -> None:
    steady = PodCapacity(1, 1)
    assert within_capacity({"v1": 90, "v2": 10}, {"v1": steady, "v2": PodCapacity(0, 0)}) == {"v1": 90, "v2": 10}
    assert within_capacity({"v1": 90, "v2": 10}, {"v1": steady, "v2": PodCapacity(0, 1)}) == {"v1": 100, "v2": 0}


def test_alone_without_a_pod_a_version_keeps_everything() -> None:
    assert within_capacity({"v1": 100}, {"v1": PodCapacity(0, 1)}) == {"v1": 100}
