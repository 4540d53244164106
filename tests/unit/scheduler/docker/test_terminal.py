"""Bytes of a session as an engine sends them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from scheduler.backends.docker.engine.client import Engine
from scheduler.backends.docker.engine.log_frames import HEADER
from scheduler.backends.docker.runs.terminal import MAX_PIECE, ContainerTerminal, exit_of
from scheduler.domain.ports import TerminalOutput
from shared.errors import InvalidInput


class Pieces:
    """A connection that gives these bytes, then ends."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = [*pieces, b""]

    async def read(self, limit: int) -> bytes:
        return self._pieces.pop(0)


def terminal(*pieces: bytes, tty: bool) -> ContainerTerminal:
    engine = Engine("unix:///s", httpx.MockTransport(lambda _: httpx.Response(404, json={"message": "gone"})))
    found: Any = ContainerTerminal(engine, "c", "s", "e", tty=tty)
    found._stream = Pieces(*pieces)
    return found  # type: ignore[no-any-return]


async def everything(session: ContainerTerminal) -> list[TerminalOutput]:
    found = []
    while (piece := await session.read()) is not None:
        found.append(piece)
    return found


async def test_with_a_terminal_bytes_are_handed_on_as_they_come() -> None:
    assert await everything(terminal(b"\x01\x00", b"ab", tty=True)) == [
        TerminalOutput("stdout", b"\x01\x00"),
        TerminalOutput("stdout", b"ab"),
    ]


async def test_without_one_streams_are_told_apart_however_they_arrive() -> None:
    content = HEADER.pack(1, 3) + b"out" + HEADER.pack(2, 3) + b"err"
    for size in (1, 5, 100):
        pieces = [content[at : at + size] for at in range(0, len(content), size)]
        assert await everything(terminal(*pieces, tty=False)) == [
            TerminalOutput("stdout", b"out"),
            TerminalOutput("stderr", b"err"),
        ]


async def test_a_long_frame_is_handed_on_in_pieces() -> None:
    content = b"x" * (MAX_PIECE + 5)
    found = await everything(terminal(HEADER.pack(2, len(content)) + content, tty=False))
    assert [(piece.stream, len(piece.data)) for piece in found] == [("stderr", MAX_PIECE), ("stderr", 5)]


async def test_an_engine_that_does_not_know_the_session_any_more_knows_no_exit() -> None:
    session = terminal(tty=True)
    assert (await session.wait()).describe() == "exit status unknown"
    await session.close()
    await session.close()
    assert await session.read() is None


class ExecAnswers:
    """What an engine says of an exec, one answer after the other; the last one for ever."""

    def __init__(self, *states: dict[str, Any]) -> None:
        self._states = list(states)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/version":
            return httpx.Response(200, json={"ApiVersion": "1.41", "MinAPIVersion": "1.12"})
        return httpx.Response(200, json=self._states.pop(0) if len(self._states) > 1 else self._states[0])


async def test_a_command_that_cannot_be_executed_is_refused_also_where_the_engine_is_still_at_it() -> None:
    answers = ExecAnswers({"Running": True, "ExitCode": None, "Pid": 0}, {"Running": False, "ExitCode": 126, "Pid": 0})
    session: Any = ContainerTerminal(Engine("unix:///s", httpx.MockTransport(answers)), "c", "s", "e", tty=True)
    session._stream = Pieces(b"permission denied")
    with pytest.raises(InvalidInput, match="cannot be executed: permission denied"):
        await session._check_start()


@pytest.mark.parametrize(
    ("code", "words"), [(0, "exit code 0"), (3, "exit code 3"), (129, "killed by SIGHUP"), (137, "killed by SIGKILL")]
)
def test_how_a_command_ended(code: int, words: str) -> None:
    assert exit_of(code).describe() == words
