"""Frames of a session inside a pod, as its WebSocket carries them: binary, the first byte is the channel.

0 stdin, 1 stdout, 2 stderr, 3 status (JSON), 4 resize (JSON: `rows`, `columns`), 255 the input ends (one byte more: 0,
as in Kubernetes' v5 protocol). The first message of a connection is a text: `{"ticket": "…"}`. A page cannot stop its
browser from reading: it adds `"credit": true`, and then gets no more than a window of output, of which it says what it
has shown: 16, and four bytes, how many bytes more.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from shared.contracts.terminals import TerminalExit, TerminalFrame, TerminalSize
from shared.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    LimitExceeded,
    NotFound,
    PenstockError,
    Unauthenticated,
)

MOST_FRAME_BYTES = 64 * 1024
ENDED, RESTARTING, TIMED_OUT, UNAVAILABLE = 1000, 1012, 4408, 4503
_CODES: dict[type[PenstockError], int] = {
    InvalidInput: 4400,
    Unauthenticated: 4401,
    Forbidden: 4403,
    NotFound: 4404,
    Conflict: 4409,
    LimitExceeded: 4429,
}
_FROM_PEOPLE = frozenset({TerminalFrame.STDIN, TerminalFrame.RESIZE, TerminalFrame.END, TerminalFrame.CREDIT})
_COUNT = struct.Struct(">I")


@dataclass(frozen=True)
class SessionEnd:
    """How a session ended: the code that its connection is closed with, and the last status."""

    code: int
    exit: TerminalExit = field(default_factory=TerminalExit)

    def frame(self) -> bytes:
        """The last frame."""
        return status_frame(
            status="ended", exit_code=self.exit.code, signal=self.exit.signal, message=self.exit.message
        )


def close_code(error: PenstockError) -> int:
    """The code of a connection that is closed for this error."""
    return next((code for kind, code in _CODES.items() if isinstance(error, kind)), UNAVAILABLE)


def end_of(error: PenstockError) -> SessionEnd:
    """The end that an error brings."""
    return SessionEnd(close_code(error), TerminalExit(message=error.message))


def status_frame(**what: Any) -> bytes:
    """A frame of channel 3."""
    return bytes([TerminalFrame.STATUS]) + json.dumps(what).encode()


def refusal_frame(error: PenstockError) -> bytes:
    """Why there is no session."""
    return status_frame(status="refused", error_code=error.code, message=error.message)


def first_message(text: str) -> tuple[str, bool]:
    """The ticket, and whether output is bounded by the client's credit. Raises `Unauthenticated`."""
    try:
        said = json.loads(text)
        ticket, has_credit = said["ticket"], said.get("credit", False) is True
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        ticket, has_credit = None, False
    if not isinstance(ticket, str) or not 0 < len(ticket) <= 128:
        raise Unauthenticated('The first message is {"ticket": "…"}')
    return ticket, has_credit


def count_of(payload: bytes) -> int:
    """How many bytes more a client has shown. Raises `InvalidInput`."""
    if len(payload) != _COUNT.size:
        raise InvalidInput("A credit is four bytes")
    count: int = _COUNT.unpack(payload)[0]
    return count


def parse_frame(data: bytes) -> tuple[TerminalFrame, bytes]:
    """Channel and payload of what a client sends. Raises `InvalidInput`."""
    try:
        kind = TerminalFrame(data[0])
    except (IndexError, ValueError):
        kind = TerminalFrame.CLOSE
    if kind not in _FROM_PEOPLE:
        raise InvalidInput(
            "A frame is binary and begins with its channel: 0 (input), 4 (size), 16 (credit) or 255 (end)"
        )
    if kind is TerminalFrame.RESIZE:
        try:
            TerminalSize.model_validate_json(data[1:])
        except ValidationError as error:
            raise InvalidInput('A size is {"rows": 1 to 1000, "columns": 1 to 1000}') from error
    return kind, data[1:]
