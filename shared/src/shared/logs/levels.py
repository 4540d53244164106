"""The level of a printed line, where Python's `logging` or what formats like it wrote one; nothing is guessed.

Read are a level at the start of the line (`WARNING:root:…`, `[INFO] …`), behind a time and up to three words (logger,
process, thread), in a JSON object, and the letters of absl (`W0501 12:00:00.000000 …`). The lines of a traceback have
no level.
"""

from __future__ import annotations

import re
from typing import Literal, get_args

Level = Literal["error", "warning", "info", "debug"]
LEVELS: tuple[Level, ...] = get_args(Level)

_NAMES: dict[str, Level] = {
    "CRITICAL": "error", "FATAL": "error", "ERROR": "error", "WARNING": "warning", "WARN": "warning",
    "INFO": "info", "NOTICE": "info", "SUCCESS": "info", "DEBUG": "debug", "TRACE": "debug",
}  # fmt: skip
_LETTERS: dict[str, Level] = {"F": "error", "E": "error", "W": "warning", "I": "info", "D": "debug"}
_EXAMINED = 256
"""Characters at the start of a line in which a level is looked for; of a JSON object so many times `_JSON_FACTOR`."""
_JSON_FACTOR = 16
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_ANY = "|".join(_NAMES)
_BETWEEN = r"[\s|:()\[\]<>-]+"
_DATE = r"(?:\d{4}[-/]\d\d[-/]\d\d|\d\d/\d\d/\d\d(?:\d\d)?)"
_TIME = r"\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?"
_AT_START = re.compile(rf"[\[(<]?\s*({_ANY})(?=[\s:|\])>-]|$)")
_AFTER_TIME = re.compile(
    rf"[\[(<]?(?:{_DATE}[ T])?{_TIME}(?:{_BETWEEN}[\w.+/]+){{0,3}}?{_BETWEEN}({_ANY})(?=[\s:|\])>-]|$)"
)
_LETTER = re.compile(r"([FEWID])\d{4} \d\d:\d\d:\d\d\.\d+\s")
_IN_JSON = re.compile(r'"(?:level|levelname|log\.level|severity)"\s*:\s*"([A-Za-z]{4,8})"')


def level_of(text: str) -> Level | None:
    """The level that a line says it has; None where it says none."""
    if text.startswith("{"):
        found = _IN_JSON.search(text[: _EXAMINED * _JSON_FACTOR])
        return _NAMES.get(found[1].upper()) if found else None
    start = text[:_EXAMINED]
    if "\x1b" in start:
        start = _COLOUR.sub("", start)
    if letter := _LETTER.match(start):
        return _LETTERS[letter[1]]
    named = _AT_START.match(start) or _AFTER_TIME.match(start)
    return _NAMES[named[1]] if named else None
