"""Tables for people: nothing that somebody has to copy is cut short, whatever the width of the terminal."""

from __future__ import annotations

import contextlib
import io
import re

import pytest
from rich.cells import cell_len

from penstock.commands.output import Format, show_all, show_one

KEY = "01a21795-30bb-7733-a6e6-a1ecc4829464"
LONG = "wine-" + "x" * 100


class Terminal(io.StringIO):
    """A terminal that keeps what it was shown."""

    def isatty(self) -> bool:
        return True


def shown(monkeypatch: pytest.MonkeyPatch, width: int, rows: list[dict[str, str]]) -> list[str]:
    """The lines of a table on a terminal so wide, without the bold of its head."""
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    with contextlib.redirect_stdout(Terminal()) as screen:
        show_all(rows, tuple(rows[0]), Format.TABLE)
    return re.sub(r"\x1b\[\d*m", "", screen.getvalue()).splitlines()


def test_on_a_narrow_terminal_the_last_columns_go_and_nothing_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    row = {"id": KEY, "name": "ci", "prefix": "6e816ab9", "creator": "admin", "created_at": "2026-11-26T11:19:43.5Z"}
    head, line = shown(monkeypatch, 80, [row])
    assert head.split() == ["ID", "NAME", "PREFIX", "CREATOR"]
    assert line.split() == [KEY, "ci", "6e816ab9", "admin"]


def test_a_wide_one_has_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    _, line = shown(monkeypatch, 200, [{"id": KEY, "created_at": "2026-11-26T11:19:43.5Z"}])
    assert line.split() == [KEY, "2026-11-26T11:19:43Z"]


def test_a_name_that_is_wider_than_the_terminal_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(monkeypatch, 80, [{"name": LONG, "status": "running"}])
    assert LONG in lines[1]


def test_prose_wraps_and_what_would_steer_the_terminal_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    said = "品质 " * 30 + "\x1b[2J end"
    lines = shown(monkeypatch, 80, [{"name": "wine", "message": said}])
    assert len(lines) > 2
    assert max(cell_len(line) for line in lines) <= 80
    assert "\\x1b[2J" in "".join(lines)


def test_one_resource_steers_no_terminal_either(capsys: pytest.CaptureFixture[str]) -> None:
    show_one({"description": "a\x1b[2Jb"}, ("description",), Format.TABLE)
    assert "a\\x1b[2Jb" in capsys.readouterr().out


def test_in_a_pipe_all_columns_are_there(capsys: pytest.CaptureFixture[str]) -> None:
    columns = ("name", "url", "status", "created_at", "creator", "project")
    show_all([dict.fromkeys(columns, LONG)], columns, Format.TABLE)
    assert capsys.readouterr().out.count(LONG) == len(columns)


def test_what_is_nested_is_shown_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    show_one({"response": {"predictions": [0, 1]}}, ("response",), Format.TABLE)
    assert '{"predictions": [0, 1]}' in capsys.readouterr().out
