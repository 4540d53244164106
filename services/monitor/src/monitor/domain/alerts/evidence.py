"""Evidence of a bounded size: it travels in events, which the bus takes up to 1 MiB, and lies in each delivery."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

MOST_CHARACTERS = 32_768
LONGEST_TEXT = 2_000
OMITTED = "…"


def bounded_text(text: str, limit: int = LONGEST_TEXT) -> str:
    """The text, or its beginning."""
    return text if len(text) <= limit else text[: limit - 1] + OMITTED


def bounded_evidence(evidence: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON would give it back, texts cut; where that is still too much, its largest values are left out."""
    found: dict[str, Any] = {name: _bounded(value) for name, value in evidence.items()}
    sizes = {name: len(json.dumps(value, ensure_ascii=False)) for name, value in found.items()}
    for name in sorted(sizes, key=lambda name: sizes[name], reverse=True):
        if sum(sizes.values()) <= MOST_CHARACTERS:
            break
        found[name], sizes[name] = OMITTED, 1
    return found


def _bounded(value: Any) -> Any:
    if isinstance(value, str):
        return bounded_text(value)
    if isinstance(value, Mapping):
        return {str(name): _bounded(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_bounded(item) for item in value]
    return value
