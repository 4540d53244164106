"""Which services' lines go where all together take too much room."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.log_shares import excess


def test_who_prints_little_loses_nothing() -> None:
    assert excess({"flood": 900, "quiet": 50, "other": 60}, 500) == {"flood": 510}


def test_two_that_print_much_keep_as_much_as_each_other() -> None:
    assert excess({"a": 900, "b": 500, "quiet": 100}, 700) == {"a": 600, "b": 200}


def test_nothing_goes_while_there_is_room() -> None:
    assert excess({"a": 400, "b": 100}, 500) == excess({}, 500) == {}


@given(st.dictionaries(st.text("abcdef", min_size=1), st.integers(0, 10**12)), st.integers(1, 10**12))
def test_what_is_left_fits_and_is_nearly_all_that_may_stay(sizes: dict[str, int], limit: int) -> None:
    gone = excess(sizes, limit)
    left = sum(sizes.values()) - sum(gone.values())
    assert all(0 < gone[service] <= sizes[service] for service in gone)
    assert left <= limit
    assert not gone or left > limit - len(sizes)
