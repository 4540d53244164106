"""Tables for people: nothing that somebody has to copy is cut short, whatever the width of the terminal."""

from __future__ import annotations

import contextlib
import io
import os
import pty
import re
import subprocess
import sys
from typing import Any

import pytest
from rich.cells import cell_len

from penstock.cli import app
from penstock.commands.cli.output import Format, show_all, show_one
from penstock.commands.services.request import show_rows
from servers.scripted_api import ScriptedApi

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


ROW = {
    "request_time": "2026-11-26T11:19:43.5Z", "status_code": 200, "version": "v1", "execution_duration_ms": 12.5,
    "client_request_id": KEY, "request": '{"inputs": ' + "1" * 3000 + "}", "response": "{}",
}  # fmt: skip
LINE = {
    "id": KEY, "at": "2026-11-26T11:19:43.5Z", "actor": "admin", "operation": "edit_version", "action": "updated",
    "resource_kind": "version", "resource_name": "wine-quality/v1",
    "before": {"model_version": "1", "runtime": {"x": "y" * 2500}}, "after": {"model_version": "2", "runtime": None},
}  # fmt: skip
VERSION = {
    "name": "v1", "status": "running", "model_source": {"model": "wine_quality", "version": "12"}, "ready_replicas": 1,
    "desired_replicas": 1, "traffic_weight": 100, "reason": "RolledBack", "created_at": "2026-11-26T11:19:43.5Z",
    "check": {"example": {"status": "failed"}, "row_wise": False, "row_wise_reason": "dependent"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("command", "answer", "heads"),
    [
        (("tables", "rows", "wine.payload"), ROW, ["REQUEST_TIME", "STATUS", "VERSION", "MS", "REQUEST"]),
        (("versions", "list", "shop"), VERSION, ["NAME", "STATUS", "MODEL", "PODS", "TRAFFIC", "CHECK", "REASON"]),
        (("audit",), LINE, ["AT", "ACTOR", "KIND", "NAME", "CHANGE"]),
    ],
)
def test_at_80_columns_the_columns_that_say_most_are_left(
    monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], answer: dict[str, Any], heads: list[str]
) -> None:
    lines = printed(monkeypatch, command, answer)
    assert lines[0].split()[: len(heads)] == heads
    assert max(map(len, lines)) <= 80
    assert len(lines) < 15
    assert len(printed(monkeypatch, (*command, "-o", "wide"), answer)[0]) > len(lines[0])


def printed(monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], item: dict[str, Any]) -> list[str]:
    """What a command shows of one item, on a terminal of 80 columns."""
    routes = ("GET /audit", "GET /inference-tables/wine.payload/rows", "GET /services/shop/versions")
    with ScriptedApi({route: [{"items": [item]}] for route in routes}) as api:
        wanted = {"COLUMNS": "80", "TERM": "xterm", "NO_COLOR": "1", "PENSTOCK_URL": api.url, "PENSTOCK_TOKEN": "t"}
        for name, value in wanted.items():
            monkeypatch.setenv(name, value)
        with contextlib.redirect_stdout(Terminal()) as screen:
            app(command, standalone_mode=False)
    return re.sub(r"\x1b\[\d*m", "", screen.getvalue()).splitlines()


def test_in_a_pipe_a_long_cell_does_not_widen_the_other_lines(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"name": "a", "message": "m" * 3000, "tags": ["x", "y"]}, {"name": "bb", "message": "short", "tags": []}]
    show_all(rows, ("name", "tags", "message"), Format.TABLE)
    head, long, short = capsys.readouterr().out.splitlines()
    assert (head, short) == ("NAME  TAGS  MESSAGE", "bb          short")
    assert long == f"a     x, y  {'m' * 3000}"


def test_a_list_has_the_beginning_of_a_long_description_and_wide_and_json_all_of_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [{"name": "risk", "description": "Kept for\n" + "scoring " * 500, "created_at": "2026-11-26T11:19:43Z"}]
    for output in Format:
        show_all(rows, tuple(rows[0]), output)
        last = capsys.readouterr().out.splitlines()[-1]
        assert ("Kept for scoring" in last and len(last) < 120) is (output is Format.TABLE), output
        assert ("scoring " * 400 in last) is (output is not Format.TABLE), output


def test_a_short_description_is_whole_in_a_list(capsys: pytest.CaptureFixture[str]) -> None:
    show_all([{"description": "x" * 80}], ("description",), Format.TABLE)
    assert capsys.readouterr().out.splitlines()[-1] == "x" * 80


def test_lists_are_indented_below_their_field(capsys: pytest.CaptureFixture[str]) -> None:
    show_one({"requirements": ["mlflow", "pandas"], "name": "x"}, ("requirements", "name"), Format.TABLE)
    assert capsys.readouterr().out == f"requirements       mlflow\n{' ' * 19}pandas\nname               x\n"


def test_tables_are_only_purged_once_a_person_has_said_yes() -> None:
    env = os.environ | {"PENSTOCK_TOKEN": "t"}
    ours, theirs = pty.openpty()
    with ScriptedApi({"DELETE /services/shop": [{}]}) as api:
        command = [sys.executable, "-m", "penstock", "services", "delete", "shop", "--purge-tables"]
        os.write(ours, b"n\n")
        env["PENSTOCK_URL"] = api.url
        asked = subprocess.run(command, stdin=theirs, capture_output=True, text=True, env=env, check=False, timeout=60)
        assert (asked.returncode, api.asked) == (1, [])
        assert "all that its inference tables recorded, for good?" in asked.stderr
        subprocess.run([*command, "--yes"], stdin=theirs, capture_output=True, env=env, check=True, timeout=60)
        assert [route for route, _ in api.asked] == ["DELETE /services/shop"]
    os.close(ours)
    os.close(theirs)


def test_inferences_of_a_request_show_what_differs_from_row_to_row(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"request_id": "r", "row_index": index, "error": None, "alcohol": 9.5, "prediction": index} for index in (0, 1)
    ]
    show_rows("inferences", rows, Format.TABLE)
    assert capsys.readouterr().out.split("\n") == [
        *("", "inferences", "ROW_INDEX  ALCOHOL  PREDICTION", "0          9.5      0", "1          9.5      1", "")
    ]
    show_rows("labelled", [], Format.TABLE)
    assert capsys.readouterr().out == ""
