"""A request spool with both of its sides in one process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import orjson

from router.domain.outcome import RequestOutcome
from router.spool import SpoolBatch, SpoolReader, SpoolWriter
from router.spool.files import READER_LOCK, WRITER_LOCK, SpoolFiles
from router.spool.segment import MappedMemory
from shared.events.request import RequestLogged

BOOT = b"b" * 16


SEGMENT = 4096


def outcome(
    number: int, service: str = "wine", *, body: bytes = b'{"inputs":[1]}', response: bytes = b"{}"
) -> RequestOutcome:
    route = orjson.dumps(
        {"service": service, "version": "v1", "version_id": str(UUID(int=7)), "model": "m/1", "sampling_fraction": 1.0}
    )
    return RequestOutcome(
        service=service,
        route=route,
        record_id=UUID(int=7 << 80 | number).bytes,
        request_id=b"",
        client_request_id=b"order%20" + str(number).encode(),
        pod=b"wine-v1-0",
        reason=b"only",
        trace_id=b"0" * 31 + b"1",
        api_key_id=UUID(int=5),
        received_ns=1_760_000_000_123_456_789,
        duration_us=1500,
        status=200,
        request=body,
        response=response,
    )


def identity(number: int) -> str:
    return str(UUID(int=7 << 80 | number))


class Spool:
    """Both sides in one process; each sees of the other what stands in the files."""

    def __init__(
        self,
        directory: Path,
        *,
        files: SpoolFiles | None = None,
        segments: int = 16,
        now: Callable[[], int] = lambda: 0,
        boot_id: bytes = BOOT,
    ) -> None:
        self.writer = SpoolWriter(
            files or SpoolFiles(directory), segment_bytes=SEGMENT, cap_bytes=segments * SEGMENT, boot_id=boot_id
        )
        self.files = files.reading() if isinstance(files, TornFiles) else SpoolFiles(directory, READER_LOCK)
        self.now, self.boot_id = now, boot_id
        self.reader = self.new_reader()

    def new_reader(self) -> SpoolReader:
        return SpoolReader(self.files, boot_ns=self.now, boot_id=self.boot_id)

    def open(self) -> Spool:
        self.writer.open()
        self.reader.open()
        return self

    def append(self, outcome: RequestOutcome) -> str | None:
        return self.writer.append(outcome)

    def next_batch(self, max_records: int, max_bytes: int) -> SpoolBatch | None:
        self.reader.scan()
        return self.reader.next_batch(max_records, max_bytes)

    def acknowledge(self, batch: SpoolBatch) -> None:
        self.reader.acknowledge(batch)

    def restart_reader(self) -> None:
        """It is killed, another takes its place; the writer knows nothing of it."""
        self.reader.close()
        self.reader = self.new_reader()
        self.reader.open()

    def close(self) -> None:
        self.reader.close()
        self.writer.close()

    def die(self) -> None:
        """As a kill leaves it: nothing is sealed; only the locks go."""
        self.reader.close()
        self.writer._files.close()


def open_spool(directory: Path, *, files: SpoolFiles | None = None, now: Callable[[], int] = lambda: 0) -> Spool:
    return Spool(directory, files=files, now=now).open()


def drain(spool: Spool) -> list[tuple[str, bytes]]:
    messages = []
    while batch := spool.next_batch(10, 2000):
        messages.append((batch.message_id, batch.payload))
        spool.acknowledge(batch)
    spool.reader.scan()  # a sealed segment is looked at once more before it is freed
    return messages


def ids(payload: bytes) -> list[str]:
    return [str(record.record_id) for record in RequestLogged.model_validate_json(payload).records]


class Killed(BaseException):
    """The process ends here."""


class Countdown:
    def __init__(self, writes: int) -> None:
        self.left = writes

    def spend(self) -> None:
        if self.left == 0:
            raise Killed
        self.left -= 1


class TornMemory:
    """Mapped bytes whose k-th write is cut in the middle."""

    def __init__(self, memory: MappedMemory, countdown: Countdown, kept: float) -> None:
        self._memory, self._countdown, self._kept = memory, countdown, kept

    def __getitem__(self, where: slice, /) -> bytes:
        return self._memory[where]

    def __setitem__(self, where: slice, value: bytes, /) -> None:
        try:
            self._countdown.spend()
        except Killed:
            kept = int(len(value) * self._kept)
            self._memory[where.start : where.start + kept] = value[:kept]
            raise
        self._memory[where] = value

    def __len__(self) -> int:
        return len(self._memory)

    def close(self) -> None:
        self._memory.close()


class TornFiles(SpoolFiles):
    """Every change of the directory counts as a write too."""

    def __init__(self, directory: Path, countdown: Countdown, kept: float, lock: str = WRITER_LOCK) -> None:
        super().__init__(directory, lock)
        self._countdown, self._kept = countdown, kept

    def reading(self) -> TornFiles:
        """The same for the reading side: what is left to write is counted over both."""
        return TornFiles(self.directory, self._countdown, self._kept, READER_LOCK)

    def create(self, sequence: int, size: int) -> None:
        try:
            self._countdown.spend()
        except Killed:
            super().create(sequence, max(1, int(size * self._kept)))
            raise
        super().create(sequence, size)

    def claim_free(self, free: int, sequence: int) -> None:
        self._countdown.spend()
        super().claim_free(free, sequence)

    def recycle(self, sequence: int) -> None:
        self._countdown.spend()
        super().recycle(sequence)

    def remove_free(self, free: int) -> None:
        self._countdown.spend()
        super().remove_free(free)

    def map(self, sequence: int) -> MappedMemory:
        return TornMemory(super().map(sequence), self._countdown, self._kept)
