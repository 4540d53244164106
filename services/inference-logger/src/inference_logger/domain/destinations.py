"""Where a table may not lie: inside another table, or around one. Pure decisions on paths whose links are resolved."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

LOG_FOLDER = "_delta_log"


def why_refused(location: str, others: Iterable[str], *, is_listed: bool) -> str | None:
    """Why no table may be at `location`; None when it may.

    `others`: locations of the tables that are known, each `<root>/<service>/<kind>`. `is_listed`: the catalogue names
    this table already, so that a younger one around it cannot drive it out; inside another table it cannot stay.
    """
    path = PurePosixPath(location)
    if LOG_FOLDER in path.parts:
        return f"{location} lies inside the log of a Delta table"
    for other in others:
        known = PurePosixPath(other)
        if known != path and path.is_relative_to(known):
            return f"{location} lies inside the table at {other}"
        if not is_listed and path.parent != known.parent and _overlap(path.parent, known.parent):
            return f"{location} overlaps the folder of the table at {other}"
    return None


def _overlap(one: PurePosixPath, other: PurePosixPath) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)
