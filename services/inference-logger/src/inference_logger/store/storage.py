"""Where tables lie, and how that place is opened: the local file system, or an object store.

A table's `location` is a plain path, or `s3://bucket/prefix/…`. Whatever opens one asks `Storages` for the `Storage` of
its location first, and passes it on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

S3 = "s3://"


@dataclass(frozen=True)
class Storage:
    """How the tables of one destination are opened."""

    options: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Of delta-rs; with credentials, so that they are never shown. Empty for the local file system."""

    @property
    def delta_options(self) -> dict[str, str] | None:
        """As `DeltaTable` and `write_deltalake` take them."""
        return dict(self.options) or None

    def filesystem(self, location: str) -> FileSystem:
        """The folder at `location` as a file system of pyarrow: paths are relative to it."""
        from deltalake.fs import DeltaStorageHandler  # noqa: PLC0415 - a reader's, and it imports pyarrow's file systems
        from pyarrow.fs import PyFileSystem  # noqa: PLC0415

        return PyFileSystem(DeltaStorageHandler(location, self.delta_options))


LOCAL = Storage()


class Storages(Protocol):
    """Finds the storage of a location."""

    async def of(self, location: str) -> Storage:
        """How a table there is opened. Raises `Unavailable` for a destination whose credentials cannot be had."""
        ...


class LocalStorages:
    """The local file system and nothing else."""

    async def of(self, location: str) -> Storage:
        """See `Storages`."""
        return LOCAL


def is_remote(location: str) -> bool:
    """Whether it lies in an object store."""
    return location.startswith(S3)
