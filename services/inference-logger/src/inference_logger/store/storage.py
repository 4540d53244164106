"""Where tables lie, and how that place is opened: the local file system, or an object store.

A table's `location` is a plain path, or `s3://bucket/prefix/…`. Whatever opens one asks `Storages` for the `Storage` of
its location first, and passes it on; and has what blocks run by it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from inference_logger.domain.tables import is_remote
from inference_logger.store.s3 import S3Client

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

T = TypeVar("T")

__all__ = ["LOCAL", "LocalStorages", "Storage", "Storages", "is_remote"]


@dataclass(frozen=True)
class Storage:
    """How the tables of one destination are opened."""

    options: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Of delta-rs; with credentials, so that they are never shown. Empty for the local file system."""
    client: S3Client | None = field(default=None, repr=False)
    """For what delta-rs does not offer; None for the local file system."""
    is_single_writer: bool = False
    """The store does not keep simultaneous commits apart: one at a time, and only this process may write."""
    threads: Executor | None = field(default=None, repr=False)
    """Those of this destination, so that one which hangs holds up no other."""

    @property
    def delta_options(self) -> dict[str, str] | None:
        """As `DeltaTable` and `write_deltalake` take them."""
        return dict(self.options) or None

    def filesystem(self, location: str) -> FileSystem:
        """The folder at `location` as a file system of pyarrow: paths are relative to it."""
        from deltalake.fs import DeltaStorageHandler  # noqa: PLC0415 - a reader's, and it imports pyarrow's file systems
        from pyarrow.fs import PyFileSystem  # noqa: PLC0415

        return PyFileSystem(DeltaStorageHandler(location, self.delta_options))

    async def run(self, work: Callable[..., T], *arguments: Any) -> T:
        """Call what blocks, in a thread."""
        if self.threads is None:
            return await asyncio.to_thread(work, *arguments)
        return await asyncio.get_running_loop().run_in_executor(self.threads, partial(work, *arguments))


LOCAL = Storage()


class Storages(Protocol):
    """Finds the storage of a location."""

    async def of(self, location: str) -> Storage:
        """How a table there is opened. Raises `Unavailable` where that cannot be found out."""
        ...

    def refusal(self, location: str) -> str | None:
        """Why nothing can be written there now, as far as it is known."""
        ...

    async def check(self, location: str) -> str | None:
        """Try to write there, for a few seconds at most: why that fails."""
        ...


class LocalStorages:
    """The local file system and nothing else."""

    async def of(self, location: str) -> Storage:
        """See `Storages`."""
        return LOCAL

    def refusal(self, location: str) -> str | None:
        """Whatever is wrong with a folder is one table's."""
        return None

    async def check(self, location: str) -> str | None:
        """See `refusal`."""
        return None
