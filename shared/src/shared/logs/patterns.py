"""Regular expressions of callers: RE2's, which take time in proportion to the line, whatever the expression.

Python's own `re` backtracks: `(a+)+$` over forty characters holds a process for minutes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import re2

from shared.errors import Detail, InvalidInput

MAX_LENGTH = 256
_MAX_MEMORY = 1 << 20
"""Bytes of a compiled expression; one that takes more is refused."""
_MATCHER_MEMORY = 64 * 1024
MATCHERS_KEPT = 2048
LINE_EXAMINED = 64 * 1024
"""Characters of a line that are looked at."""


@lru_cache(maxsize=64)
def compile_pattern(pattern: str) -> Callable[[str], bool]:
    """Whether a line has a match of `pattern`. Raises `InvalidInput` for what is no expression, or too large a one."""
    compiled = _compiled(pattern, _MAX_MEMORY)
    return lambda text: compiled.search(text[:LINE_EXAMINED]) is not None


@lru_cache(maxsize=MATCHERS_KEPT)
def compile_matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a label is matched as a whole. Raises `InvalidInput` for what is no expression, or too large a one.

    There may be thousands, all of which are asked about one alert: each is small, and as many as there usually are stay
    compiled.
    """
    compiled = _compiled(pattern, _MATCHER_MEMORY)
    return lambda text: compiled.fullmatch(text[:LINE_EXAMINED]) is not None


def _compiled(pattern: str, max_memory: int) -> Any:
    options = re2.Options()
    options.max_mem = max_memory
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as wrong:
        raise _refusal(wrong) from wrong


def _refusal(wrong: Exception) -> InvalidInput:
    reason = wrong.args[0] if wrong.args else wrong
    told = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
    sentence = f"not a regular expression of RE2 (no look-around, no back-references): {told}"
    return InvalidInput(f"regex: {sentence}", [Detail(("query", "regex"), sentence)])
