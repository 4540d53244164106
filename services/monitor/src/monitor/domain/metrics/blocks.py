"""A block: the entries of one service over a stretch of time as compressed bytes.

Layout, compressed with zlib: four bytes with the length of a JSON head, the head, then columns. The head says the
format (`v`), series, fields and the columns' lengths. Entries are sorted by field, series and moment: so moments are
nearly always one step after the one before, and numbers of one kind lie together. Columns are written byte plane by
byte plane.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np
import orjson
from numpy.typing import NDArray

from monitor.domain.metrics.entries import NOTHING, Entries, Ints, Series

FORMAT = 1
LEVEL = 6


def pack(entries: Entries, start: int, step_s: int) -> bytes:
    """Entries of one service, as `rolled` left them, each in a step after `start`."""
    runs = entries.field.astype(np.int64) * len(entries.series) + entries.owner
    owners, counts = np.unique(runs, return_counts=True)
    moments = np.diff((entries.at - start) // step_s, prepend=0)
    columns = [_planes(column) for column in (owners, counts, moments, entries.values)]
    head = orjson.dumps(
        {
            "v": FORMAT,
            "series": [series[1:] for series in entries.series],
            "fields": entries.fields,
            "columns": [(length, width) for length, width, _ in columns],
        }
    )
    body = b"".join((struct.pack("<I", len(head)), head, *(data for _, _, data in columns)))
    return zlib.compress(body, LEVEL)


def unpack(block: bytes, service: str, start: int, step_s: int) -> Entries:
    """The entries again. Raises `ValueError` for a block of another format."""
    body = memoryview(zlib.decompress(block))
    (length,) = struct.unpack_from("<I", body)
    head = orjson.loads(body[4 : 4 + length])
    if head["v"] != FORMAT:
        raise ValueError(f"a block of metrics has format {head['v']}; this release reads {FORMAT}")
    offset, columns = 4 + length, []
    for count, width in head["columns"]:
        columns.append(_numbers(body[offset : offset + count * width], count, width))
        offset += count * width
    owners, counts, moments, values = columns
    if not len(values):
        return NOTHING
    series = tuple(Series(service, *names) for names in head["series"])
    fields, of_series = (part.astype(np.int32) for part in np.divmod(owners, len(series)))
    at = np.cumsum(moments, dtype=np.int64)
    at *= step_s
    at += start
    names = tuple(head["fields"])
    return Entries(series, names, at, np.repeat(of_series, counts), np.repeat(fields, counts), values)


def _planes(numbers: Ints) -> tuple[int, int, bytes]:
    """Zigzag, then as many bytes as the largest needs, the lowest of all numbers first."""
    folded = ((numbers << 1) ^ (numbers >> 63)).view(np.uint64)
    width = max(1, (int(folded.max()).bit_length() + 7) // 8) if len(folded) else 1
    planes = folded.astype("<u8").view(np.uint8).reshape(-1, 8)[:, :width].T
    return len(numbers), width, planes.tobytes()


def _numbers(data: memoryview, count: int, width: int) -> Ints:
    planes: NDArray[np.uint8] = np.frombuffer(data, np.uint8).reshape(width, count)
    folded = planes[0].astype(np.int64)
    for place in range(1, width):
        folded |= planes[place].astype(np.int64) << (8 * place)
    sign = folded & 1
    folded >>= 1
    folded &= np.int64(2**63 - 1)  # of eight bytes the highest bit is a number's, not a sign
    numbers: Ints = folded ^ -sign
    return numbers
