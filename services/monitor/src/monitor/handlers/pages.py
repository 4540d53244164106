"""Pages of answers: as many entries as a message of the bus takes, however much each of them holds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from shared.contracts.base import Contract

MOST_BYTES = 768 * 1024
"""Of the entries as JSON; the bus takes messages of up to 1 MiB."""

Entry = TypeVar("Entry", bound=Contract)


def page_of(entries: Iterable[Entry], most_bytes: int = MOST_BYTES) -> tuple[Entry, ...]:
    """The first of them that fit, one at least: the next page begins behind the last of these."""
    found: list[Entry] = []
    size = 0
    for entry in entries:
        size += len(entry.model_dump_json().encode()) + 1
        if found and size > most_bytes:
            break
        found.append(entry)
    return tuple(found)
