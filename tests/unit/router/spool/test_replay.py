"""Batches replay as the very same messages; after a kill at any write nothing is lost or doubled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from router.spool import SpoolBatch, SpoolReader, SpoolWriter
from router.spool.files import READER_LOCK, SpoolFiles
from running_services import spool_world
from running_services.spool_world import Countdown, Killed, Spool, TornFiles, drain, identity, ids, open_spool, outcome


def test_replays_are_the_same_messages_and_marked_once_the_server_may_have_forgotten(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    for number in range(5):
        spool.append(outcome(number))
    batch = spool.next_batch(3, 10_000)
    assert batch is not None
    first = (batch.message_id, batch.payload)
    assert not spool.reader.needs_retry_mark(batch)
    spool.close()

    for age_s, marked in ((59, False), (61, True), (-1, True)):
        again = open_spool(tmp_path, now=partial(int, age_s * 1_000_000_000))
        replay = again.next_batch(3, 10_000)
        assert replay is not None
        assert (replay.message_id, replay.payload) == first
        assert again.reader.needs_retry_mark(replay) is marked
        again.close()


def test_after_a_reboot_every_replay_is_marked(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    spool.append(outcome(1))
    assert spool.next_batch(3, 10_000)
    spool.close()
    after = Spool(tmp_path, now=lambda: 1, boot_id=b"c" * 16).open()
    replay = after.next_batch(3, 10_000)
    assert replay is not None
    assert after.reader.needs_retry_mark(replay)


class Bus:
    """A stream that drops what it has seen by message id, as the server does inside its window."""

    def __init__(self) -> None:
        self.messages: dict[str, bytes] = {}

    def publish(self, spool: Spool, batch: SpoolBatch) -> None:
        payload = batch.payload
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
        spool.reader.requeue(batch)


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
        f"spec = spec_from_file_location('spool_cases', {spool_world.__file__!r})\n"
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
