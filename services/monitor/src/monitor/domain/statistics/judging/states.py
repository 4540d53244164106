"""States of a rule in a window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

State = Literal["ok", "warning", "critical", "insufficient_data", "error"]


def of_windows(states: Sequence[State], needed: int, of: int) -> State:
    """The state over the last `of` windows, the newest last: a level holds once `needed` of them reach it.

    Windows of insufficient data or with errors are passed over, not counted as ok. The newest window decides where it
    has insufficient data or an error itself.
    """
    raise NotImplementedError
