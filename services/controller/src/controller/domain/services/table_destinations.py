"""Where a version's inference tables may lie: under a root that its project may use, beside all other tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote, unquote, urlsplit

from shared.errors import Detail, InvalidInput

LONGEST_URI = 900
"""Percent-encoded: the catalogue of tables has to hold it, with the names of service and table behind it."""


@dataclass(frozen=True)
class TableRoot:
    """A folder under which tables may be put: by every project, or by one alone."""

    path: PurePosixPath
    project: str | None = None
    is_platform: bool = False
    """The platform's own: each of its folders is a service's."""

    @classmethod
    def parse(cls, text: str) -> TableRoot:
        """`/folder`, or `project=/folder`; raises `ValueError`."""
        project, _, folder = text.rpartition("=")
        path = PurePosixPath(folder.strip())
        if not path.is_absolute() or ".." in path.parts:
            raise ValueError(f"{text!r} is neither /folder nor project=/folder")
        return cls(path, project.strip() or None)


def checked_destination(uri: str, roots: Sequence[TableRoot], project: str) -> str:
    """`uri` (`file:///…`) if `project` may use it; traversal, other schemes, hosts and roots are `InvalidInput`."""
    path = _plain_path(uri)
    around = [root for root in roots if path.is_relative_to(root.path)]
    deepest = max((len(root.path.parts) for root in around), default=0)
    # A project's root inside one of all projects is that project's alone.
    nearest = [root for root in around if len(root.path.parts) == deepest]
    if not any(root.project in {None, project} for root in nearest):
        raise _refused(f"destination lies outside the folders that project {project} may use for tables")
    if any(root.is_platform and root.path != path for root in nearest):
        raise _refused("destination lies inside the platform's own tables, where each folder is a service's")
    return f"file://{path}"


def _plain_path(uri: str) -> PurePosixPath:
    parts = urlsplit(uri)
    if parts.scheme != "file" or parts.netloc not in {"", "localhost"} or parts.query or parts.fragment:
        raise _refused("destination must be a file:///… URI; object storage comes later")
    if "\\" in uri or "\x00" in uri or unquote(parts.path) != parts.path:
        raise _refused("destination must be written plainly: no backslash, NUL or percent-encoding")
    path = PurePosixPath(parts.path)
    if not path.is_absolute() or ".." in path.parts:
        raise _refused("destination must be an absolute path without '..'")
    if len(quote(uri)) > LONGEST_URI:
        raise _refused(f"destination is longer than {LONGEST_URI} characters")
    if "_delta_log" in path.parts:
        raise _refused("destination lies inside the log of a Delta table")
    return path


def check_apart(service: str, destination: str, roots: Sequence[TableRoot], others: Iterable[tuple[str, str]]) -> None:
    """Raise `InvalidInput` when the tables of `service` would lie inside others, or around them.

    `others`: service and destination of every version there is, this one's own included: several may share a folder.
    """
    folder = _folder(service, destination)
    platform = [root.path for root in roots if root.is_platform and root.path != folder.parent]
    taken = {_folder(*other) for other in others} - {folder}
    if any(_overlap(folder, other) for other in (*platform, *taken)):
        raise _refused(f"destination: {folder} would lie inside, or around, the folder of other tables")


def _folder(service: str, destination: str) -> PurePosixPath:
    return PurePosixPath(urlsplit(destination).path) / service


def _overlap(one: PurePosixPath, other: PurePosixPath) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)


def _refused(why: str) -> InvalidInput:
    return InvalidInput(why, (Detail(("log_delivery", "destination"), why),))
