"""Files of a source: below a folder of this machine that it must not lead out of, or below a prefix of a bucket."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from inference_logger.domain.tables import is_remote
from inference_logger.store.storage import Storage
from shared.errors import Forbidden, LimitExceeded, NotFound, UpstreamFailed

MOST_FILES = 10_000


@dataclass(frozen=True)
class SourceFile:
    """A file; `identity` is another one after any change."""

    path: str
    size: int
    identity: str


class SourcePlace(Protocol):
    """Where the files of a source are."""

    @property
    def location(self) -> str:
        """The file, or the folder."""
        ...

    def files(self, suffix: str) -> list[SourceFile]:
        """The file that is named, or all with the suffix in the folder that is, by path."""
        ...

    def check(self, path: str = "") -> None:
        """Raise `UpstreamFailed` where it, or one of its files, leads somewhere else."""
        ...

    def find(self, path: str) -> SourceFile | None:
        """How a file is now."""
        ...

    def open(self, path: str) -> AbstractContextManager[IO[bytes]]:
        """A file, to be read."""
        ...


@dataclass(frozen=True)
class LocalPlace:
    """A file or folder of this machine; a link that leads out of `root` is not followed."""

    location: str
    root: str

    def files(self, suffix: str) -> list[SourceFile]:
        """See `SourcePlace`."""
        self.check()
        if not os.path.exists(self.location):
            raise NotFound(f"there is nothing at {self.location}")
        if os.path.isfile(self.location):
            found = self.find("")
            return [found] if found is not None else []
        paths = sorted(self._walk(suffix))
        return [found for path in paths if (found := self.find(path)) is not None]

    def check(self, path: str = "") -> None:
        """See `SourcePlace`."""
        self._inside(self._full(path))

    def _walk(self, suffix: str) -> Iterator[str]:
        count = 0
        for folder, folders, names in os.walk(self.location, onerror=_raise):
            folders[:] = [name for name in folders if not name.startswith((".", "_"))]
            for name in names:
                if name.lower().endswith(suffix) and not name.startswith((".", "_")):
                    count += 1
                    _bounded(count)
                    yield os.path.relpath(os.path.join(folder, name), self.location)

    def find(self, path: str) -> SourceFile | None:
        """See `SourcePlace`."""
        try:
            found = os.stat(self._full(path))
        except FileNotFoundError:
            return None
        if not stat.S_ISREG(found.st_mode):  # a pipe would keep its reader waiting
            return None
        return SourceFile(path, found.st_size, f"{found.st_size}:{found.st_mtime_ns}:{found.st_ino}")

    def open(self, path: str) -> AbstractContextManager[IO[bytes]]:
        """See `SourcePlace`."""
        full = self._full(path)
        self._inside(full)
        return Path(full).open("rb")

    def _full(self, path: str) -> str:
        return os.path.join(self.location, path) if path else self.location

    def _inside(self, path: str) -> None:
        around = self.root if path == self.location else self.location
        if not f"{os.path.realpath(path)}/".startswith(f"{os.path.realpath(around)}/"):
            raise UpstreamFailed(f"{path} leads out of {around}")


def _raise(error: OSError) -> None:
    raise error


def _bounded(count: int) -> None:
    if count > MOST_FILES:
        raise LimitExceeded(f"there are more than {MOST_FILES:,} files: name a Delta table, or several folders")


@dataclass(frozen=True)
class RemotePlace:
    """A key, or those below a prefix, of a bucket."""

    location: str
    storage: Storage

    def files(self, suffix: str) -> list[SourceFile]:
        """See `SourcePlace`."""
        from pyarrow.fs import FileSelector, FileType  # noqa: PLC0415 - it imports pyarrow's file systems

        parent, _, name = self.location.rpartition("/")
        if name.lower().endswith(suffix):
            one = self.storage.filesystem(parent).get_file_info([name])[0]
            if one.type == FileType.File:
                return [_remote("", one)]
        found = self.storage.filesystem(self.location).get_file_info(FileSelector("", recursive=True))
        files = [_remote(each.path, each) for each in found if each.type == FileType.File]
        files = [each for each in files if each.path.lower().endswith(suffix) and not _is_hidden(each.path)]
        _bounded(len(files))
        if not files:
            raise NotFound(f"there is no {suffix} file at {self.location}")
        return sorted(files, key=lambda each: each.path)

    def check(self, path: str = "") -> None:
        """It cannot."""

    def find(self, path: str) -> SourceFile | None:
        """See `SourcePlace`."""
        from pyarrow.fs import FileType  # noqa: PLC0415

        files, name = self._at(path)
        found = files.get_file_info([name])[0]
        return _remote(path, found) if found.type == FileType.File else None

    def open(self, path: str) -> AbstractContextManager[IO[bytes]]:
        """See `SourcePlace`."""
        files, name = self._at(path)
        opened: Any = files.open_input_file(name)
        return opened  # type: ignore[no-any-return]

    def _at(self, path: str) -> tuple[Any, str]:
        if path:
            return self.storage.filesystem(self.location), path
        parent, _, name = self.location.rpartition("/")
        return self.storage.filesystem(parent), name


def _remote(path: str, found: Any) -> SourceFile:
    return SourceFile(path, found.size or 0, f"{found.size}:{found.mtime_ns}")


def _is_hidden(path: str) -> bool:
    return any(part.startswith((".", "_")) for part in path.split("/"))


def place_of_source(
    location: str, root: str | None, storage: Storage, is_foreign: Callable[[str], bool]
) -> SourcePlace:
    """How its files are reached. Raises `Forbidden` for what leads to the tables of another service."""
    if is_foreign(location) or (not is_remote(location) and is_foreign(os.path.realpath(location))):
        raise Forbidden("its location lies in, or around, the tables of another service")
    if is_remote(location):
        return RemotePlace(location, storage)
    if root is None:
        raise UpstreamFailed("it lies in no folder that may be read")
    return LocalPlace(location, root)
