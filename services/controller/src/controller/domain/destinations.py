"""Where a version's inference tables may lie: under a root that the operator allows, and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from shared.errors import Detail, InvalidInput


def checked_destination(uri: str, roots: Sequence[Path]) -> str:
    """`uri` (`file:///…`) if it lies under one of `roots`; traversal, other schemes and hosts are `InvalidInput`."""
    parts = urlsplit(uri)
    if parts.scheme != "file" or parts.netloc not in {"", "localhost"} or parts.query or parts.fragment:
        raise _refused("destination must be a file:///… URI; object storage comes later")
    if "\\" in uri or "\x00" in uri or unquote(parts.path) != parts.path:
        raise _refused("destination must be written plainly: no backslash, NUL or percent-encoding")
    path = PurePosixPath(parts.path)
    if not path.is_absolute() or ".." in path.parts:
        raise _refused("destination must be an absolute path without '..'")
    if not any(path.is_relative_to(root) for root in roots):
        raise _refused("destination lies outside the folders that this installation allows for tables")
    return f"file://{path}"


def _refused(why: str) -> InvalidInput:
    return InvalidInput(why, (Detail(("log_delivery", "destination"), why),))
