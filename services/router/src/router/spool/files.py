"""The spool's directory: fixed-size files that are mapped, renamed and reused."""

from __future__ import annotations

import fcntl
import mmap
import os
import re
from pathlib import Path

from router.spool.segment import Memory
from shared.errors import Unavailable

_SEGMENT = re.compile(r"segment-([0-9a-f]{16})\.spool\Z")
_FREE = re.compile(r"free-([0-9a-f]{16})\.spool\Z")


class SpoolFiles:
    """The files of one spool, held by one process at a time."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._lock: int | None = None

    def open(self) -> None:
        """Make the directory and take its lock; raises Unavailable where another process has it."""
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(self.directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(lock)
            raise Unavailable(f"another router uses the spool in {self.directory}") from error
        self._lock = lock

    def close(self) -> None:
        """Let the lock go."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def sequences(self) -> list[int]:
        """Sequence numbers of the segments there are, oldest first."""
        return self._named(_SEGMENT)

    def free(self, size: int) -> list[int]:
        """Former sequence numbers of the files that may be reused; those of another size are removed."""
        usable = []
        for number in self._named(_FREE):
            if self._free_path(number).stat().st_size == size:
                usable.append(number)
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

    def take(self, free: int, sequence: int) -> None:
        """Make a free file the segment `sequence`."""
        self._free_path(free).rename(self._segment_path(sequence))

    def give_back(self, sequence: int) -> None:
        """The segment's file may be reused."""
        self._segment_path(sequence).rename(self._free_path(sequence))

    def remove_free(self, free: int) -> None:
        """Give a free file's space back to the file system."""
        self._free_path(free).unlink(missing_ok=True)

    def remove(self, sequence: int) -> None:
        """Delete a segment's file: it never held anything."""
        self._segment_path(sequence).unlink(missing_ok=True)

    def map(self, sequence: int) -> Memory:
        """The segment's bytes, shared with the page cache: they survive the process."""
        file = os.open(self._segment_path(sequence), os.O_RDWR | os.O_CLOEXEC)
        try:
            return mmap.mmap(file, 0, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
        finally:
            os.close(file)

    def _named(self, pattern: re.Pattern[str]) -> list[int]:
        matches = (pattern.match(name) for name in os.listdir(self.directory))
        return sorted(int(match.group(1), 16) for match in matches if match)

    def _segment_path(self, sequence: int) -> Path:
        return self.directory / f"segment-{sequence:016x}.spool"

    def _free_path(self, sequence: int) -> Path:
        return self.directory / f"free-{sequence:016x}.spool"
