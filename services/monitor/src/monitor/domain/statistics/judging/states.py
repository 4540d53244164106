"""States of a rule in a window."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

State = Literal["ok", "warning", "critical", "insufficient_data", "error"]

BY_SEVERITY: tuple[State, ...] = ("critical", "warning", "error", "ok", "insufficient_data")
"""The worst first: what is known to be bad comes before what could not be computed."""
_LEVELS: dict[State, int] = {"ok": 0, "warning": 1, "critical": 2}


def level_of(state: State) -> int | None:
    """0 ok, 1 warning, 2 critical; None: nothing can be said."""
    return _LEVELS.get(state)


def worst_of(states: Iterable[State]) -> State:
    """The first of `BY_SEVERITY` that is there. No states: insufficient data."""
    return min(states, key=BY_SEVERITY.index, default="insufficient_data")


def of_windows(states: Sequence[State], needed: int, of: int) -> State:
    """The state over the last `of` windows, the newest last: a level holds once `needed` of them reach it.

    Windows of insufficient data or with errors are passed over, not counted as ok: the last `of` others count. The
    newest window decides where it has insufficient data or an error itself. ValueError unless 1 ≤ needed ≤ of.
    """
    if not 1 <= needed <= of:
        raise ValueError(f"{needed} of {of} windows cannot be needed")
    if not states:
        return "insufficient_data"
    if level_of(states[-1]) is None:
        return states[-1]
    levels = [level for state in states if (level := level_of(state)) is not None][-of:]
    for state in ("critical", "warning"):
        if sum(level >= _LEVELS[state] for level in levels) >= needed:
            return state
    return "ok"
