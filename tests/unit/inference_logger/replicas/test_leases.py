"""Who of several loggers is held for gone."""

from __future__ import annotations

from inference_logger.domain.replicas.leases import LeaseWatch


def test_one_that_says_nothing_for_longer_than_the_lease_is_gone() -> None:
    watch = LeaseWatch(10)
    assert watch.note({"a": ("p", 1), "b": ("q", 1)}, 0) == {}
    assert watch.note({"a": ("p", 2), "b": ("q", 1)}, 9) == {}
    assert watch.note({"a": ("p", 2), "b": ("q", 1)}, 11) == {"b": ("q", 1)}


def test_one_that_was_just_seen_for_the_first_time_has_a_whole_lease() -> None:
    assert LeaseWatch(10).note({"a": ("p", 7)}, 1e6) == {}


def test_who_stood_still_itself_holds_nobody_for_gone_that_spoke_meanwhile() -> None:
    watch = LeaseWatch(10)
    watch.note({"a": ("p", 1)}, 0)
    assert watch.note({"a": ("p", 30)}, 1000) == {}


def test_another_process_of_the_name_is_a_sign_of_life() -> None:
    watch = LeaseWatch(10)
    watch.note({"a": ("p", 1)}, 0)
    assert watch.note({"a": ("q", 1)}, 11) == {}


def test_one_that_was_taken_out_is_forgotten() -> None:
    watch = LeaseWatch(10)
    watch.note({"a": ("p", 1)}, 0)
    watch.note({}, 5)
    assert watch.note({"a": ("p", 1)}, 20) == {}
