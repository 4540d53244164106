"""Counts of the request log by service, minute and outcome, in files that survive the router.

One file per minute of requests' arrival, mapped like the spool's segments: a SIGKILL takes nothing back. The router
writes, the shipper reads and removes; see `docs/spool.md`. A file is named for the minute and a random id, and every
count in it only grows, so that whoever is told of it twice, or late, knows the same in the end.
"""

from __future__ import annotations

import logging
import mmap
import os
import struct
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from shared.filesystem.files import usable_folder
from shared.ids import new_id

logger = logging.getLogger(__name__)

LOGGED = "logged"
"""The outcome of what is in the spool; every other one is why a request is not."""
FILE_BYTES = 64 * 1024
SLOT = struct.Struct("<QBB94s24s")
"""Count, lengths of the two texts, service, outcome; 128 bytes."""
COUNT_BYTES = 8
MINUTE_NS = 60 * 1_000_000_000
OPEN_FOR_NS = 2 * MINUTE_NS
"""A minute's files are closed so long after it began; what ends later goes to another file of that minute."""
_OPEN, _CLOSED = ".open", ".counts"

Key = tuple[int, str, str]
"""Minute since 1970, service, outcome."""


@dataclass(slots=True)
class _File:
    path: Path
    memory: mmap.mmap
    numbers: memoryview
    """The same memory as whole numbers: each count is written at once, so that no reader sees half of one."""
    end: int = 0

    def close(self) -> None:
        """Nothing will be added."""
        self.numbers.release()
        self.memory.close()
        with suppress(FileNotFoundError):
            self.path.rename(self.path.with_suffix(_CLOSED))


@dataclass
class CountsWriter:
    """The router's side. Used on the event loop only."""

    directory: Path
    _files: defaultdict[int, list[_File]] = field(default_factory=lambda: defaultdict(list))
    """Of each minute; only the last one has room for more slots."""
    _slots: dict[Key, tuple[memoryview, int]] = field(default_factory=dict)
    _unwritten: Counter[Key] = field(default_factory=Counter)
    """While the disk has no room for a file: of keys without a slot."""
    _retry_ns: int = 0

    def open(self) -> None:
        """What an earlier router left is complete."""
        usable_folder(self.directory)
        for left in self.directory.glob(f"*{_OPEN}"):
            left.rename(left.with_suffix(_CLOSED))

    def count(self, service: str, received_ns: int, outcome: str | None) -> None:
        """One more request that came in then; `outcome` None: it is in the spool. Never raises."""
        key = (received_ns // MINUTE_NS, service, outcome or LOGGED)
        slot = self._slots.get(key) or self._new_slot(key, received_ns)
        if slot is None:
            self._unwritten[key] += 1
            return
        numbers, place = slot
        numbers[place] += 1

    def tidy(self, now_ns: int) -> None:
        """Close the files of minutes that are over; write what had no room."""
        for minute in [minute for minute in self._files if now_ns - minute * MINUTE_NS > OPEN_FOR_NS]:
            self._close(minute)
        for key in list(self._unwritten):
            self._new_slot(key, now_ns)

    def close(self) -> None:
        """All files are complete."""
        for minute in list(self._files):
            self._close(minute)

    def _new_slot(self, key: Key, now_ns: int) -> tuple[memoryview, int] | None:
        """It holds what was counted of the key while there was none."""
        minute, service, outcome = key
        try:
            file = self._file(minute, now_ns)
        except OSError as error:
            logger.warning("counts of the request log wait in memory: %s", error)
            self._retry_ns = now_ns + 1_000_000_000
            return None
        if file is None:
            return None
        name, what = service.encode()[:94], outcome.encode()[:24]
        at, place = file.end, file.end // COUNT_BYTES
        file.memory[at : at + SLOT.size] = SLOT.pack(0, len(name), len(what), name, what)
        file.numbers[place] = self._unwritten.pop(key, 0)
        file.end += SLOT.size
        self._slots[key] = slot = (file.numbers, place)
        return slot

    def _file(self, minute: int, now_ns: int) -> _File | None:
        files = self._files[minute]
        if files and files[-1].end + SLOT.size <= FILE_BYTES:
            return files[-1]
        if now_ns < self._retry_ns:
            return None
        path = self.directory / f"{minute}-{new_id()}{_OPEN}"
        memory = _allocate(path)
        files.append(_File(path, memory, memoryview(memory).cast("Q")))
        return files[-1]

    def _close(self, minute: int) -> None:
        for key in [key for key in self._slots if key[0] == minute]:
            del self._slots[key]
        for file in self._files.pop(minute):
            file.close()


def _allocate(path: Path) -> mmap.mmap:
    """Zeros whose blocks are there: writing them can never meet a full disk. Raises OSError."""
    opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(opened, 0, FILE_BYTES)
        return mmap.mmap(opened, FILE_BYTES)
    except OSError:
        path.unlink(missing_ok=True)
        raise
    finally:
        os.close(opened)


@dataclass(frozen=True)
class MinuteCounts:
    """What one file says of one service: outcome → requests that came in within the minute."""

    source: UUID
    minute: int
    service: str
    counts: dict[str, int]


@dataclass(frozen=True)
class CountsFile:
    """One file as the shipper sees it. `is_closed`: nothing will be added."""

    path: Path
    is_closed: bool
    services: tuple[MinuteCounts, ...]

    def remove(self) -> None:
        """Everything in it was told."""
        self.path.unlink(missing_ok=True)


def read_counts(directory: Path) -> Iterator[CountsFile]:
    """The files there are, oldest minutes first; what is no such file is left alone."""
    for path in sorted(directory.glob("*-*")):  # names first: what is read under a closed file's name is all of it
        minute, _, source = path.stem.partition("-")
        try:
            found = _read(path.read_bytes(), UUID(source), int(minute))
        except (OSError, ValueError):
            continue
        if path.suffix in {_OPEN, _CLOSED}:
            yield CountsFile(path, path.suffix == _CLOSED, found)


def _read(content: bytes, source: UUID, minute: int) -> tuple[MinuteCounts, ...]:
    services: dict[str, dict[str, int]] = {}
    for at in range(0, len(content) - SLOT.size + 1, SLOT.size):
        count, name_size, what_size, name, what = SLOT.unpack_from(content, at)
        if not name_size:
            break
        if count:
            services.setdefault(name[:name_size].decode(), {})[what[:what_size].decode()] = count
    return tuple(MinuteCounts(source, minute, service, counts) for service, counts in services.items())
