"""The spool: what was appended is there after a kill at any write; batches replay as the very same messages."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from uuid import UUID

import orjson
import pytest

from router.domain.outcome import Outcome
from router.spool import Batch, SpoolReader, SpoolWriter
from router.spool.files import READER_LOCK, WRITER_LOCK, SpoolFiles
from router.spool.segment import Memory
from router.spool.writer import DISK_FULL, SPOOL_FULL, TOO_LARGE
from shared.errors import Unavailable
from shared.events.request import RequestLogged

BOOT = b"b" * 16
SEGMENT = 4096


def outcome(number: int, service: str = "wine", *, body: bytes = b'{"inputs":[1]}', response: bytes = b"{}") -> Outcome:
    route = orjson.dumps(
        {"service": service, "version": "v1", "version_id": str(UUID(int=7)), "model": "m/1", "sampling_fraction": 1.0}
    )
    return Outcome(
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

    def append(self, outcome: Outcome) -> str | None:
        return self.writer.append(outcome)

    def next_batch(self, max_records: int, max_bytes: int) -> Batch | None:
        self.reader.look()
        return self.reader.next_batch(max_records, max_bytes)

    def payload(self, batch: Batch) -> bytes:
        return self.reader.payload(batch)

    def acknowledge(self, batch: Batch) -> None:
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
        messages.append((batch.message_id, spool.payload(batch)))
        spool.acknowledge(batch)
    spool.reader.look()  # a sealed segment is looked at once more before it is freed
    return messages


def ids(payload: bytes) -> list[str]:
    return [str(record.record_id) for record in RequestLogged.model_validate_json(payload).records]


def test_a_record_comes_back_as_it_was(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    assert spool.append(outcome(1)) is None
    ((_, payload),) = drain(spool)
    (record,) = RequestLogged.model_validate_json(payload).records
    assert record.record_id == record.request_id == identity(1)
    assert record.client_request_id == "order 1"
    assert (record.service, record.version, record.pod, record.status_code) == ("wine", "v1", "wine-v1-0", 200)
    assert (record.request, record.response) == ('{"inputs":[1]}', "{}")
    assert record.duration_ms == 1.5
    assert record.received_at.isoformat() == "2025-10-09T08:53:20.123456+00:00"
    assert record.api_key_id == UUID(int=5)


def test_bodies_that_cannot_be_logged_say_why(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    large = outcome(1)
    large.request, large.response = None, b"\xff\xfe"
    spool.append(large)
    ((_, payload),) = drain(spool)
    (record,) = RequestLogged.model_validate_json(payload).records
    assert record.request is None
    assert record.response is None
    assert record.logging_error_codes == ("MAX_REQUEST_SIZE_EXCEEDED", "ENCODING_ERROR")


def test_one_record_never_outgrows_a_message(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.writer = SpoolWriter(SpoolFiles(tmp_path), boot_id=BOOT)
    spool.open()
    spool.append(outcome(1, body=b"\1" * 1024 * 1024, response=b"\2" * 1024 * 1024))
    ((_, payload),) = drain(spool)
    assert len(payload) < 8 * 1024 * 1024
    assert b"MAX_ENCODED_SIZE_EXCEEDED" in payload


def test_batches_hold_one_service_each_and_stay_below_their_size(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    for number in range(20):
        spool.append(outcome(number, "wine" if number % 2 else "beer"))
    for _, payload in drain(spool):
        services = {record.service for record in RequestLogged.model_validate_json(payload).records}
        assert len(services) == 1
        assert len(payload) < 2500


def test_segments_are_reused_and_nothing_old_comes_back(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    seen: list[str] = []
    for number in range(300):
        assert spool.append(outcome(number)) is None
        if number % 3 == 0:
            seen += [one for _, payload in drain(spool) for one in ids(payload)]
    seen += [one for _, payload in drain(spool) for one in ids(payload)]
    assert seen == [identity(number) for number in range(300)]
    assert len(list(tmp_path.glob("*.spool"))) <= 4
    spool.close()
    assert drain(open_spool(tmp_path)) == []


def test_a_full_spool_refuses_with_a_reason_and_takes_again_once_acknowledged(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    kept = 0
    while (reason := spool.append(outcome(kept))) is None:
        kept += 1
    assert reason == SPOOL_FULL
    assert sum(len(ids(payload)) for _, payload in drain(spool)) == kept
    assert spool.append(outcome(kept)) is None


def test_full_segments_can_always_be_cut_even_one_record_a_batch(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    kept = 0
    while spool.append(outcome(kept, f"s{kept}")) is None:
        kept += 1
    seen = 0
    while batch := spool.next_batch(1, 1):
        spool.acknowledge(batch)
        seen += batch.records
    assert seen == kept


def test_a_record_larger_than_a_segment_is_refused(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    assert spool.append(outcome(1, body=b"x" * SEGMENT)) == TOO_LARGE
    assert spool.append(outcome(2)) is None


def test_a_full_disk_is_a_reason_not_a_crash(tmp_path: Path) -> None:
    class NoSpace(SpoolFiles):
        def create(self, sequence: int, size: int) -> None:
            raise OSError(28, "No space left on device")

    spool = open_spool(tmp_path, files=NoSpace(tmp_path))
    assert spool.append(outcome(1)) == DISK_FULL


def test_two_processes_cannot_share_a_spool(tmp_path: Path) -> None:
    first = open_spool(tmp_path)
    with pytest.raises(Unavailable, match="another router"):
        open_spool(tmp_path)
    first.close()
    open_spool(tmp_path)


def test_replays_are_the_same_messages_and_marked_once_the_server_may_have_forgotten(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    for number in range(5):
        spool.append(outcome(number))
    batch = spool.next_batch(3, 10_000)
    assert batch is not None
    first = (batch.message_id, spool.payload(batch))
    assert not spool.reader.may_be_forgotten(batch)
    spool.close()

    for age_s, marked in ((59, False), (61, True), (-1, True)):
        again = open_spool(tmp_path, now=partial(int, age_s * 1_000_000_000))
        replay = again.next_batch(3, 10_000)
        assert replay is not None
        assert (replay.message_id, again.payload(replay)) == first
        assert again.reader.may_be_forgotten(replay) is marked
        again.close()


def test_after_a_reboot_every_replay_is_marked(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    spool.append(outcome(1))
    assert spool.next_batch(3, 10_000)
    spool.close()
    after = Spool(tmp_path, now=lambda: 1, boot_id=b"c" * 16).open()
    replay = after.next_batch(3, 10_000)
    assert replay is not None
    assert after.reader.may_be_forgotten(replay)


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

    def __init__(self, memory: Memory, countdown: Countdown, kept: float) -> None:
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

    def take(self, free: int, sequence: int) -> None:
        self._countdown.spend()
        super().take(free, sequence)

    def give_back(self, sequence: int) -> None:
        self._countdown.spend()
        super().give_back(sequence)

    def remove_free(self, free: int) -> None:
        self._countdown.spend()
        super().remove_free(free)

    def map(self, sequence: int) -> Memory:
        return TornMemory(super().map(sequence), self._countdown, self._kept)


class Bus:
    """A stream that drops what it has seen by message id, as the server does inside its window."""

    def __init__(self) -> None:
        self.messages: dict[str, bytes] = {}

    def publish(self, spool: Spool, batch: Batch) -> None:
        payload = spool.payload(batch)
        assert self.messages.setdefault(batch.message_id, payload) == payload

    def rows(self) -> list[str]:
        return [one for payload in self.messages.values() for one in ids(payload)]


def script(spool: Spool, bus: Bus, accepted: list[str], start: int) -> None:
    for number in range(start, start + 60):
        if spool.append(outcome(number, "wine" if number % 3 else "beer")) is None:
            accepted.append(identity(number))
        if number % 7 == 6:
            spool.writer.prepare()
            publish_some(spool, bus)
        if number == 30:
            spool.restart_reader()


def publish_some(spool: Spool, bus: Bus) -> None:
    """Publish three; the last one's acknowledgement gets lost on the way."""
    batches = [batch for _ in range(3) if (batch := spool.next_batch(4, 1500))]
    for batch in batches:
        bus.publish(spool, batch)
    for batch in batches[:-1]:
        spool.acknowledge(batch)
    for batch in batches[-1:]:
        spool.reader.put_back(batch)


def run_until_killed(directory: Path, writes: int, kept: float, bus: Bus, accepted: list[str], start: int) -> bool:
    spool = Spool(directory, files=TornFiles(directory, Countdown(writes), kept), segments=64)
    try:
        spool.open()
        script(spool, bus, accepted, start)
    except Killed:
        return True
    finally:
        spool.die()
    return False


@pytest.mark.parametrize("kept", [0.0, 0.5, 0.95])
def test_killed_at_every_write_nothing_is_lost_and_nothing_doubled(tmp_path: Path, kept: float) -> None:
    writes = 0
    was_killed = True
    while was_killed:
        directory = tmp_path / str(writes)
        bus, accepted = Bus(), list[str]()
        was_killed = run_until_killed(directory, writes, kept, bus, accepted, start=0)
        # A second life that is killed as well (its recovery included), then one that lives.
        run_until_killed(directory, writes // 2, kept, bus, accepted, start=1000)
        last = open_spool(directory)
        while batch := last.next_batch(4, 1500):
            bus.publish(last, batch)
            last.acknowledge(batch)
        assert not last.reader.has_work
        last.close()
        rows = bus.rows()
        assert len(rows) == len(set(rows)), f"doubled after a kill at write {writes}"
        assert set(accepted) <= set(rows), f"lost after a kill at write {writes}"
        writes += 1
    assert writes > 150


def test_records_are_read_while_they_are_written_and_a_real_kill_loses_none(tmp_path: Path) -> None:
    writer = tmp_path / "writer.py"
    writer.write_text(
        "import sys\n"
        "from importlib.util import module_from_spec, spec_from_file_location\n"
        "from pathlib import Path\n"
        f"spec = spec_from_file_location('spool_cases', {str(Path(__file__))!r})\n"
        "cases = module_from_spec(spec); sys.modules['spool_cases'] = cases; spec.loader.exec_module(cases)\n"
        f"spool = cases.SpoolWriter(cases.SpoolFiles(Path({str(tmp_path / 'spool')!r})), segment_bytes=65536)\n"
        "spool.open()\n"
        "for number in range(10**9):\n"
        "    assert spool.append(cases.outcome(number)) is None\n"
        "    sys.stdout.buffer.write(b'%d\\n' % number); sys.stdout.buffer.flush()\n"
    )
    spool, rows = open_spool(tmp_path / "unused"), list[str]()
    spool.reader = SpoolReader(SpoolFiles(tmp_path / "spool", READER_LOCK))
    with subprocess.Popen([sys.executable, str(writer)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        said = [process.stdout.readline()]
        spool.reader.open()
        while len(said) < 20_000:  # some segments: what is read is freed and written again meanwhile
            said += [process.stdout.readline() for _ in range(100)]
            rows += [one for _, payload in drain(spool) for one in ids(payload)]
        os.kill(process.pid, signal.SIGKILL)
        said += process.stdout.read().splitlines(keepends=True)
    accepted = [int(line) for line in said if line.endswith(b"\n")]
    rows += [one for _, payload in drain(spool) for one in ids(payload)]
    next_one = SpoolWriter(SpoolFiles(tmp_path / "spool"), segment_bytes=65536)
    next_one.open()
    assert next_one.append(outcome(10**6)) is None
    *rows, last = rows + [one for _, payload in drain(spool) for one in ids(payload)]
    assert rows[: len(accepted)] == [identity(number) for number in accepted]
    assert len(rows) - len(accepted) <= 1
    assert last == identity(10**6)
    assert len(next_one._files.sequences()) == 1, "what the killed one left is freed"
