"""The copy of a container's output has each piece once, whatever breaks in between."""

from __future__ import annotations

from pathlib import Path

from scheduler.backends.docker.engine.log_frames import LogFrame, LogTime
from scheduler.backends.docker.runs.output_copy import OutputCopy
from scheduler.backends.lifecycle.folders.output import read_lines
from scheduler.backends.lifecycle.folders.run_folder import RunFolder

CAP = 1024 * 1024
PRINTED = [
    LogFrame(LogTime(1, 0), b"one\n"),
    LogFrame(LogTime(0, 999_999_999), b"of the other stream\n"),
    LogFrame(LogTime(1, 5), b"two a\n"),
    LogFrame(LogTime(1, 5), b"two b\n"),
    LogFrame(LogTime(1, 5), b"two c\n"),
    LogFrame(LogTime(1, 4), b"two d, of the other stream\n"),
    LogFrame(LogTime(2, 0), b"three\n"),
    LogFrame(LogTime(9, 0), b"four\n"),
    LogFrame(LogTime(8, 999_999_999), b"four, of the other stream\n"),
    LogFrame(LogTime(20, 0), b"five\n"),
]
ALL = b"".join(frame.content for frame in PRINTED)


def run_in(folder: Path) -> RunFolder:
    return RunFolder(folder, 0)


def copied(run: RunFolder, frames: list[LogFrame], cap: int = CAP) -> None:
    """As an engine tells it: in the order of its log, from the cursor's time on, that time included."""
    with OutputCopy(run, cap) as copy:
        for frame in [each for each in frames if each.at >= copy.since]:
            copy.add(frame)


def test_a_copy_goes_on_at_every_piece(tmp_path: Path) -> None:
    for number in range(len(PRINTED) + 1):
        folder = tmp_path / str(number)
        folder.mkdir()
        run = run_in(folder)
        copied(run, PRINTED[:number])
        copied(run, PRINTED)
        assert run.output.read_bytes() == ALL


def test_what_came_after_the_cursor_is_fetched_again_at_the_same_offset(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    copied(run, PRINTED[:5])
    before = (tmp_path / "cursor.json").read_bytes()
    copied(run, PRINTED)
    lines = read_lines(run, 0, is_over=True)
    (tmp_path / "cursor.json").write_bytes(before)  # a scheduler that was killed before it wrote the cursor
    copied(run, PRINTED)
    assert read_lines(run, 0, is_over=True) == lines
    assert run.output.read_bytes() == ALL


def test_the_platform_s_own_lines_stay_before_it(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    run.write_line("building")
    copied(run, [])
    copied(run, PRINTED)
    copied(run, PRINTED)
    assert run.output.read_bytes() == b"[penstock] building\n" + ALL


def test_a_file_that_outgrows_its_cap_is_emptied_and_offsets_go_on(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    copied(run, PRINTED[:-1], cap=10)
    assert run.dropped_bytes() == len(ALL) - len(b"five\n")
    copied(run, PRINTED, cap=10)
    (line,) = read_lines(run, 0, is_over=True)
    assert (line.text, line.end) == ("five", len(ALL))


def test_a_file_that_lost_its_end_lets_offsets_go_on(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    copied(run, PRINTED[:-1])
    run.output.write_bytes(b"")  # the machine was lost: the cursor was on disk, the output was not
    copied(run, PRINTED)
    (line,) = read_lines(run, 0, is_over=True)
    assert (line.text, line.end) == ("five", len(ALL))


def test_a_log_that_was_cut_off_in_front_loses_nothing_more(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    copied(run, PRINTED[:-1])
    copied(run, PRINTED[-1:])  # the engine has dropped all that was copied
    assert run.output.read_bytes() == ALL
