"""Of a pod that prints more than it may a sample is sent on, and said so."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scheduler.domain.output_sampling import OutputBudget, gap_notice, sample_lines
from scheduler.domain.values import LogPosition, OutputLine


def printed(number: int, run: int = 0) -> list[OutputLine]:
    return [OutputLine(LogPosition(run, 10 * place), 10 * place + 10, f"line {place}") for place in range(number)]


def test_a_burst_is_never_sampled_and_then_the_rate_holds() -> None:
    budget = OutputBudget.full(100.0, now=0.0)
    assert budget.take(1000, 0.0) == 1000
    assert budget.take(50, 0.0) == 0
    assert budget.take(500, 2.0) == 200
    assert budget.take(80, 2.5) == 50
    assert budget.take(5000, 3600.0) == 1000


def test_a_sample_is_spread_and_says_what_is_missing() -> None:
    *found, notice, _ = [line.text for line in sample_lines(printed(1000), 23)][:5]
    assert found == ["line 0", "line 326", "line 652"]
    assert notice == "[penstock] 977 of 1000 lines are left out: the pod prints more than it may"


def test_what_was_printed_last_is_whole() -> None:
    assert sample_lines(printed(20), 0) == printed(20)
    assert sample_lines(printed(5000), 0)[1:] == printed(5000)[-20:]


def test_output_that_was_gone_before_it_was_read_is_said_to_be() -> None:
    (notice,) = gap_notice(LogPosition(0, 5), printed(3)[1:])
    assert (notice.position, notice.end) == (LogPosition(0, 5), 10)
    assert notice.text == "[penstock] 5 bytes are lost: the pod printed them faster than they could be sent on"
    assert gap_notice(LogPosition(0, 10), printed(3)[1:]) == gap_notice(LogPosition(0, 0), printed(3, run=1)) == []
    assert gap_notice(LogPosition(0, 0), []) == []


@given(st.integers(0, 300), st.integers(0, 300))
def test_it_goes_on_where_the_lines_ended_and_no_place_is_taken_twice(number: int, allowed: int) -> None:
    lines = printed(number)
    found = sample_lines(lines, allowed)
    assert len({line.position for line in found}) == len(found) <= max(allowed, 20) + 1
    assert [line.position.offset for line in found] == sorted(line.position.offset for line in found)
    assert {line.position for line in found} <= {line.position for line in lines}
    assert not found or found[-1].end == lines[-1].end
