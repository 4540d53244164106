"""What a check found: ok, a warning, or failed, with the way out."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Level = Literal["ok", "warning", "failed"]


@dataclass(frozen=True)
class Finding:
    """One line of the examination."""

    check: str
    level: Level
    text: str
    way_out: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)


def ok(check: str, text: str) -> Finding:
    """All is well."""
    return Finding(check, "ok", text)


def warning(check: str, text: str, way_out: str) -> Finding:
    """It works, and will not for ever."""
    return Finding(check, "warning", text, way_out)


def failed(check: str, text: str, way_out: str) -> Finding:
    """It does not work."""
    return Finding(check, "failed", text, way_out)
