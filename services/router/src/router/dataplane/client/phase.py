"""What a caller's connection is at."""

from __future__ import annotations

from enum import Enum


class Phase(Enum):
    """What the connection's deadline is about."""

    IDLE = "idle"
    HEAD = "head"
    BODY = "body"
    ANSWER = "answer"
    CLOSING = "closing"
