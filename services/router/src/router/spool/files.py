"""The spool's directory: fixed-size files that are mapped, renamed and reused."""

from __future__ import annotations

import fcntl
import logging
import mmap
import os
import re
import struct
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from router.spool.segment import MappedMemory
from shared.clock import SystemClock
from shared.errors import Unavailable
from shared.filesystem.files import damaged_name, set_aside, usable_folder

logger = logging.getLogger(__name__)

_SEGMENT = re.compile(r"segment-([0-9a-f]{16})\.spool\Z")
_FREE = re.compile(r"free-([0-9a-f]{16})\.spool\Z")


WRITER_LOCK, READER_LOCK = "lock", "reader.lock"
_PROGRESS = struct.Struct("<QQQ")


@dataclass(frozen=True, slots=True)
class ReaderProgress:
    """How far the reading process is; the writing one exposes it as metrics."""

    waiting_records: int = 0
    """Read, and not yet cut into a message."""
    waiting_messages: int = 0
    """Not yet stored by the bus."""
    refused: int = 0
    """Publishes without an answer, or with a refusal."""


class SpoolFiles:
    """The files of one spool. One process writes records, one reads them; each has a lock of its own."""

    def __init__(self, directory: Path, lock: str = WRITER_LOCK) -> None:
        self.directory = directory
        self._lock_name = lock
        self._lock: int | None = None
        self._progress: mmap.mmap | None = None

    def open(self) -> None:
        """Make the directory and take its lock; raises Unavailable where another process has it."""
        usable_folder(self.directory)
        lock = self._opened(self._lock_name)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(lock)
            raise Unavailable(f"another router uses the spool in {self.directory}") from error
        self._lock = lock

    def close(self) -> None:
        """Release the lock."""
        if self._progress is not None:
            self._progress.close()
            self._progress = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def sequences(self) -> list[int]:
        """Sequence numbers of the segments there are, oldest first."""
        return self._named(_SEGMENT)

    def free_numbers(self) -> list[int]:
        """Former sequence numbers of the files that wait for their next use, oldest first."""
        return self._named(_FREE)

    def free(self, size: int) -> list[int]:
        """Former sequence numbers of the files that may be reused; those of another size are removed."""
        usable = []
        for number in self.free_numbers():
            with suppress(FileNotFoundError):  # the other process may take it away
                path = self._free_path(number)
                if path.is_file() and path.stat().st_size == size:
                    usable.append(number)
                elif path.is_dir():
                    set_aside(path, "it is a folder")
                else:
                    self.remove_free(number)
        return usable

    def create(self, sequence: int, size: int) -> None:
        """A free file whose blocks are allocated: a write to it can never meet a full disk. Raises OSError."""
        path = self._free_path(sequence)
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(file, 0, size)
        except OSError:
            path.unlink(missing_ok=True)
            raise
        finally:
            os.close(file)

    def claim_free(self, free: int, sequence: int) -> None:
        """Make a free file the segment `sequence`. Raises FileNotFoundError where there is no such file any more."""
        self._free_path(free).rename(self._segment_path(sequence))

    def recycle(self, sequence: int) -> None:
        """The segment's file may be reused."""
        self._segment_path(sequence).rename(self._free_path(sequence))

    def remove_free(self, free: int) -> None:
        """Give a free file's space back to the file system."""
        self._free_path(free).unlink(missing_ok=True)

    def remove(self, sequence: int) -> None:
        """Delete a segment's file: it never held anything."""
        self._segment_path(sequence).unlink(missing_ok=True)

    def set_aside(self, sequence: int, reason: str) -> None:
        """Rename a segment's file that cannot be used; one that cannot even be renamed stays, with a warning."""
        try:
            set_aside(self._segment_path(sequence), reason)
        except OSError as error:
            logger.warning("spool: segment %d cannot be used (%s), nor renamed: %s", sequence, reason, error)

    def restore(self, sequence: int, content: bytes) -> Path:
        """Put `content` in the place of a damaged segment, whole or not at all; returns where that one is kept."""
        path = self._segment_path(sequence)
        fresh = self.directory / "restoring"
        fresh.write_bytes(content)
        kept = damaged_name(path, SystemClock())
        os.link(path, kept)
        fresh.replace(path)
        return kept

    def map(self, sequence: int) -> MappedMemory:
        """The segment's bytes, shared with the page cache: they survive the process."""
        file = os.open(self._segment_path(sequence), os.O_RDWR | os.O_CLOEXEC)
        try:
            return mmap.mmap(file, 0, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
        finally:
            os.close(file)

    def age_s(self, sequence: int) -> float | None:
        """Seconds since the segment was last written to; None where it is gone meanwhile."""
        try:
            written_at = self._segment_path(sequence).stat().st_mtime
        except FileNotFoundError:
            return None
        return max(0.0, SystemClock().now().timestamp() - written_at)

    def write_progress(self, progress: ReaderProgress) -> None:
        """Store the reader's progress."""
        self._progress_map()[:] = _PROGRESS.pack(progress.waiting_records, progress.waiting_messages, progress.refused)

    def read_progress(self) -> ReaderProgress:
        """The progress that was stored last."""
        return ReaderProgress(*_PROGRESS.unpack(self._progress_map()[:]))

    def _progress_map(self) -> mmap.mmap:
        if self._progress is None:
            file = self._opened("progress")
            try:
                os.ftruncate(file, _PROGRESS.size)
                self._progress = mmap.mmap(file, _PROGRESS.size)
            finally:
                os.close(file)
        return self._progress

    def _opened(self, name: str) -> int:
        """A file whose content is made anew: what stands in its place is set aside."""
        path, flags = self.directory / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        try:
            return os.open(path, flags, 0o600)
        except (IsADirectoryError, PermissionError) as error:
            set_aside(path, error.strerror or "it cannot be opened")
            return os.open(path, flags, 0o600)

    def _named(self, pattern: re.Pattern[str]) -> list[int]:
        matches = (pattern.match(name) for name in os.listdir(self.directory))
        return sorted(int(match.group(1), 16) for match in matches if match)

    def _segment_path(self, sequence: int) -> Path:
        return self.directory / f"segment-{sequence:016x}.spool"

    def _free_path(self, sequence: int) -> Path:
        return self.directory / f"free-{sequence:016x}.spool"
