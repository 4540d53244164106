"""Bytes of a segment (docs/spool.md): header, records growing up, batch entries growing down. Little endian.

Everything carries a CRC-32 seeded with the segment's sequence number, so that what an earlier use of a recycled file
left behind never passes for the present.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from uuid import UUID
from zlib import crc32

from router.domain.outcome import RequestOutcome
from router.spool.sealing import BodySealer

MAGIC = b"PSPOOL01"
HEADER = struct.Struct("<8sIQ16s16sI")
"""magic, segment bytes, sequence, spool id, boot id, crc of what precedes."""
HEADER_BYTES = 64
RESTORED_AT = 56
"""A byte of the header: 1 in a segment restored from a damaged one: any of its records may have been published."""
SEAL = struct.Struct("<I")
SEAL_AT = 60
"""The seal: set once no more records will come, to a value that an earlier use of the file did not have."""

RECORD_HEAD = struct.Struct("<II")
"""Body bytes, crc of the body. Written after the body: it is what makes the record exist."""
RECORD = struct.Struct("<BBHQI16s16sBHBBBHII")
"""layout, flags, status, received ns, duration µs, record id, key id, lengths: request id, client id, pod, reason,
trace, route, request, response (0xFFFFFFFF: left out, too large)."""
LAYOUT_VERSION = 1
SEALED_LAYOUT = 2
"""Of a version with masking rules: they, and the bodies sealed, stand where the plain bodies stand otherwise."""
MAX_CLIENT_ID_BYTES = 4096
"""256 characters of four UTF-8 bytes each, percent-encoded, fit."""
FLAG_ABORTED = 1
FLAG_KEYED = 2
FLAG_OWN_REQUEST_ID = 4
OMITTED = 0xFFFFFFFF
"""The length of a body that was too large to keep."""

BATCH = struct.Struct("<16sQI")
"""message id, cut at (boot-time ns), how many offsets precede it."""
BATCH_TAIL = struct.Struct("<BxxxII")
"""acknowledged (0 or 1, outside the crc), entry bytes before the tail, crc of them."""
OFFSET = struct.Struct("<I")
BATCH_FIXED = BATCH.size + BATCH_TAIL.size
RESERVED_PER_RECORD = BATCH_FIXED + OFFSET.size
"""Room kept for batch entries at every append, so that a full segment can always say how it was cut."""


@dataclass(frozen=True, slots=True)
class SegmentHeader:
    """Who wrote the segment, and in which boot of the machine."""

    size: int
    sequence: int
    spool_id: bytes
    boot_id: bytes
    is_restored: bool = False

    def encode(self) -> bytes:
        """HEADER_BYTES bytes."""
        body = struct.pack("<8sIQ16s16s", MAGIC, self.size, self.sequence, self.spool_id, self.boot_id)
        return (body + OFFSET.pack(crc32(body)) + bytes([self.is_restored])).ljust(HEADER_BYTES, b"\0")

    @classmethod
    def decode(cls, raw: bytes) -> SegmentHeader | None:
        """None where these are not a segment's first bytes."""
        if len(raw) < HEADER_BYTES:
            return None
        magic, size, sequence, spool_id, boot_id, check = HEADER.unpack_from(raw)
        if magic != MAGIC or check != crc32(raw[: HEADER.size - 4]):
            return None
        return cls(size, sequence, spool_id, boot_id, is_restored=bool(raw[RESTORED_AT]))


@dataclass(frozen=True, slots=True)
class BatchEntry:
    """Which records one message carries, and its id."""

    message_id: UUID
    cut_at_ns: int
    offsets: tuple[int, ...]

    def encode(self, seed: int) -> bytes:
        """Entry and tail; the entry's end is where the previous one begins."""
        body = struct.pack(f"<{len(self.offsets)}I", *self.offsets)
        body += BATCH.pack(self.message_id.bytes, self.cut_at_ns, len(self.offsets))
        return body + BATCH_TAIL.pack(0, len(body), crc32(body, seed))


def decode_batch(body: bytes) -> BatchEntry:
    """The entry whose bytes (without the tail) passed the check."""
    raw_id, cut_at_ns, count = BATCH.unpack_from(body, len(body) - BATCH.size)
    return BatchEntry(UUID(bytes=raw_id), cut_at_ns, struct.unpack_from(f"<{count}I", body))


def encode_record(outcome: RequestOutcome, sealer: BodySealer | None = None) -> bytes:
    """The record's body; bodies of a version with masking rules are never without a seal."""
    flags = (
        (FLAG_ABORTED if outcome.aborted else 0)
        | (FLAG_KEYED if outcome.api_key_id else 0)
        | (0 if outcome.request_id else FLAG_OWN_REQUEST_ID)
    )
    request, response = outcome.request, outcome.response
    client_request_id, pod = outcome.client_request_id[:MAX_CLIENT_ID_BYTES], outcome.pod[:255]
    head = RECORD.pack(
        SEALED_LAYOUT if outcome.masking else LAYOUT_VERSION,
        flags,
        outcome.status,
        outcome.received_ns,
        min(outcome.duration_us, OMITTED),
        outcome.record_id,
        outcome.api_key_id.bytes if outcome.api_key_id else b"",
        len(outcome.request_id),
        len(client_request_id),
        len(pod),
        len(outcome.reason),
        len(outcome.trace_id),
        len(outcome.route),
        OMITTED if request is None else len(request),
        OMITTED if response is None else len(response),
    )
    front = outcome.request_id, client_request_id, pod, outcome.reason, outcome.trace_id, outcome.route
    if not outcome.masking:
        return b"".join((head, *front, request or b"", response or b""))
    if sealer is None:
        raise RuntimeError("a record that is to be masked, and nothing to seal it with")
    return sealer.seal(b"".join((head, *front)), outcome.masking, (request or b"") + (response or b""))


def split_bodies(content: bytes, at: int, request_size: int) -> tuple[bytes, bytes]:
    """The request, which begins at `at`, and the response behind it; of one that was left out, no bytes."""
    cut = at + (0 if request_size == OMITTED else request_size)
    return content[at:cut], content[cut:]


def route_of(body: bytes) -> bytes:
    """The route in a record's body."""
    lengths = RECORD.unpack_from(body)[7:]
    start = RECORD.size + sum(lengths[:5])
    return body[start : start + lengths[5]]


def seal_of(sequence: int) -> bytes:
    """What stands at SEAL_AT in a segment that is complete."""
    return SEAL.pack(crc32(MAGIC, seed_of(sequence)) or 1)


def seed_of(sequence: int) -> int:
    """What the CRCs of a segment start from."""
    return sequence & 0xFFFFFFFF
