"""Whether a line is one that was searched for: stored ones and those that come live are chosen alike."""

from __future__ import annotations

from dataclasses import dataclass

from shared.logs.levels import Level
from shared.logs.patterns import compile_pattern


@dataclass(frozen=True)
class LineFilter:
    """What a line must have; None and no levels: any."""

    search: str | None = None
    regex: str | None = None
    levels: tuple[Level, ...] = ()
    request_id: str | None = None

    def matches(self, text: str, level: Level | None, request_id: str | None) -> bool:
        """Whether a line is one of them. Raises `InvalidInput` for a wrong expression."""
        return (
            (not self.levels or level in self.levels)
            and (self.request_id is None or self.request_id in (request_id or "").split(","))
            and (self.search is None or self.search.lower() in text.lower())
            and (self.regex is None or compile_pattern(self.regex)(text))
        )
