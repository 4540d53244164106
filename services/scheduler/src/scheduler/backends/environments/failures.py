"""Failures of uv, explained to the owner of a model."""

from __future__ import annotations

import re
from pathlib import Path

from scheduler.backends.errors import PreparationFailed
from scheduler.domain.requirements.comparison import minor_of

REASON = "EnvironmentFailed"
_NO_WHEEL = re.compile(
    r"(?P<pin>[A-Za-z0-9][\w.-]*(?:\[[\w,-]+\])?==[\w.!+]+) has no (?:usable )?wheels?"
    r"|no (?:usable )?wheels?[^`]*for `?(?P<name>[A-Za-z0-9][\w.=-]*)"
)
_AWAY = ("client error (Connect)", "dns error", "error sending request", "timed out", "operation timed out",
         "connection closed", "Connection refused", "Connection reset", "Failed to fetch", "Failed to download",
         "status code 5", "503 Service Unavailable", "502 Bad Gateway", "429 Too Many Requests")  # fmt: skip
_FINAL = ("(401 ", "(403 ", "(404 ", "401 Unauthorized", "403 Forbidden", "404 Not Found", "Hash mismatch")
_NO_PYTHON = ("No interpreter found", "Failed to download https://github.com", "github.com/astral-sh/python-build")
_NEEDS_BUILDING = ("building from source is disabled", "Building source distributions is disabled",
                   "has no usable wheels", "no usable wheels", "`--no-build`", "only-binary")  # fmt: skip
_MARKS = " ×│╰─▶├"
_LEAST = 1200


def needs_source_build(said: str) -> bool:
    """Whether the step failed only because it was not allowed to build a package from source."""
    return any(words in said for words in _NEEDS_BUILDING)


def failure_of(said: str, python: str) -> PreparationFailed:
    """The failure that uv's words describe, under Python `python`."""
    minor = minor_of(python)
    words = _words(said)
    is_away = any(each in said for each in _AWAY) and not any(each in said for each in _FINAL)
    if any(each in said for each in _NO_PYTHON):
        return PreparationFailed(  # uv has tried four times already
            REASON,
            f"Python {minor}, which the model asks for, is not on this machine, and uv could not download it from "
            f"GitHub ({words.rpartition('cause: ')[2]}): install it there, or log the model with another",
            is_permanent=True,
        )
    if (found := _NO_WHEEL.search(said)) and not is_away:
        pin = found["pin"] or found["name"]
        return PreparationFailed(REASON, f"{pin} has no wheel for Python {minor}: {words}", is_permanent=True)
    return PreparationFailed(
        REASON, f"the requirements cannot be installed in Python {minor}: {words}", is_permanent=not is_away
    )


def output_since(output: Path, start: int) -> str:
    """What was added to a file since it had `start` bytes."""
    with output.open("rb") as file:
        file.seek(start)
        return file.read().decode(errors="replace")


def size_of(output: Path) -> int:
    """Bytes of a file; 0 where it does not exist yet."""
    return output.stat().st_size if output.exists() else 0


def _words(said: str) -> str:
    """The explanation in one line: from uv's first cause on, without paths of the build."""
    lines = [line.strip(_MARKS) for line in said.splitlines()]
    lines = [line for line in lines if line and not line.startswith(("Using ", "Resolved ", "warning: ", "Creating "))]
    text = re.sub(r"\S*/\.building-[^\s/`]+/", "", " ".join(lines))
    return text[:_LEAST]
