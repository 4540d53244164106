"""One segment as it is read: a mapped file; records grow up from its head, batch entries down from its end.

Another process may be writing records (`writer.py`). A record or entry exists once its head (or tail) with the matching
CRC stands in the file; what a kill tore in the middle does not, and the call that wrote it had not returned.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Protocol
from zlib import crc32

import orjson

from router.spool.format import (
    BATCH_TAIL,
    HEADER_BYTES,
    RECORD,
    RECORD_HEAD,
    SEAL,
    SEAL_AT,
    BatchEntry,
    SegmentHeader,
    decode_batch,
    route_of,
    seal_of,
    seed_of,
)
from shared.ids import new_id


class MappedMemory(Protocol):
    """A mapped file: what `mmap.mmap` offers and tests can stop at any write."""

    def __getitem__(self, where: slice, /) -> bytes: ...
    def __setitem__(self, where: slice, value: bytes, /) -> None: ...
    def __len__(self) -> int: ...
    def close(self) -> None:
        """Unmap."""
        ...


@dataclass(slots=True, eq=False)
class BatchSlot:
    """A batch entry in its segment: where its acknowledged byte is, and whether it is set."""

    entry: BatchEntry
    tail_at: int
    is_acknowledged: bool = False


@dataclass(slots=True, eq=False)
class SpoolSegment:
    """A mapped segment as it is read: which records are there, which are in a batch, which batches the bus has."""

    sequence: int
    memory: MappedMemory
    is_same_boot: bool = True
    is_restored: bool = False
    """Put together from a damaged file: any of its records may have been published before."""
    end: int = HEADER_BYTES
    floor: int = 0
    uncut_records: int = 0
    is_sealed: bool = False
    """No more records will come, and all are known."""
    uncut: dict[str, array[int]] = field(default_factory=dict)
    slots: list[BatchSlot] = field(default_factory=list)
    unacknowledged: int = 0
    _saw_seal: bool = False
    _seed: int = 0

    def __post_init__(self) -> None:
        self.floor = len(self.memory)
        self._seed = seed_of(self.sequence)

    @property
    def is_done(self) -> bool:
        """Nothing in it is needed any more."""
        return self.is_sealed and not self.uncut_records and not self.unacknowledged

    def scan(self) -> None:
        """Note the records that were written since the last scan."""
        if self.is_sealed:
            return
        # A record may be seen after the seal that was written behind it, where a processor orders its writes freely:
        # a segment is complete when it was scanned once more after the seal was seen.
        self.is_sealed = self._saw_seal
        self._saw_seal = self.memory[SEAL_AT : SEAL_AT + SEAL.size] == seal_of(self.sequence)
        for offset, body in self._records():
            self.end = offset + RECORD_HEAD.size + len(body)
            self._note_uncut(_service_of(body), offset)

    def read(self, offset: int) -> bytes:
        """The body of the record at `offset`."""
        start = offset + RECORD_HEAD.size
        size, _ = RECORD_HEAD.unpack(self.memory[offset:start])
        return self.memory[start : start + size]

    def service_at(self, offset: int) -> str:
        """The service of the record at `offset`."""
        return _service_of(self.read(offset))

    def cut(self, service: str, entry: BatchEntry) -> BatchSlot:
        """Store that the first uncut records of `service` form this batch, before anything is published."""
        raw = entry.encode(self._seed)
        start, tail_at = self.floor - len(raw), self.floor - BATCH_TAIL.size
        self.memory[start:tail_at] = raw[: -BATCH_TAIL.size]
        self.memory[tail_at : self.floor] = raw[-BATCH_TAIL.size :]
        self.floor = start
        slot = BatchSlot(entry, tail_at)
        self.slots.append(slot)
        self.unacknowledged += 1
        self._forget_uncut(service, len(entry.offsets))
        return slot

    def acknowledge(self, slot: BatchSlot) -> None:
        """The bus has this batch."""
        if not slot.is_acknowledged:
            self.memory[slot.tail_at : slot.tail_at + 1] = b"\1"
            slot.is_acknowledged = True
            self.unacknowledged -= 1

    def recover(self) -> None:
        """Find out what a file holds: its batches, and the records that are in none."""
        self._recover_batches()
        cut = {offset for slot in self.slots for offset in slot.entry.offsets}
        readable = set()
        for offset, body in self._records():
            readable.add(offset)
            self.end = offset + RECORD_HEAD.size + len(body)
            if offset not in cut:
                self._note_uncut(_service_of(body), offset)
        readable.update(offset for offset in cut - readable if self._is_intact(offset))
        for slot in self.slots:
            self._drop_unreadable(slot, readable)

    def _drop_unreadable(self, slot: BatchSlot, readable: set[int]) -> None:
        # Only a crash of the machine, not of the process, can lose a record that a batch already names.
        if slot.is_acknowledged or readable.issuperset(slot.entry.offsets):
            return
        left = tuple(offset for offset in slot.entry.offsets if offset in readable)
        slot.entry = replace(slot.entry, offsets=left)
        if not left:
            self.acknowledge(slot)

    def _is_intact(self, offset: int) -> bool:
        return next(iter_records(self.memory, offset, self.floor, self._seed), None) is not None

    def _records(self) -> Iterator[tuple[int, bytes]]:
        return iter_records(self.memory, self.end, self.floor, self._seed)

    def _recover_batches(self) -> None:
        while self.floor - BATCH_TAIL.size > HEADER_BYTES:
            tail_at = self.floor - BATCH_TAIL.size
            acknowledged, size, check = BATCH_TAIL.unpack(self.memory[tail_at : self.floor])
            start = tail_at - size
            if not size or start < HEADER_BYTES:
                return
            body = self.memory[start:tail_at]
            if crc32(body, self._seed) != check:
                return
            self.slots.append(BatchSlot(decode_batch(body), tail_at, bool(acknowledged)))
            self.unacknowledged += not acknowledged
            self.floor = start

    def _note_uncut(self, service: str, offset: int) -> None:
        offsets = self.uncut.get(service)
        if offsets is None:
            offsets = self.uncut[service] = array("I")
        offsets.append(offset)
        self.uncut_records += 1

    def _forget_uncut(self, service: str, count: int) -> None:
        offsets = self.uncut[service]
        del offsets[:count]
        if not offsets:
            del self.uncut[service]
        self.uncut_records -= count


def iter_records(memory: MappedMemory | bytes, start: int, floor: int, seed: int) -> Iterator[tuple[int, bytes]]:
    """Offset and body of each record from `start` on, to the first that does not check."""
    at = start
    while at + RECORD_HEAD.size <= floor:
        size, check = RECORD_HEAD.unpack(memory[at : at + RECORD_HEAD.size])
        body_at = at + RECORD_HEAD.size
        if size < RECORD.size or body_at + size > floor:
            return
        body = memory[body_at : body_at + size]
        if crc32(body, seed) != check:
            return
        yield at, body
        at = body_at + size


def open_segment(memory: MappedMemory, sequence: int, boot_id: bytes) -> SpoolSegment | None:
    """The segment that a file holds; None where it was never finished being made."""
    header = SegmentHeader.decode(memory[0:HEADER_BYTES])
    if header is None or header.sequence != sequence or header.size != len(memory):
        return None
    segment = SpoolSegment(sequence, memory, is_same_boot=header.boot_id == boot_id, is_restored=header.is_restored)
    segment.recover()
    return segment


def _service_of(body: bytes) -> str:
    return _service_in(route_of(body))


@lru_cache(maxsize=4096)
def _service_in(route: bytes) -> str:
    return str(orjson.loads(route)["service"])


def read_boot_id() -> bytes:
    """Names this boot of the machine; random where the system has no such name (then every replay is marked)."""
    try:
        return bytes.fromhex(Path("/proc/sys/kernel/random/boot_id").read_text().strip().replace("-", ""))
    except (OSError, ValueError):
        return new_id().bytes
