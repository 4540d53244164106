"""Keeping to the sizes that receivers take: whole items first, characters last, never half a character."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Built = TypeVar("Built")


def plain(text: str, most: int) -> str:
    """One line of visible characters, at most `most` of them.

    Not visible are controls, direction overrides, zero-width marks, lone surrogates and line separators: all that
    `str.isprintable` denies.
    """
    start = text[: 4 * most]
    visible = start if start.isprintable() else "".join(each if each.isprintable() else " " for each in start)
    line = " ".join(visible.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def cut_bytes(text: str, limit: int) -> str:
    """At most `limit` bytes of UTF-8, cut between characters and marked with `…`."""
    raw = text.encode(errors="replace")
    if len(raw) <= limit:
        return raw.decode()
    return raw[: limit - 3].decode(errors="ignore") + "…"


def most_that_fits(build: Callable[[int], Built], count: int, size: Callable[[Built], int], limit: int) -> Built:
    """`build(k)` for the largest `k` up to `count` whose size is within the limit; `build(0)` where none is.

    Sizes grow with `k`, so that few are built: 1,000 alerts take eleven.
    """
    built = build(count)
    if size(built) <= limit:
        return built
    low, high = 0, count - 1
    while low < high:
        middle = (low + high + 1) // 2
        if size(build(middle)) <= limit:
            low = middle
        else:
            high = middle - 1
    return build(max(low, 0))
