"""Weights always sum to 100 over those that serve, and bad splits are refused with the reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.services.traffic import (
    active_weights,
    checked_fallback,
    checked_split,
    effective_weights,
    main_version,
    rebalanced,
    weights_with,
    weights_without,
)
from shared.errors import Conflict, InvalidInput

WEIGHTS = st.dictionaries(st.sampled_from(["v1", "v2", "v3", "v4"]), st.integers(0, 100), min_size=1)


@given(WEIGHTS, st.integers(0, 100))
def test_rebalanced_weights_sum_to_the_total(weights: dict[str, int], total: int) -> None:
    shares = rebalanced(weights, total)
    assert shares.keys() == weights.keys()
    assert sum(shares.values()) == (total if any(weights.values()) else 0)
    assert all(shares[name] == 0 for name, weight in weights.items() if not weight)
    assert min(shares.values()) >= 0


@given(WEIGHTS, st.sets(st.sampled_from(["v1", "v2", "v3", "v4"])))
def test_only_those_that_serve_get_traffic(weights: dict[str, int], serving: set[str]) -> None:
    told = effective_weights(weights, serving)
    if any(weights[name] for name in serving & weights.keys()):
        assert sum(told.values()) == 100
        assert all(told[name] == 0 for name, weight in weights.items() if not weight)
        assert all(weight == 0 for name, weight in told.items() if name not in serving)
    else:
        assert told == weights


def test_the_first_version_gets_everything_and_the_second_what_it_asked_for() -> None:
    assert weights_with({}, "v1", 0) == {"v1": 100}
    assert weights_with({"v1": 100}, "v2", 0) == {"v1": 100, "v2": 0}
    assert weights_with({"v1": 100}, "v2", 10) == {"v1": 90, "v2": 10}


def test_the_other_takes_the_share_of_one_that_stops_or_fails() -> None:
    assert weights_without({"v1": 90, "v2": 10}, "v1") == {"v2": 100}
    assert effective_weights({"v1": 90, "v2": 10}, {"v2"}) == {"v1": 0, "v2": 100}


def test_a_version_of_weight_0_takes_no_share_of_another() -> None:
    assert effective_weights({"v1": 100, "v2": 0}, {"v2"}) == {"v1": 100, "v2": 0}
    assert active_weights({"v1": 100, "v2": 0}, ["v2"]) == {"v1": 100, "v2": 0}
    assert active_weights({"v1": 60, "v2": 40, "v3": 0}, ["v2", "v3"]) == {"v2": 100, "v3": 0}
    with pytest.raises(Conflict, match="Only 'v1' has a weight, and v2 would get none"):
        weights_without({"v1": 100, "v2": 0}, "v1")
    assert weights_without({"v1": 100}, "v1") == {}


def test_a_share_that_nobody_has_goes_to_whoever_starts_and_else_is_equal() -> None:
    assert weights_with({"v1": 0}, "v2", 0) == {"v1": 0, "v2": 100}
    assert weights_with({"v1": 100, "v2": 0}, "v1", 0) == {"v1": 100, "v2": 0}
    assert active_weights({"v1": 0, "v2": 0}, ["v1", "v2"]) == {"v1": 50, "v2": 50}


@pytest.mark.parametrize("name", [None, "v2"])
def test_the_fallback_is_an_active_version_or_none(name: str | None) -> None:
    assert checked_fallback(name, active=["v1", "v2"], known=["v1", "v2", "v3"]) == name


@pytest.mark.parametrize(("name", "said"), [("v3", "is not active"), ("v9", "no such version")])
def test_another_fallback_is_refused(name: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        checked_fallback(name, active=["v1", "v2"], known=["v1", "v2", "v3"])


def test_a_version_that_still_starts_takes_nothing_yet() -> None:
    assert effective_weights({"v1": 90, "v2": 10}, {"v1"}) == {"v1": 100, "v2": 0}


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ({"v1": 90, "v2": 9}, "sum to 100"),
        ({"v1": 60, "v2": 60}, "sum to 100"),
        ({"v1": 110, "v2": -10}, "v2: a weight is 0 to 100"),
        ({"v1": 90, "v9": 10}, "v9: the service has no such version"),
        ({"v1": 90, "v3": 10}, "v3: the version is not active"),
    ],
)
def test_a_bad_split_is_refused_with_the_reason(weights: dict[str, int], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        checked_split(weights, active=["v1", "v2"], known=["v1", "v2", "v3"])


def test_active_versions_that_a_split_leaves_out_get_nothing() -> None:
    assert checked_split({"v2": 100}, active=["v1", "v2"], known=["v1", "v2", "v3"]) == {"v1": 0, "v2": 100}
    assert checked_split({"v1": 100, "v3": 0}, active=["v1"], known=["v1", "v3"]) == {"v1": 100}


def test_a_canary_at_half_is_not_the_main_version_yet() -> None:
    names = ["v1", "v2", "v3"]
    assert main_version(names, {"v1": 50, "v2": 50}) == "v1"
    assert main_version(names, {"v1": 49, "v2": 51}) == "v2"
    assert main_version(names, {"v1": 0}) == main_version(names, {}) == "v3"
