"""The writing side: records of what was answered, appended to the segment in use. It runs in the data plane's process.

Nothing but the bytes is shared with the reading side, a process of its own (`reader.py`).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from zlib import crc32

from router.domain.outcome import RequestOutcome
from router.spool.files import SpoolFiles
from router.spool.format import (
    HEADER_BYTES,
    RECORD_HEAD,
    RESERVED_PER_RECORD,
    SEAL,
    SEAL_AT,
    SegmentHeader,
    encode_record,
    seal_of,
    seed_of,
)
from router.spool.repair import RepairedSegment, is_unfinished, repair_segment
from router.spool.sealing import BodySealer
from router.spool.segment import MappedMemory, read_boot_id
from shared.counted import counted
from shared.ids import new_id

logger = logging.getLogger(__name__)

SPOOL_FULL = "spool_full"
DISK_FULL = "disk_full"
TOO_LARGE = "record_too_large"

SEGMENT_BYTES = 8 * 1024 * 1024
CAP_BYTES = 1024 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SpoolState:
    """How full it is."""

    segments: int
    bytes_used: int
    bytes_cap: int
    waiting_records: int
    waiting_messages: int
    oldest_age_s: float | None = None
    """Since the oldest full segment was last written to; None where there is none."""


class SpoolWriter:
    """Single-threaded, used on the event loop. `open` takes the directory from whoever wrote before."""

    def __init__(
        self,
        files: SpoolFiles,
        *,
        segment_bytes: int = SEGMENT_BYTES,
        cap_bytes: int = CAP_BYTES,
        boot_id: bytes | None = None,
    ) -> None:
        self._files = files
        self.sealer: BodySealer | None = None
        """Of records whose version has masking rules: without it none of them is taken."""
        self._segment_bytes = segment_bytes
        self._largest_body = segment_bytes - HEADER_BYTES - RECORD_HEAD.size - RESERVED_PER_RECORD
        self._max_segments = max(2, cap_bytes // segment_bytes)
        self._boot_id = boot_id if boot_id is not None else read_boot_id()
        self._spool_id = new_id().bytes
        self._next_sequence = 1
        self._is_prepared = False
        self._sequence = self._seed = 0
        self._memory: MappedMemory | None = None
        self._end = self._room = 0

    def open(self) -> None:
        """Take the directory; what an earlier process wrote is complete now. Raises Unavailable where it is in use."""
        self._files.open()
        sequences = self._files.sequences()
        self._next_sequence = max([0, *sequences, *self._files.free_numbers()]) + 1
        for sequence in sequences:
            self._seal_leftover(sequence)

    def close(self) -> None:
        """The segment in use is complete; what is in it stays."""
        self._seal()
        self._files.close()

    def append(self, outcome: RequestOutcome) -> str | None:
        """None when the record is safe, else why it was dropped."""
        body = encode_record(outcome, self.sealer)
        size = len(body)
        needed = RECORD_HEAD.size + size + RESERVED_PER_RECORD
        if needed > self._room:
            reason = self._roll(size)
            if reason is not None:
                return reason
        at = self._end
        start = at + RECORD_HEAD.size
        self._end = stop = start + size
        self._room -= needed
        memory = self._memory
        assert memory is not None
        memory[start:stop] = body
        memory[at:start] = RECORD_HEAD.pack(size, crc32(body, self._seed))
        return None

    def prepare(self) -> None:
        """Have the next segment's file ready before it is needed, so that no request waits for its allocation."""
        if self._is_prepared or self._memory is None or self._end <= self._segment_bytes // 2:
            return
        try:
            self._is_prepared = bool(self._files.free(self._segment_bytes)) or self._create_free() is not None
        except OSError as error:
            logger.warning("spool: cannot prepare a segment: %s", error)

    def state(self) -> SpoolState:
        """How full it is now."""
        sequences, progress = self._files.sequences(), self._files.read_progress()
        full = [sequence for sequence in sequences if sequence != self._sequence]
        return SpoolState(
            segments=len(sequences),
            bytes_used=len(sequences) * self._segment_bytes,
            bytes_cap=self._max_segments * self._segment_bytes,
            waiting_records=progress.waiting_records,
            waiting_messages=progress.waiting_messages,
            oldest_age_s=self._files.age_s(full[0]) if full else None,
        )

    def _roll(self, body_size: int) -> str | None:
        if body_size > self._largest_body:
            return TOO_LARGE
        self._seal()
        try:
            sequence = self._take_free()
        except OSError as error:
            logger.warning("spool: no new segment: %s", error)
            return DISK_FULL
        if sequence is None:
            return SPOOL_FULL
        memory = self._files.map(sequence)
        header = SegmentHeader(len(memory), sequence, self._spool_id, self._boot_id)
        memory[0:HEADER_BYTES] = header.encode()
        self._memory, self._sequence, self._seed = memory, sequence, seed_of(sequence)
        self._end, self._room = HEADER_BYTES, self._segment_bytes - HEADER_BYTES
        self._is_prepared = False
        return None

    def _take_free(self) -> int | None:
        """The sequence of a new segment's file, which has no header yet; None at the cap. Raises OSError."""
        candidates = self._files.free(self._segment_bytes)
        while True:
            free = candidates.pop() if candidates else self._create_free()
            if free is None:
                return None
            sequence = self._take_sequence()
            try:
                self._files.claim_free(free, sequence)
            except FileNotFoundError:
                continue  # the reading side has removed a file too many
            return sequence

    def _create_free(self) -> int | None:
        if len(self._files.sequences()) + len(self._files.free_numbers()) >= self._max_segments:
            return None
        number = self._take_sequence()
        self._files.create(number, self._segment_bytes)
        return number

    def _seal(self) -> None:
        if self._memory is not None:
            self._memory[SEAL_AT : SEAL_AT + SEAL.size] = seal_of(self._sequence)
            self._memory.close()
            self._memory = None
            self._room = 0

    def _seal_leftover(self, sequence: int) -> None:
        try:
            memory = self._files.map(sequence)
        except FileNotFoundError:
            return  # read to its end just now
        except (OSError, ValueError) as error:  # empty, a folder, not readable
            self._files.set_aside(sequence, str(error))
            return
        try:
            header = SegmentHeader.decode(memory[0:HEADER_BYTES])
            if header is not None and header.sequence == sequence and header.size == len(memory):
                memory[SEAL_AT : SEAL_AT + SEAL.size] = seal_of(sequence)
                return
            content = memory[0 : len(memory)]
        finally:
            memory.close()
        self._repair(sequence, content)

    def _repair(self, sequence: int, damaged: bytes) -> None:
        found = repair_segment(damaged, sequence, self._segment_bytes)
        if found.records:
            self._restore(sequence, found)
        elif is_unfinished(damaged, sequence, self._segment_bytes):
            self._files.remove(sequence)
        else:
            self._files.set_aside(sequence, f"{counted(len(damaged), 'byte')}, in which no record can be read")

    def _restore(self, sequence: int, found: RepairedSegment) -> None:
        try:
            kept = self._files.restore(sequence, found.content)
        except OSError as error:
            logger.warning("spool: segment %d is damaged and cannot be restored now: %s", sequence, error)
            return
        logger.warning(
            "spool: segment %d was damaged; kept as %s, %d records of it are sent", sequence, kept, found.records
        )
        self._seal_leftover(sequence)

    def _take_sequence(self) -> int:
        sequence = self._next_sequence
        self._next_sequence += 1
        return sequence
