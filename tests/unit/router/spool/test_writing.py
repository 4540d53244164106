"""What was appended comes back in messages; what does not fit is refused with a reason."""

from __future__ import annotations

import gzip
from pathlib import Path
from uuid import UUID

import pytest

from router.spool import SpoolWriter
from router.spool.files import SpoolFiles
from router.spool.writer import DISK_FULL, SPOOL_FULL, TOO_LARGE
from running_services.spool_world import BOOT, SEGMENT, Spool, drain, identity, ids, open_spool, outcome
from shared.errors import Unavailable
from shared.events.request import RequestLogged


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


def test_bodies_in_gzip_are_logged_as_the_text_that_they_are(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    zipped, half, bomb, picture = (outcome(number) for number in range(4))
    zipped.request, zipped.response = gzip.compress(b'{"a": 1}'), gzip.compress("é".encode())
    half.response = gzip.compress(b"x" * 100)[:-9]
    bomb.response = gzip.compress(b"0" * 1_100_000)
    picture.response = gzip.compress(b"\xff\xfe")
    for each in (zipped, half, bomb, picture):
        spool.append(each)
    records = [record for _, payload in drain(spool) for record in RequestLogged.model_validate_json(payload).records]
    assert (records[0].request, records[0].response) == ('{"a": 1}', "é")
    assert [each.response for each in records[1:]] == [None] * 3
    assert [each.logging_error_codes for each in records[1:]] == [("ENCODING_ERROR",)] * 3


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
