"""Where a table may not lie: inside another table, or around one. Pure decisions on paths whose links are resolved."""

from __future__ import annotations

from collections.abc import Set
from pathlib import PurePosixPath

LOG_FOLDER = "_delta_log"
S3 = "s3://"


def placement_refusal(location: str, known: Set[str], *, is_listed: bool) -> str | None:
    """Why no table may be at `location`; None when it may.

    `known`: locations of all tables, each `<root>/<service>/<kind>`. `is_listed`: this table is one of them already, so
    that a younger one around it cannot drive it out; inside another table it cannot stay.
    """
    if location.startswith(S3):  # as a path, and like no path of this machine
        remote = {_as_path(other): other for other in known}
        why = _path_refusal(_as_path(location), remote.keys(), is_listed=is_listed)
        return None if why is None else why.replace("s3:/", S3)
    return _path_refusal(location, known, is_listed=is_listed)


def _path_refusal(location: str, known: Set[str], *, is_listed: bool) -> str | None:
    path = PurePosixPath(location)
    if LOG_FOLDER in path.parts:
        return f"{location} lies inside the log of a Delta table"
    around = next((str(folder) for folder in path.parents if str(folder) in known), None)
    if around is not None:
        return f"{location} lies inside the table at {around}"
    if is_listed:
        return None
    overlapped = next((other for other in known if _overlap(str(path.parent), other.rpartition("/")[0])), None)
    return None if overlapped is None else f"{location} overlaps the folder of the table at {overlapped}"


def _as_path(location: str) -> str:
    return location.replace(S3, "s3:/", 1)


def _overlap(one: str, other: str) -> bool:
    """Whether one folder lies inside the other."""
    return one != other and (f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/"))
