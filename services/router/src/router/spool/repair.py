"""A segment whose file is damaged (cut, grown, its header lost): what still checks is put into a whole one."""

from __future__ import annotations

from dataclasses import dataclass

from router.spool.format import HEADER_BYTES, SegmentHeader, seed_of
from router.spool.segment import iter_records

UNKNOWN = b"\0" * 16


@dataclass(frozen=True, slots=True)
class RepairedSegment:
    """What could be read of a damaged segment."""

    content: bytes
    """A whole segment: the records up to the first that does not check, and the batch entries where they are left."""
    records: int


def repair_segment(damaged: bytes, sequence: int, segment_bytes: int) -> RepairedSegment:
    """Read `damaged` as the segment `sequence`; `segment_bytes` is its size where its own header does not say."""
    header = SegmentHeader.decode(damaged[:HEADER_BYTES])
    if header is None or header.sequence != sequence:
        header = SegmentHeader(segment_bytes, sequence, UNKNOWN, UNKNOWN)
    whole = SegmentHeader(header.size, sequence, header.spool_id, header.boot_id, is_restored=True).encode()
    content = (whole + damaged[HEADER_BYTES:])[: header.size].ljust(header.size, b"\0")
    found = iter_records(content, HEADER_BYTES, min(len(damaged), header.size), seed_of(sequence))
    return RepairedSegment(content, sum(1 for _ in found))


def is_unfinished(raw: bytes, sequence: int, segment_bytes: int) -> bool:
    """Whether this is a file of the right size that a kill kept from becoming `sequence`: it never held a record."""
    header = SegmentHeader.decode(raw[:HEADER_BYTES])
    return len(raw) == segment_bytes and (header is None or header.sequence != sequence)
