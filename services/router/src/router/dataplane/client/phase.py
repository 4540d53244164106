"""The phases of a client's connection."""

from __future__ import annotations

from enum import Enum


class Phase(Enum):
    """What the connection's deadline applies to."""

    IDLE = "idle"
    HEAD = "head"
    BODY = "body"
    ANSWER = "answer"
    CLOSING = "closing"
