"""Counts of the request log on disk: nothing is lost with the writer, and what is told of them only grows."""

from __future__ import annotations

from pathlib import Path

import pytest

from router.spool import counts
from router.spool.counts import MINUTE_NS, CountsWriter, read_counts

MINUTE = 29_000_000
NOW = MINUTE * MINUTE_NS + 5


def told(folder: Path) -> dict[tuple[int, str], dict[str, int]]:
    """(minute, service) → outcome → count, over all files."""
    found: dict[tuple[int, str], dict[str, int]] = {}
    for file in read_counts(folder):
        for counted in file.services:
            sums = found.setdefault((counted.minute, counted.service), {})
            for outcome, count in counted.counts.items():
                sums[outcome] = sums.get(outcome, 0) + count
    return found


def full(_: Path) -> None:
    raise OSError(28, "No space left on device")


def opened(folder: Path) -> CountsWriter:
    writer = CountsWriter(folder)
    writer.open()
    return writer


def test_counts_are_on_disk_at_once_and_go_on_after_a_kill(tmp_path: Path) -> None:
    killed = opened(tmp_path)
    for _ in range(3):
        killed.count("wine", NOW, None)
    killed.count("wine", NOW, "not_sampled")
    killed.count("tea", NOW + MINUTE_NS, None)
    expected = {(MINUTE, "wine"): {"logged": 3, "not_sampled": 1}, (MINUTE + 1, "tea"): {"logged": 1}}
    assert told(tmp_path) == expected

    writer = opened(tmp_path)
    assert all(file.is_closed for file in read_counts(tmp_path))
    writer.count("wine", NOW, None)
    expected[MINUTE, "wine"]["logged"] = 4
    assert told(tmp_path) == expected
    assert len({counted.source for file in read_counts(tmp_path) for counted in file.services}) == 3


def test_a_minute_is_closed_when_it_is_over_and_what_ends_late_is_another_files(tmp_path: Path) -> None:
    writer = opened(tmp_path)
    writer.count("wine", NOW, None)
    writer.tidy(NOW + MINUTE_NS)
    assert [file.is_closed for file in read_counts(tmp_path)] == [False]
    writer.tidy(NOW + 3 * MINUTE_NS)
    assert [file.is_closed for file in read_counts(tmp_path)] == [True]
    writer.count("wine", NOW, "spool_full")
    assert sorted(file.is_closed for file in read_counts(tmp_path)) == [False, True]
    writer.close()
    assert told(tmp_path) == {(MINUTE, "wine"): {"logged": 1, "spool_full": 1}}
    for file in read_counts(tmp_path):
        file.remove()
    assert told(tmp_path) == {}


def test_many_services_have_several_files_and_each_of_them_one_place(tmp_path: Path) -> None:
    writer = opened(tmp_path)
    for turn in range(2):
        for place in range(700):
            writer.count(f"s{place}", NOW + turn, None)
    writer.close()
    assert sorted(len(file.services) for file in read_counts(tmp_path)) == [700 - 512, 512]
    assert {service: counted for (_, service), counted in told(tmp_path).items()} == {
        f"s{place}": {"logged": 2} for place in range(700)
    }


def test_a_full_disk_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = opened(tmp_path)
    monkeypatch.setattr(counts, "_allocate", full)
    writer.count("wine", NOW, "spool_full")
    writer.count("wine", NOW, "spool_full")
    monkeypatch.undo()
    assert told(tmp_path) == {}
    writer.tidy(NOW + 2_000_000_000)
    assert told(tmp_path) == {(MINUTE, "wine"): {"spool_full": 2}}


def test_what_a_full_disk_kept_in_memory_adds_up_with_what_comes_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = opened(tmp_path)
    monkeypatch.setattr(counts, "_allocate", full)
    writer.count("wine", NOW, None)
    monkeypatch.undo()
    for _ in range(3):
        writer.count("wine", NOW + 2_000_000_000, None)
    writer.tidy(NOW + 3_000_000_000)
    assert told(tmp_path) == {(MINUTE, "wine"): {"logged": 4}}


def test_what_is_no_file_of_counts_is_left_alone(tmp_path: Path) -> None:
    for name in ("notes-1.counts", "5-x.counts", "readme"):
        (tmp_path / name).write_text("hello")
    (tmp_path / "5-01890000-0000-7000-8000-000000000000.counts").write_bytes(b"\0" * 10)
    assert told(tmp_path) == {}
