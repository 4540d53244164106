"""The ring of segments: append, cut into batches, acknowledge, free, recover."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from router.domain.outcome import Outcome
from router.spool.files import SpoolFiles
from router.spool.format import HEADER_BYTES, RECORD_HEAD, RESERVED_PER_RECORD, BatchEntry, encode_record
from router.spool.render import message, render
from router.spool.segment import Segment, Slot, format_segment, open_segment
from shared.ids import new_id

logger = logging.getLogger(__name__)

SPOOL_FULL = "spool_full"
DISK_FULL = "disk_full"
TOO_LARGE = "record_too_large"

SAFE_RETRY_NS = 60 * 1_000_000_000
"""The server forgets message ids after 120 s; half of it is left for messages that wait on the way."""


@dataclass(slots=True, eq=False)
class Batch:
    """One message: where its records are, and whether it may have been published before."""

    segment: Segment
    slot: Slot
    service: str
    attempts: int = 0
    is_recovered: bool = False
    rendered: bytes | None = None

    @property
    def message_id(self) -> str:
        """The `Nats-Msg-Id`, the same in every replay."""
        return str(self.slot.entry.message_id)

    @property
    def records(self) -> int:
        """How many records it carries."""
        return len(self.slot.entry.offsets)


@dataclass(frozen=True, slots=True)
class SpoolState:
    """How full it is."""

    segments: int
    bytes_used: int
    bytes_cap: int
    uncut_records: int
    unacknowledged_batches: int


class Spool:
    """Single-threaded, used on the event loop. `open` recovers what an earlier process left."""

    def __init__(
        self,
        files: SpoolFiles,
        *,
        segment_bytes: int = 8 * 1024 * 1024,
        cap_bytes: int = 1024 * 1024 * 1024,
        boot_ns: Callable[[], int] = lambda: time.clock_gettime_ns(time.CLOCK_BOOTTIME),
        boot_id: bytes | None = None,
    ) -> None:
        self._files = files
        self._segment_bytes = segment_bytes
        self._largest_body = segment_bytes - HEADER_BYTES - RECORD_HEAD.size - RESERVED_PER_RECORD
        self._max_segments = max(2, cap_bytes // segment_bytes)
        self._boot_ns = boot_ns
        self._boot_id = boot_id if boot_id is not None else read_boot_id()
        self._spool_id = new_id().bytes
        self._segments: list[Segment] = []
        self._free: list[int] = []
        self._active: Segment | None = None
        self._next_sequence = 1
        self._queue: deque[Batch] = deque()

    def open(self) -> None:
        """Take the directory and recover: every record whose append returned and that the bus may not have."""
        self._files.open()
        sequences = self._files.sequences()
        self._free = self._files.free(self._segment_bytes)
        self._next_sequence = max([0, *sequences, *self._free]) + 1
        for sequence in sequences:
            self._recover(sequence)

    def close(self) -> None:
        """Unmap everything; what is in it stays."""
        for segment in self._segments:
            segment.memory.close()
        self._segments.clear()
        self._active = None
        self._files.close()

    def append(self, outcome: Outcome) -> str | None:
        """None when the record is safe, else why it was dropped."""
        body = encode_record(outcome)
        if len(body) > self._largest_body:
            return TOO_LARGE
        segment = self._active
        if segment is None or not segment.has_room(len(body)):
            try:
                segment = self._roll()
            except OSError as error:
                logger.warning("spool: no new segment: %s", error)
                return DISK_FULL
            if segment is None:
                return SPOOL_FULL
        segment.append(outcome.service, body)
        return None

    def prepare(self) -> None:
        """Have the next segment's file ready before it is needed, so that no request waits for its allocation."""
        active = self._active
        if active is None or self._free or self._used_segments() >= self._max_segments:
            return
        if active.end > self._segment_bytes // 2:
            try:
                self._create_free()
            except OSError as error:
                logger.warning("spool: cannot prepare a segment: %s", error)

    def next_batch(self, max_records: int, max_bytes: int) -> Batch | None:
        """The next message to publish: one that waits for its retry, else one freshly cut, oldest records first."""
        if self._queue:
            return self._queue.popleft()
        for segment in self._segments:
            for service in segment.uncut:
                return self._cut(segment, service, max_records, max_bytes)
        return None

    def payload(self, batch: Batch) -> bytes:
        """The message's body."""
        if batch.rendered is None:
            return message([render(batch.segment.read(offset)) for offset in batch.slot.entry.offsets])
        return batch.rendered

    def may_be_forgotten(self, batch: Batch) -> bool:
        """Whether an earlier publish of it may lie outside the server's memory of message ids."""
        if not batch.is_recovered and not batch.attempts:
            return False
        age = self._boot_ns() - batch.slot.entry.cut_at_ns
        return not batch.segment.is_same_boot or not 0 <= age < SAFE_RETRY_NS

    def acknowledge(self, batch: Batch) -> None:
        """The bus has it; a segment with nothing left in it is freed."""
        batch.segment.acknowledge(batch.slot)
        if batch.segment.is_done:
            self._release(batch.segment)

    def put_back(self, batch: Batch) -> None:
        """It was published without an answer, or refused: it is tried again."""
        batch.attempts += 1
        batch.rendered = None
        self._queue.append(batch)

    @property
    def waiting_messages(self) -> int:
        """How many messages there are to publish, if each takes all that its service has in one segment."""
        return len(self._queue) + sum(len(segment.uncut) for segment in self._segments)

    @property
    def has_work(self) -> bool:
        """Whether there is anything to publish."""
        return self.waiting_messages > 0

    def state(self) -> SpoolState:
        """How full it is now."""
        return SpoolState(
            segments=len(self._segments),
            bytes_used=sum(len(segment.memory) for segment in self._segments),
            bytes_cap=self._max_segments * self._segment_bytes,
            uncut_records=sum(segment.uncut_records for segment in self._segments),
            unacknowledged_batches=sum(segment.unacknowledged for segment in self._segments),
        )

    def _cut(self, segment: Segment, service: str, max_records: int, max_bytes: int) -> Batch:
        offsets: list[int] = []
        rendered: list[bytes] = []
        size = 0
        for offset in segment.uncut[service][:max_records]:
            encoded = render(segment.read(offset))
            size += len(encoded)
            if rendered and size > max_bytes:
                break
            offsets.append(offset)
            rendered.append(encoded)
        entry = BatchEntry(new_id(), self._boot_ns(), tuple(offsets))
        return Batch(segment, segment.cut(service, entry), service, rendered=message(rendered))

    def _roll(self) -> Segment | None:
        if self._active is not None:
            self._active.is_sealed = True
            if self._active.is_done:
                self._release(self._active)
            self._active = None
        if not self._free:
            if self._used_segments() >= self._max_segments:
                return None
            self._create_free()
        sequence = self._take_sequence()
        self._files.take(self._free.pop(), sequence)
        memory = self._files.map(sequence)
        self._active = format_segment(memory, sequence, self._spool_id, self._boot_id)
        self._segments.append(self._active)
        return self._active

    def _release(self, segment: Segment) -> None:
        if segment is self._active:
            self._active = None
        self._segments.remove(segment)
        segment.memory.close()
        self._files.give_back(segment.sequence)
        self._free.append(segment.sequence)
        while len(self._free) > 2:
            self._files.remove_free(self._free.pop(0))

    def _recover(self, sequence: int) -> None:
        memory = self._files.map(sequence)
        segment = open_segment(memory, sequence, self._boot_id)
        if segment is None:
            memory.close()
            self._files.remove(sequence)
            return
        self._segments.append(segment)
        for slot in segment.slots:
            if not slot.is_acknowledged:
                service = segment.service_at(slot.entry.offsets[0])
                self._queue.append(Batch(segment, slot, service, is_recovered=True))
        if segment.is_done:
            self._release(segment)

    def _create_free(self) -> None:
        sequence = self._take_sequence()
        self._files.create(sequence, self._segment_bytes)
        self._free.append(sequence)

    def _take_sequence(self) -> int:
        sequence = self._next_sequence
        self._next_sequence += 1
        return sequence

    def _used_segments(self) -> int:
        return len(self._segments) + len(self._free)


def read_boot_id() -> bytes:
    """Names this boot of the machine; random where the system has no such name (then every replay is marked)."""
    try:
        return bytes.fromhex(Path("/proc/sys/kernel/random/boot_id").read_text().strip().replace("-", ""))
    except (OSError, ValueError):
        return new_id().bytes
