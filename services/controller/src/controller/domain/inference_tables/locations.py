"""Where a version's inference tables may lie: where its project may put them, beside all other tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote, unquote, urlsplit

from shared.errors import Detail, InvalidInput

LONGEST_URI = 900
"""Percent-encoded: the catalogue of tables has to hold it, with the names of service and table behind it."""
S3 = "s3://"
S3_PART = "s3:"
"""First part of a place in an object store, as a path that is no path of this machine."""
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\Z")
_KEY_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.=-]{0,127}\Z")


@dataclass(frozen=True)
class TableRoot:
    """A folder, or a prefix in a bucket, under which tables may be put: by every project, or by one alone."""

    path: PurePosixPath
    project: str | None = None
    is_platform: bool = False
    """The platform's own: each of its folders is a service's."""

    @classmethod
    def parse(cls, text: str) -> TableRoot:
        """`/folder` or `s3://bucket/prefix`, or `project=` and one of these; raises `ValueError`."""
        project, _, folder = text.rpartition("=")
        try:
            path = plain_place(folder.strip()) if folder.strip().startswith(S3) else PurePosixPath(folder.strip())
        except InvalidInput as wrong:
            raise ValueError(f"{text!r}: {wrong.message}") from wrong
        if not (path.is_absolute() or path.parts[:1] == (S3_PART,)) or ".." in path.parts:
            raise ValueError(f"{text!r} is neither /folder nor s3://bucket/prefix, nor project= and one of these")
        return cls(path, project.strip() or None)


@dataclass(frozen=True)
class UsableDestination:
    """A destination as it is defined: of one project, or of all (`project` None)."""

    name: str
    url: str
    project: str | None = None


def checked_destination(
    uri: str, roots: Sequence[TableRoot], project: str, destinations: Sequence[UsableDestination] = ()
) -> str:
    """`uri` (`file:///…`, `s3://…`) if `project` may use it; anything else is `InvalidInput`.

    A folder lies under a root of the installation, an object store's prefix in a destination that is defined.
    """
    path = plain_place(uri)
    nearest = nearest_roots(path, roots)
    if uri.startswith(S3):
        if why := prefix_refusal(project, path, nearest, destinations):
            raise _refused(f"destination {why}")
        return url_of(path)
    if not any(root.project in {None, project} for root in nearest):
        raise _refused(
            f"destination lies outside the folders that project {project} may use for tables (CONTROLLER_TABLE_ROOTS)"
        )
    if any(root.is_platform and root.path != path for root in nearest):
        raise _refused("destination lies inside the platform's own tables, where each folder is a service's")
    return url_of(path)


def prefix_refusal(
    project: str, path: PurePosixPath, nearest: Sequence[TableRoot], destinations: Sequence[UsableDestination]
) -> str | None:
    """Why `project` may not use a prefix of an object store, whose deepest roots are `nearest`; None: it may."""
    around = nearest_destination(path, destinations)
    if around is None or around.project not in {None, project}:
        return f"lies in no destination that project {project} may use: define one first"
    if nearest and not any(root.project in {None, project} for root in nearest):
        return f"lies outside the prefixes that project {project} may use"
    return None


def checked_definition(url: str, roots: Sequence[TableRoot], project: str | None) -> str:
    """`url` if a destination of `project` (None: of the installation) may be defined there."""
    path = plain_place(url, "url")
    nearest = nearest_roots(path, roots)
    if url.startswith(S3) and project is None:
        return url_of(path)
    if not any(root.project in {None, project} for root in nearest):
        whose = "the installation" if project is None else f"project {project}"
        raise _refused(
            f"url lies outside the folders and prefixes that {whose} may use (CONTROLLER_TABLE_ROOTS)", "url"
        )
    return url_of(path)


def nearest_destination(path: PurePosixPath, destinations: Iterable[UsableDestination]) -> UsableDestination | None:
    """The deepest destination that a place lies in."""
    around = [one for one in destinations if path.is_relative_to(place_of(one.url))]
    return max(around, key=lambda one: len(place_of(one.url).parts), default=None)


def nearest_roots(path: PurePosixPath, roots: Sequence[TableRoot]) -> list[TableRoot]:
    """The deepest ones around a place: a project's root inside one of all projects is that project's alone."""
    around = [root for root in roots if path.is_relative_to(root.path)]
    deepest = max((len(root.path.parts) for root in around), default=0)
    return [root for root in around if len(root.path.parts) == deepest]


def place_of(url: str) -> PurePosixPath:
    """A destination, checked before, as a path: nearness is told by it."""
    if url.startswith(S3):
        return PurePosixPath(S3_PART, *url.removeprefix(S3).split("/"))
    return PurePosixPath(urlsplit(url).path)


def url_of(path: PurePosixPath) -> str:
    """The URL of a place, spelled in one way."""
    return f"{S3}{'/'.join(path.parts[1:])}" if path.parts[:1] == (S3_PART,) else f"file://{path}"


def plain_place(uri: str, *field: str) -> PurePosixPath:
    """What `file:///…` or `s3://bucket/prefix` names; `InvalidInput` at `field` where it is not written plainly."""
    why = _why_not_plain(uri)
    if why is not None:
        name = field[-1] if field else "destination"
        raise _refused(f"{name} {why}", *field)
    if uri.startswith(S3):
        return PurePosixPath(S3_PART, *uri.removeprefix(S3).rstrip("/").split("/"))
    return PurePosixPath(urlsplit(uri).path)


def _why_not_plain(uri: str) -> str | None:
    return _why_no_prefix(uri) if uri.startswith(S3) else _why_no_folder(uri)


def _why_no_prefix(uri: str) -> str | None:
    bucket, *parts = uri.removeprefix(S3).rstrip("/").split("/")
    if not _BUCKET.match(bucket):
        return "must name a bucket: s3://bucket/prefix"
    if not all(_KEY_PART.match(part) for part in parts):
        return "has a prefix that is not made of letters, digits and _ . = -, between single slashes"
    return _why_refused_anywhere(uri, parts)


def _why_no_folder(uri: str) -> str | None:
    parts = urlsplit(uri)
    if uri.startswith("/"):
        return f"is a path: write it as file://{uri[:200]}"
    if parts.scheme != "file" or parts.netloc not in {"", "localhost"} or parts.query or parts.fragment:
        return "must be a file:///… or s3://bucket/prefix URL"
    if "\\" in uri or "\x00" in uri or unquote(parts.path) != parts.path:
        return "must be written plainly: no backslash, NUL or percent-encoding"
    path = PurePosixPath(parts.path)
    if not path.is_absolute() or ".." in path.parts:
        return "must be an absolute path without '..'"
    return _why_refused_anywhere(quote(uri), path.parts)


def _why_refused_anywhere(uri: str, parts: Sequence[str]) -> str | None:
    if len(uri) > LONGEST_URI:
        return f"is longer than {LONGEST_URI} characters"
    return "lies inside the log of a Delta table" if "_delta_log" in parts else None


def check_apart(service: str, destination: str, roots: Sequence[TableRoot], others: Iterable[tuple[str, str]]) -> None:
    """Raise `InvalidInput` when the tables of `service` would lie inside others, or around them."""
    if not is_apart(service, destination, roots, others):
        folder = _folder(service, destination)
        raise _refused(f"destination: {folder} would lie inside, or around, the folder of other tables")


def is_apart(service: str, destination: str, roots: Sequence[TableRoot], others: Iterable[tuple[str, str]]) -> bool:
    """Whether the tables of `service` would lie beside all others: inside none, around none.

    `others`: service and destination of every version there is, this one's own included: several may share a folder.
    """
    folder = _folder(service, destination)
    platform = [root.path for root in roots if root.is_platform and root.path != folder.parent]
    taken = {_folder(*other) for other in others} - {folder}
    return not any(_overlap(folder, other) for other in (*platform, *taken))


def _folder(service: str, destination: str) -> PurePosixPath:
    return place_of(destination) / service


def _overlap(one: PurePosixPath, other: PurePosixPath) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)


def _refused(why: str, *field: str) -> InvalidInput:
    return InvalidInput(why, (Detail(field or ("log_delivery", "destination"), why),))
