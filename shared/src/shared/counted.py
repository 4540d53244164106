"""Counted things in sentences for people: `1 core`, `2 cores`, `0.5 cores`."""

from __future__ import annotations


def counted(count: float, one: str) -> str:
    """So many of what one of is called `one`."""
    shown = str(count) if isinstance(count, int) else f"{count:g}"
    return f"{shown} {one}{'' if count == 1 else 's'}"
