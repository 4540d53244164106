from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from scheduler.backends.lifecycle.folders.output import LONGEST_LINE, MOST_LINES, read_lines, tail
from scheduler.backends.lifecycle.folders.run_folder import RunFolder
from scheduler.domain.values import LogPosition, OutputLine
from scheduler.handlers.output import MAX_BYTES, MAX_LINES, batch_lines, split_request_id


def run_with(folder: Path, content: bytes) -> RunFolder:
    run = RunFolder(folder / "run-0", 0)
    run.make()
    run.output.write_bytes(content)
    return run


def test_an_unfinished_line_waits_for_its_end(tmp_path: Path) -> None:
    run = run_with(tmp_path, b"one\ntwo")
    assert [line.text for line in read_lines(run, 0, is_over=False)] == ["one"]
    assert [line.text for line in read_lines(run, 0, is_over=True)] == ["one", "two"]
    assert read_lines(run, 7, is_over=True) == []


def test_a_line_without_end_comes_in_pieces(tmp_path: Path) -> None:
    run = run_with(tmp_path, b"x" * (LONGEST_LINE * 2 + 5))
    lines = read_lines(run, 0, is_over=False)
    assert [line.end - line.position.offset for line in lines] == [LONGEST_LINE, LONGEST_LINE]


def test_bytes_that_are_no_text_do_not_stop_the_log(tmp_path: Path) -> None:
    run = run_with(tmp_path, b"caf\xe9\r\n\xff\n")
    assert [line.text for line in read_lines(run, 0, is_over=False)] == ["caf\ufffd", "\ufffd"]


def test_offsets_go_on_after_the_file_was_emptied(tmp_path: Path) -> None:
    run = run_with(tmp_path, b"new\n")
    (run.path / "base.json").write_text('{"base": 1000}')
    (line,) = read_lines(run, 10, is_over=False)
    assert (line.position.offset, line.end, line.text) == (1000, 1004, "new")


def test_no_output_is_no_lines(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run-0", 0)
    assert read_lines(run, 0, is_over=True) == []
    assert tail(run) == ()


def test_the_tail_is_the_last_lines_that_say_something(tmp_path: Path) -> None:
    run = run_with(tmp_path, b"".join(b"line %d\n\n" % n for n in range(50)))
    assert tail(run, 3) == ("line 47", "line 48", "line 49")


def lines_of(sizes: list[tuple[int, int]]) -> list[OutputLine]:
    found, offset = [], 0
    for run, size in sorted(sizes):
        found.append(OutputLine(LogPosition(run, offset), offset + size, "x"))
        offset += size
    return found


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 17_000)), max_size=60))
def test_batches_lose_nothing_keep_order_and_bounds(sizes: list[tuple[int, int]]) -> None:
    lines = lines_of(sizes)
    cut = list(batch_lines(lines))
    assert [line for batch in cut for line in batch] == lines
    for batch in cut:
        assert len({line.position.run for line in batch}) == 1
        assert len(batch) <= MAX_LINES
        assert len(batch) == 1 or sum(line.end - line.position.offset for line in batch) <= MAX_BYTES


def test_request_ids_are_taken_off_the_line() -> None:
    assert split_request_id("[request_id=ab-1] hello [x]") == ("ab-1", "hello [x]")
    assert split_request_id("[request_id=] hello") == (None, "[request_id=] hello")
    assert split_request_id("said [request_id=a] later") == (None, "said [request_id=a] later")


def test_of_many_short_lines_so_many_come_at_once(tmp_path: Path) -> None:
    run = run_with(tmp_path, b"\n" * (MOST_LINES * 2 + 1))
    offset, counts = 0, []
    while lines := read_lines(run, offset, is_over=True):
        counts.append(len(lines))
        offset = lines[-1].end
    assert counts == [MOST_LINES, MOST_LINES, 1]
