"""Tickets, frames and recordings of sessions inside pods."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from controller.api.terminals import frames
from controller.api.terminals.recording import Recording
from controller.domain.services.terminals import (
    TICKET_LIFE,
    ExecTicketRequest,
    TerminalGrant,
    TerminalLimits,
    TerminalTickets,
)
from penstock.client import ServerError
from penstock.client.streams.terminal import TerminalEnd
from penstock.commands.services.exec import exit_status
from shared.contracts.terminals import TerminalExit, TerminalFrame, TerminalSize
from shared.errors import InvalidInput, LimitExceeded, PenstockError, Unauthenticated, Unavailable
from shared.ids import new_id

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
PATH = ("wine", "v1", "wine-v1-0")


async def allowed() -> None:
    return None


def grant(user: str = "ann", source: str = "10.0.0.1") -> TerminalGrant:
    return TerminalGrant(user, *PATH[:2], new_id(), "default", PATH[2], source, ExecTicketRequest(), allowed)


def test_a_ticket_is_redeemed_once_by_who_asked_for_it_in_time() -> None:
    tickets = TerminalTickets()
    wanted = grant()
    ticket, expires_at = tickets.issue(wanted, NOON)
    assert (len(ticket) >= 40, expires_at) == (True, NOON + TICKET_LIFE)
    assert tickets.redeem(ticket, PATH, "10.0.0.1", expires_at - timedelta(seconds=1)) is wanted
    for path, source, at in (
        (PATH, "10.0.0.1", NOON),
        (("wine", "v2", "wine-v1-0"), "10.0.0.1", NOON),
        (PATH, "10.0.0.2", NOON),
        (PATH, "10.0.0.1", NOON + TICKET_LIFE),
    ):
        fresh = ticket if (path, source, at) == (PATH, "10.0.0.1", NOON) else tickets.issue(grant(), NOON)[0]
        for _ in range(2):  # what it is no good for has used it up
            with pytest.raises(Unauthenticated):
                tickets.redeem(fresh, path, source, at)


def test_a_user_has_so_many_sessions_those_with_a_ticket_among_them() -> None:
    tickets = TerminalTickets(TerminalLimits(sessions_of_user=2))
    with tickets.counted("ann"):
        tickets.issue(grant(), NOON)
        with pytest.raises(LimitExceeded, match="CONTROLLER_TERMINAL_SESSIONS"):
            tickets.issue(grant(), NOON)
        tickets.issue(grant("ben"), NOON)
        tickets.issue(grant(), NOON + TICKET_LIFE)  # the first one has expired
        with tickets.counted("ann"), pytest.raises(LimitExceeded), tickets.counted("ann"):
            pass
    assert not tickets._open


@pytest.mark.parametrize(
    "wrong",
    [{"command": ["a", "\0"]}, {"command": [""]}, {"command": ["x" * 20_000]}, {"command": ["\ud800"]}],
    ids=str,
)
def test_a_command_that_nothing_could_execute_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        ExecTicketRequest.model_validate(wrong)


def test_frames_are_taken_apart_or_refused() -> None:
    assert frames.parse_frame(b"\0\xff\0") == (TerminalFrame.STDIN, b"\xff\0")
    assert frames.parse_frame(b'\4{"rows": 1, "columns": 1000}')[0] is TerminalFrame.RESIZE
    assert frames.parse_frame(b"\xff\0") == (TerminalFrame.END, b"\0")
    for wrong in (b"", b"\1x", b"\3{}", b"\x11", b"\x12bye", b"\x63", b"\4", b'\4{"rows": "9", "columns": 1}'):
        with pytest.raises(InvalidInput):
            frames.parse_frame(wrong)
    assert frames.count_of(b"\0\1\0\0") == 65_536
    with pytest.raises(InvalidInput):
        frames.count_of(b"\1")


def test_the_first_message_is_a_ticket() -> None:
    assert frames.first_message('{"ticket": "t", "credit": true}') == ("t", True)
    assert frames.first_message('{"ticket": "t", "credit": 1}') == ("t", False)
    deep = "[" * 100_000
    for wrong in (
        "",
        "null",
        "[]",
        '"ticket"',
        '{"ticket": null}',
        '{"ticket": ""}',
        json.dumps({"ticket": "x" * 200}),
        deep,
    ):
        with pytest.raises(Unauthenticated):
            frames.first_message(wrong)


def test_every_error_closes_with_a_code_that_says_what_a_status_says() -> None:
    assert frames.close_code(InvalidInput("x")) == 4400
    assert frames.close_code(Unauthenticated("x")) == 4401
    assert frames.close_code(LimitExceeded("x")) == 4429
    assert frames.close_code(Unavailable("x")) == frames.close_code(PenstockError("x")) == 4503
    ended = frames.end_of(Unauthenticated("gone")).frame()
    assert ended[0] == 3
    assert json.loads(ended[1:]) == {"status": "ended", "exit_code": None, "signal": None, "message": "gone"}


def test_a_recording_is_an_asciicast_that_ends_at_its_bound(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "casts", "one", 1000, {"timestamp": 1, "title": "t"}, TerminalSize())
    recording.output(0.5, "é".encode()[:1])
    recording.output(0.6, "é".encode()[1:] + b"\xff\x1b[0m")
    recording.resize(0.7, TerminalSize(rows=3, columns=9))
    for at in range(100):
        recording.output(1.0 + at, b"x" * 50)
    recording.close()
    lines = [json.loads(line) for line in recording.path.read_text().splitlines()]
    assert lines[0] == {"version": 2, "width": 80, "height": 24, "timestamp": 1, "title": "t"}
    assert lines[1] == [0.6, "o", "é\ufffd\x1b[0m"]
    assert lines[2] == [0.7, "r", "9x3"]
    assert "the recording is full" in lines[-1][2]
    assert recording.path.stat().st_size < 1300
    assert recording.path.stat().st_mode & 0o077 == 0


def test_where_a_recording_cannot_begin_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="Not a directory"):
        Recording(tmp_path / "file" / "casts", "one", 1000, {}, TerminalSize())


def test_the_command_line_ends_as_the_command_did() -> None:
    assert exit_status(TerminalEnd(exit_code=7)) == 7
    assert exit_status(TerminalEnd(signal="SIGKILL")) == 137
    with pytest.raises(ServerError, match="the scheduler is gone"):
        exit_status(TerminalEnd(message="the scheduler is gone", code=4503))
    assert TerminalExit(signal="SIGHUP").describe() == "killed by SIGHUP"
