"""What goes wrong between this backend and a container engine.

EngineError
├── EngineAway        nothing answers at its socket; the same call may succeed later
├── EngineUnsuited    it answers, and cannot be worked with: its API is too old, or too new
└── EngineRefused     it answered with an error; `status` says of which kind
"""

from __future__ import annotations

NOT_FOUND, NOT_MODIFIED, CONFLICT = 404, 304, 409


class EngineError(Exception):
    """`message` is one sentence for people."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class EngineAway(EngineError):
    """Nothing answers at the engine's socket."""


class EngineUnsuited(EngineError):
    """The engine's API cannot be worked with."""


class EngineRefused(EngineError):
    """The engine answered with an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
