"""Windows are the calendar's, shares add up to the whole, and the end of a run is the best that is known of it."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import reduce
from itertools import pairwise, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.api.resources.usage import safe_cell
from controller.domain.resources.usage import (
    Grain,
    RunEndTime,
    better_known_end,
    milliseconds,
    moment_of,
    overlap_ms,
    windows,
)

moments = st.integers(0, milliseconds(datetime(2100, 1, 1, tzinfo=UTC)))
spans = st.tuples(moments, st.integers(1, 400 * 86_400_000)).map(lambda pair: (pair[0], sum(pair)))
ends = st.none() | st.builds(RunEndTime, moments, st.booleans())


def split_run(start_ms: int, end_ms: int, grain: Grain) -> dict[str | None, int]:
    return {window.label: overlap_ms(start_ms, end_ms, window) for window in windows(start_ms, end_ms, grain)}


def at(text: str) -> int:
    return milliseconds(datetime.fromisoformat(text))


@given(spans, st.sampled_from(Grain))
def test_the_shares_of_a_run_sum_to_the_run(span: tuple[int, int], grain: Grain) -> None:
    shares = split_run(*span, grain)

    assert sum(shares.values()) == span[1] - span[0]
    assert all(share > 0 for share in shares.values())


@given(spans, st.sampled_from([Grain.MONTH, Grain.DAY]))
def test_windows_meet_and_each_lies_in_the_period_that_names_it(span: tuple[int, int], grain: Grain) -> None:
    found = list(windows(*span, grain))

    assert (found[0].start_ms, found[-1].end_ms) == span
    assert all(before.end_ms == after.start_ms for before, after in pairwise(found))
    for window in found:
        for moment in (window.start_ms, window.end_ms - 1):
            label = moment_of(moment).isoformat()
            assert window.label is not None
            assert label.startswith(window.label)


@given(spans, spans)
def test_what_lies_outside_of_the_asked_time_is_not_counted(run: tuple[int, int], asked: tuple[int, int]) -> None:
    counted = sum(overlap_ms(*run, window) for window in windows(*asked, Grain.MONTH))

    assert counted == max(0, min(run[1], asked[1]) - max(run[0], asked[0]))


def test_a_run_over_two_turns_of_months() -> None:
    shares = split_run(at("2026-10-31T23:00:00Z"), at("2026-12-01T00:00:01Z"), Grain.MONTH)

    assert shares == {"2026-10": 3_600_000, "2026-11": 30 * 86_400_000, "2026-12": 1_000}


def test_nothing_has_no_windows() -> None:
    assert list(windows(5, 5, Grain.MONTH)) == []


@given(st.lists(ends, min_size=1, max_size=5))
def test_the_end_of_a_run_does_not_depend_on_order_nor_repeats(told: list[RunEndTime | None]) -> None:
    found = {reduce(better_known_end, order) for order in permutations(told)}

    assert found == {reduce(better_known_end, [*told, *told])}


def test_what_was_seen_beats_what_was_guessed() -> None:
    seen, guessed = RunEndTime(10), RunEndTime(20, is_exact=False)

    assert better_known_end(guessed, seen) == better_known_end(seen, guessed) == seen
    assert better_known_end(None, guessed) == guessed


@pytest.mark.parametrize("name", ["=1+1", "+1", "-cmd|x", "@sum", "\tx", "\rx"])
def test_a_spreadsheet_takes_no_name_for_a_formula(name: str) -> None:
    assert safe_cell(name) == f"'{name}"


def test_numbers_and_plain_names_stay() -> None:
    assert [safe_cell(value) for value in (-1.5, None, "wine-quality")] == [-1.5, None, "wine-quality"]
