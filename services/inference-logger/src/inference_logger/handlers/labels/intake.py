"""An upload of labels is fetched, read, and appended to the service's history in one commit."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import IO

from inference_logger.domain.labels.values import Label, LabelKey, ParsedLabels
from inference_logger.domain.object_storage import storage_reason
from inference_logger.handlers.labels.held import HeldUploads
from inference_logger.handlers.labels.places import LabelTables, find_label_tables, place_of
from inference_logger.handlers.stores import Stores, note_commit, read_catalogue_state
from inference_logger.store import catalogue
from inference_logger.store.delta.commits import CommitResult
from inference_logger.store.delta.open_tables import OpenTables
from inference_logger.store.delta.rows import as_one_commit
from inference_logger.store.labels.files import UploadReader
from inference_logger.store.labels.table import AppendedLabels, append_labels, find_requests
from inference_logger.store.labels.uploads import find_receipt, save_receipt
from shared.contracts.chunks import ChunkStream
from shared.contracts.rpc.inference_logger.labels import MAX_REJECTIONS, LabelReceipt, LabelUpload, RejectedLabel
from shared.errors import Conflict, LimitExceeded, PenstockError, UpstreamFailed

MAX_BYTES = 256 * 1024 * 1024
IN_MEMORY_BYTES = 1024 * 1024
"""A larger upload lies on the disk until it is read."""
AT_ONCE = 2
"""Uploads that are read at once."""
CLOCK_SKEW = timedelta(minutes=5)
"""Of the clocks of those who label."""
API = "api"

Fetch = Callable[[ChunkStream], AbstractAsyncContextManager[AsyncIterator[bytes]]]
"""Its sender is told that it is worked on until the context ends."""


@dataclass
class LabelIntake:
    """Takes uploads in: of one service one after the other."""

    stores: Stores
    fetch: Fetch
    held: HeldUploads = field(default_factory=HeldUploads)
    _opened: OpenTables = field(default_factory=OpenTables, init=False)
    _locks: dict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def receive(self, upload: LabelUpload) -> LabelReceipt:
        """Take the labels of an upload, all that are valid or none.

        Raises `InvalidInput` for a body that cannot be read; `Conflict` for a service that is being removed;
        `LimitExceeded` where too much is held already; `UpstreamFailed` where the labels table cannot be written.
        """
        with self.held.one() as room, tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES) as file:
            async with self.fetch(upload.body) as chunks:
                digest = await _keep(upload, chunks, file, room)
                return await self._take_file(upload, file, digest)

    async def _take_file(self, upload: LabelUpload, file: IO[bytes], digest: str) -> LabelReceipt:
        async with self._locks[upload.service], self._turns:
            first = await self._first_answer(upload, digest)
            if first is not None:
                return first
            now = self.stores.clock.now()
            reader = UploadReader(upload.format, upload.key_column, now + CLOCK_SKEW)
            parsed = await asyncio.to_thread(reader.read, file)
            receipt = await self.take(upload.service, parsed, API)
            if upload.upload_id is not None:
                async with self.stores.database.unit_of_work() as session:
                    await save_receipt(session, upload.service, (upload.upload_id, digest), receipt, now)
            return receipt

    async def _first_answer(self, upload: LabelUpload, digest: str) -> LabelReceipt | None:
        if upload.upload_id is None:
            return None
        async with self.stores.database.read() as session:
            return await find_receipt(session, upload.upload_id, digest)

    async def take(self, service: str, parsed: ParsedLabels, source: str) -> LabelReceipt:
        """Append what was read to the history, and have it joined."""
        async with self.stores.tables.service_lock(service):
            if service in (await read_catalogue_state(self.stores.database)).removing:
                raise Conflict("the tables of an earlier service of that name are being removed")
            tables = await find_label_tables(self.stores, service)
            at = self.stores.clock.now()
            found, appended = await self._append(tables, parsed.labels, at, source)
            await self._note(tables, None if appended is None else appended.committed, at)
        for key in tables.inferences:
            self.stores.labelled.rows_added(key)
        return _receipt(parsed, found, appended)

    async def _append(
        self, tables: LabelTables, labels: Sequence[Label], at: datetime, source: str
    ) -> tuple[Mapping[LabelKey, datetime], AppendedLabels | None]:
        if not labels:
            return {}, None
        place, *inferences = [
            replace(await place_of(self.stores, key), opened=self._opened)
            for key in (tables.labels, *tables.inferences)
        ]
        with _storing(place.location):
            found = await asyncio.to_thread(find_requests, inferences, labels)
            return found, await place.storage.run(append_labels, place, labels, found, at, source)

    async def _note(self, tables: LabelTables, committed: CommitResult | None, at: datetime) -> None:
        if committed is None:
            return
        async with self.stores.database.read() as session:
            is_listed = await catalogue.is_listed(session, committed.location)
        if not is_listed and not committed.is_new:  # a killed logger did not note what it wrote
            place = await place_of(self.stores, tables.labels)
            with _storing(place.location):
                committed = await place.storage.run(as_one_commit, place.location, place.storage)
        async with self.stores.database.unit_of_work() as session:
            await note_commit(session, tables.labels, committed, at)


@contextmanager
def _storing(location: str) -> Iterator[None]:
    """Whatever the storage raises is said to the caller, who sends the labels again."""
    try:
        yield
    except PenstockError:
        raise
    except Exception as error:
        reason = storage_reason(location, error)
        raise UpstreamFailed(f"the labels cannot be stored for now: {reason}", retry_after_s=5) from error


async def _keep(upload: LabelUpload, chunks: AsyncIterator[bytes], file: IO[bytes], room: Callable[[int], None]) -> str:
    """Write an upload to `file`; what tells it from others."""
    digest, size = hashlib.sha256(f"{upload.format}:{upload.key_column}:".encode()), 0
    async for chunk in chunks:
        size += len(chunk)
        if size > MAX_BYTES:
            raise LimitExceeded(f"an upload may have {MAX_BYTES >> 20} MiB")
        room(len(chunk))
        digest.update(chunk)
        file.write(chunk)
    return digest.hexdigest()


def _receipt(parsed: ParsedLabels, found: Mapping[LabelKey, datetime], appended: AppendedLabels | None) -> LabelReceipt:
    items = {label.item: label.key in found for label in parsed.labels}
    joined = sum(items.values())
    return LabelReceipt(
        received=parsed.received,
        joined=joined,
        waiting=len(items) - joined,
        rejected=tuple(RejectedLabel(row=one.row, reason=one.reason) for one in parsed.rejected[:MAX_REJECTIONS]),
        rejected_rows=len(parsed.rejected),
        changed=appended.committed.rows if appended is not None else 0,
        corrected=appended.corrected if appended is not None else 0,
    )
