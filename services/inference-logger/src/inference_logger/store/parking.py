"""The parking area: records of tables that wait, on the logger's own disk. Blocking; callers run it in a thread.

Each segment is one file of JSON lines, `<folder of the table>/<stream and epoch>/<first>-<last>.jsonl`: written whole,
then renamed. Its records keep their positions in the stream, so that they are written exactly once whether the segment
was parked twice or written twice.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote, unquote

import orjson

from inference_logger.domain.records import RawRecord
from inference_logger.domain.tables import TableShare
from inference_logger.domain.waiting import WaitingTable


@dataclass(frozen=True)
class ParkedSegment:
    """Parked records of one table: those of a stream's positions up to `last`."""

    path: Path
    stream: str
    last: int

    def read(self) -> tuple[TableShare, int]:
        """Its records, with their positions; and how many lines are damaged. Such a file is kept under another name."""
        share, damaged = TableShare(), 0
        for line in self.path.read_bytes().splitlines():
            try:
                parked = orjson.loads(line)
            except orjson.JSONDecodeError:
                damaged += 1
            else:
                (share.retried if parked["is_retry"] else share.records).append((parked["sequence"], parked["record"]))
        if damaged:
            shutil.copyfile(self.path, self.path.with_suffix(".damaged"))
        return share, damaged

    def remove(self) -> None:
        """After its records are committed."""
        self.path.unlink(missing_ok=True)


class ParkingArea:
    """The folder of all segments, and how many bytes they may take."""

    def __init__(self, root: Path, limit: int) -> None:
        self.root = root
        self.limit = limit

    def used(self) -> int:
        """Bytes of all segments."""
        return sum(path.stat().st_size for path in self.root.glob("*/*/*.jsonl"))

    def segments(self, table: WaitingTable) -> list[ParkedSegment]:
        """What is parked of a table, the oldest first."""
        folder = self._folder(table)
        return [
            ParkedSegment(path, unquote(stream.name), int(path.stem.partition("-")[2]))
            for stream in sorted(folder.glob("*/"), key=lambda one: unquote(one.name) == table.stream)  # its own last
            for path in sorted(stream.glob("*.jsonl"))
        ]

    def park(self, table: WaitingTable, share: TableShare, upto: int) -> bool:
        """Store records of positions up to `upto`; False: they do not fit. Raises `OSError`."""
        lines = [_line(sequence, record, is_retry=False) for sequence, record in share.records]
        lines += [_line(sequence, record, is_retry=True) for sequence, record in share.retried]
        body = b"".join(lines)
        if self.used() + len(body) > self.limit:
            return False
        folder = self._folder(table) / quote(table.stream, safe="")
        folder.mkdir(parents=True, exist_ok=True)
        _write_whole(folder / f"{table.read_from + 1:020d}-{upto:020d}.jsonl", body)
        return True

    def clear(self, table: WaitingTable) -> None:
        """The table has everything: its empty folders go, and not what was damaged."""
        folder = self._folder(table)
        for place in (*folder.glob("*/"), folder):
            with suppress(OSError):
                place.rmdir()

    def _folder(self, table: WaitingTable) -> Path:
        return self.root / f"{table.key.name}-{sha256(table.location.encode()).hexdigest()[:16]}"


def _line(sequence: int, record: RawRecord, *, is_retry: bool) -> bytes:
    return orjson.dumps({"sequence": sequence, "is_retry": is_retry, "record": record}) + b"\n"


def _write_whole(path: Path, body: bytes) -> None:
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
