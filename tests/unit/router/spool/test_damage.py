"""A spool whose files were damaged: what checks is sent, what was damaged is kept and named, the router starts."""

from __future__ import annotations

import logging
from pathlib import Path
from uuid import UUID

import orjson
import pytest

from router.domain.outcome import RequestOutcome
from router.spool import SpoolReader, SpoolWriter
from router.spool.files import READER_LOCK, SpoolFiles
from router.spool.format import HEADER_BYTES

SEGMENT = 65_536
RECORDS = 100
BOOT = b"b" * 16


def outcome(number: int) -> RequestOutcome:
    route = orjson.dumps({"service": "wine", "version": "v1", "version_id": str(UUID(int=7)), "model": "m/1"})
    return RequestOutcome(
        service="wine",
        route=route,
        record_id=UUID(int=7 << 80 | number).bytes,
        request_id=b"",
        client_request_id=b"order",
        pod=b"wine-v1-0",
        reason=b"only",
        trace_id=b"",
        api_key_id=None,
        received_ns=1_760_000_000_123_456_789,
        duration_us=1500,
        status=200,
        request=b'{"inputs":[1]}',
        response=b"{}",
    )


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    """A spool that was killed with RECORDS records in its one segment."""
    writer = SpoolWriter(SpoolFiles(tmp_path / "spool"), segment_bytes=SEGMENT, boot_id=BOOT)
    writer.open()
    for number in range(RECORDS):
        assert writer.append(outcome(number)) is None
    writer.close()
    return tmp_path / "spool"


def segment_of(spool: Path) -> Path:
    (segment,) = spool.glob("segment-*.spool")
    return segment


def sent_after_restart(spool: Path) -> tuple[list[int], set[bool]]:
    """The numbers of the records that the next router sends, and how their messages are marked."""
    writer = SpoolWriter(SpoolFiles(spool), segment_bytes=SEGMENT, boot_id=BOOT)
    reader = SpoolReader(SpoolFiles(spool, READER_LOCK), boot_id=BOOT)
    writer.open()
    reader.open()
    sent, marked = [], set()
    reader.scan()
    while batch := reader.next_batch(10, 100_000):
        marked.add(reader.needs_retry_mark(batch))
        records = orjson.loads(batch.payload)["records"]
        sent += [UUID(record["record_id"]).int & 0xFFFF for record in records]
        reader.acknowledge(batch)
        reader.scan()
    assert writer.append(outcome(0)) is None
    reader.close()
    writer.close()
    return sent, marked


def kept_of(spool: Path) -> list[Path]:
    return sorted(spool.glob("*.damaged-*"))


def test_a_segment_that_was_cut_is_read_as_far_as_its_records_check(
    spool: Path, caplog: pytest.LogCaptureFixture
) -> None:
    segment = segment_of(spool)
    content = segment.read_bytes()
    record = content.index(b"order", content.index(b"order") + 1) - content.index(b"order")
    segment.write_bytes(content[: HEADER_BYTES + record * 40 + 5])

    sent, marked = sent_after_restart(spool)

    assert sent == list(range(40))
    assert marked == {True}  # it may have been sent before: the sink looks each of them up
    (kept,) = kept_of(spool)
    assert kept.read_bytes() == content[: HEADER_BYTES + record * 40 + 5]
    assert str(kept) in caplog.text
    assert sent_after_restart(spool)[0] == [0]


def test_a_segment_that_lost_its_last_page_loses_no_record(spool: Path) -> None:
    segment = segment_of(spool)
    segment.write_bytes(segment.read_bytes()[:-4096])

    assert sent_after_restart(spool) == (list(range(RECORDS)), {True})


def test_a_segment_that_grew_or_lost_its_header_loses_no_record(spool: Path) -> None:
    segment = segment_of(spool)
    segment.write_bytes(segment.read_bytes() + b"x" * 100)
    other = spool / "segment-00000000000000ff.spool"
    assert sent_after_restart(spool)[0] == list(range(RECORDS))

    segment = segment_of(spool)
    segment.write_bytes(b"\xff" * HEADER_BYTES + segment.read_bytes()[HEADER_BYTES:])
    assert not other.exists()
    assert sent_after_restart(spool)[0] == [0]


def test_a_record_behind_a_damaged_one_is_read_where_a_batch_names_it(spool: Path) -> None:
    reader = SpoolReader(SpoolFiles(spool, READER_LOCK), boot_id=BOOT)
    reader.open()
    reader.scan()
    batch = reader.next_batch(10, 100_000)
    assert batch is not None
    third = batch.slot.entry.offsets[2]
    reader.close()
    segment = segment_of(spool)
    content = bytearray(segment.read_bytes())
    content[third + 20] ^= 0xFF
    segment.write_bytes(content)

    sent, _ = sent_after_restart(spool)

    assert sent[:9] == [0, 1, *range(3, 10)]


@pytest.mark.parametrize("content", [b"", b"\0", b"{}", b"garbage" * 1000, None])
def test_a_segment_without_a_record_is_set_aside_and_named(
    spool: Path, content: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    damaged = spool / "segment-0000000000000001.spool"
    damaged.unlink(missing_ok=True)
    for name in ("progress", "free-0000000000000063.spool"):
        (spool / name).unlink(missing_ok=True)
        (spool / name).mkdir()
    if content is None:
        damaged.mkdir()
    else:
        damaged.write_bytes(content)

    with caplog.at_level(logging.WARNING):
        sent_after_restart(spool)

    assert damaged.name in {kept.name.split(".damaged-")[0] for kept in kept_of(spool)}
    assert str(damaged) in caplog.text
