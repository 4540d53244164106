"""The reading side: finds records, cuts them into messages, frees what the bus has. It runs in a process of its own."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from router.spool.files import ReaderProgress, SpoolFiles
from router.spool.format import BatchEntry
from router.spool.masked import KeyAwaited, MaskedBodies
from router.spool.render import NO_KEYS, render_message, render_record
from router.spool.segment import BatchSlot, SpoolSegment, open_segment, read_boot_id
from shared.ids import new_id

SAFE_RETRY_NS = 60 * 1_000_000_000
"""The server forgets message ids after 120 s; half of it is left for messages that wait on the way."""
MAX_FREE_FILES = 2
"""Files that wait for their next use; more are given back to the file system."""


@dataclass(slots=True, eq=False)
class SpoolBatch:
    """One message: where its records are, and whether it may have been published before."""

    segment: SpoolSegment
    slot: BatchSlot
    service: str
    attempts: int = 0
    is_recovered: bool = False
    payload: bytes = b""
    """The message's body, from `next_batch` on and as long as it is being published."""

    @property
    def message_id(self) -> str:
        """The `Nats-Msg-Id`, the same in every replay."""
        return str(self.slot.entry.message_id)

    @property
    def records(self) -> int:
        """How many records it carries."""
        return len(self.slot.entry.offsets)


class SpoolReader:
    """Single-threaded. `scan` finds what is new, and what an earlier process left."""

    def __init__(
        self,
        files: SpoolFiles,
        *,
        boot_ns: Callable[[], int] = lambda: time.clock_gettime_ns(time.CLOCK_BOOTTIME),
        boot_id: bytes | None = None,
        masked: MaskedBodies = NO_KEYS,
    ) -> None:
        self._files = files
        self._boot_ns = boot_ns
        self._boot_id = boot_id if boot_id is not None else read_boot_id()
        self._masked = masked
        self._waiting_for_key: set[str] = set()
        """Services whose next records wait, until the next `scan`."""
        self._segments: dict[int, SpoolSegment] = {}
        self._queue: deque[SpoolBatch] = deque()
        self.refused = 0

    def open(self) -> None:
        """Take the reader's lock; raises Unavailable where another process has it."""
        self._files.open()

    def close(self) -> None:
        """Unmap everything; what is in it stays."""
        for segment in self._segments.values():
            segment.memory.close()
        self._segments.clear()
        self._queue.clear()
        self._files.close()

    def scan(self) -> None:
        """Find segments and records that were written since the last call."""
        for sequence in self._files.sequences():
            if sequence not in self._segments:
                self._open_segment(sequence)
        self._waiting_for_key.clear()
        for segment in list(self._segments.values()):
            segment.scan()
            self._release_if_done(segment)
        self._files.write_progress(
            ReaderProgress(
                sum(segment.uncut_records for segment in self._segments.values()),
                sum(segment.unacknowledged for segment in self._segments.values()),
                self.refused,
            )
        )

    def next_batch(self, max_records: int, max_bytes: int) -> SpoolBatch | None:
        """The next message to publish: one that waits for its retry, else one freshly cut, oldest records first.

        Records whose hashes wait for their key are passed over.
        """
        for _ in range(len(self._queue)):
            batch = self._queue.popleft()
            read = (batch.segment.read(offset) for offset in batch.slot.entry.offsets)
            try:
                batch.payload = render_message([render_record(body, self._masked) for body in read])
            except KeyAwaited:
                self._queue.append(batch)
            else:
                return batch
        for segment in self._segments.values():
            for service in [each for each in segment.uncut if each not in self._waiting_for_key]:
                try:
                    return self._cut(segment, service, max_records, max_bytes)
                except KeyAwaited:
                    self._waiting_for_key.add(service)
        return None

    def needs_retry_mark(self, batch: SpoolBatch) -> bool:
        """Whether an earlier publish of it may lie outside the server's memory of message ids."""
        if batch.segment.is_restored:
            return True
        if not batch.is_recovered and not batch.attempts:
            return False
        age = self._boot_ns() - batch.slot.entry.cut_at_ns
        return not batch.segment.is_same_boot or not 0 <= age < SAFE_RETRY_NS

    def acknowledge(self, batch: SpoolBatch) -> None:
        """The bus has it; a segment with nothing left in it is freed."""
        batch.segment.acknowledge(batch.slot)
        self._release_if_done(batch.segment)

    def requeue(self, batch: SpoolBatch) -> None:
        """It was published without an answer, or refused: it is tried again."""
        batch.attempts += 1
        batch.payload = b""
        self.refused += 1
        self._queue.append(batch)

    @property
    def waiting_messages(self) -> int:
        """How many messages there are to publish, if each takes all that its service has in one segment."""
        return len(self._queue) + sum(len(segment.uncut) for segment in self._segments.values())

    @property
    def size(self) -> int:
        """Bytes of the segments in use: what is unpublished lies in them."""
        return sum(len(segment.memory) for segment in self._segments.values())

    @property
    def has_work(self) -> bool:
        """Whether there is anything to publish."""
        return self.waiting_messages > 0

    def _cut(self, segment: SpoolSegment, service: str, max_records: int, max_bytes: int) -> SpoolBatch:
        offsets: list[int] = []
        rendered: list[bytes] = []
        size = 0
        for offset in segment.uncut[service][:max_records]:
            encoded = render_record(segment.read(offset), self._masked)
            size += len(encoded)
            if rendered and size > max_bytes:
                break
            offsets.append(offset)
            rendered.append(encoded)
        entry = BatchEntry(new_id(), self._boot_ns(), tuple(offsets))
        return SpoolBatch(segment, segment.cut(service, entry), service, payload=render_message(rendered))

    def _open_segment(self, sequence: int) -> None:
        try:
            memory = self._files.map(sequence)
        except (OSError, ValueError):
            return  # damaged: the writing side sets it aside when it starts
        segment = open_segment(memory, sequence, self._boot_id)
        if segment is None:
            memory.close()  # it is being made, or was never finished: the writing side decides
            return
        self._segments[sequence] = segment
        for slot in segment.slots:
            if not slot.is_acknowledged:
                service = segment.service_at(slot.entry.offsets[0])
                self._queue.append(SpoolBatch(segment, slot, service, is_recovered=True))

    def _release_if_done(self, segment: SpoolSegment) -> None:
        if not segment.is_done:
            return
        del self._segments[segment.sequence]
        segment.memory.close()
        self._files.recycle(segment.sequence)
        for number in self._files.free_numbers()[:-MAX_FREE_FILES]:
            self._files.remove_free(number)
