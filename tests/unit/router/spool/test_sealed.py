"""Records of a version with masking rules: sealed on disk, masked in the message, never lost for want of a key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from router.domain.outcome import RequestOutcome
from router.spool.masked import KeyAwaited, MaskedBodies
from router.spool.reader import SpoolReader
from router.spool.sealing import KEY_FILE, BodyOpener, BodySealer, spool_key
from running_services.spool_world import BOOT, Spool, drain, ids, outcome
from shared.events.request import RequestLogged, RequestRecord

CLEAR = b"s3cr3t-Kaethe"
HASH_KEY = b"h" * 32


def secret_outcome(number: int, action: str = "hash", service: str = "wine") -> RequestOutcome:
    body = b'{"client_request_id": "a-1", "dataframe_records": [{"customer": "%b", "alcohol": 9.5}]}' % CLEAR
    found = outcome(number, service, body=body, response=b'{"predictions": [{"customer": "%b"}]}' % CLEAR)
    found.masking = orjson.dumps({"key": "default", "rules": [("customer", action)]})
    return found


class Keys:
    """Keys of hashes that may be away."""

    def __init__(self) -> None:
        self.known: dict[str, bytes | None] = {"default": HASH_KEY}

    def get(self, name: str) -> bytes | None:
        if name not in self.known:
            raise KeyAwaited
        return self.known[name]


@pytest.fixture
def keys() -> Keys:
    return Keys()


@pytest.fixture
def spool(tmp_path: Path, keys: Keys) -> Iterator[Spool]:
    world = Spool(tmp_path / "spool")
    key = spool_key(tmp_path)
    world.writer.sealer = BodySealer(key)
    masked = MaskedBodies(BodyOpener([key]), keys.get)
    world.new_reader = lambda: SpoolReader(world.files, boot_ns=world.now, boot_id=BOOT, masked=masked)  # type: ignore[method-assign]
    world.reader = world.new_reader()
    yield world.open()
    world.close()


def the_record(payload: bytes) -> RequestRecord:
    (record,) = RequestLogged.model_validate_json(payload).records
    return record


def bytes_on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_clear_text_is_neither_on_disk_nor_in_the_message(spool: Spool, tmp_path: Path) -> None:
    spool.append(secret_outcome(1))
    assert CLEAR not in bytes_on_disk(tmp_path)
    ((_, payload),) = drain(spool)
    assert CLEAR not in payload
    record = the_record(payload)
    assert record.logging_error_codes == ()
    assert "9.5" in (record.request or "")
    assert "a-1" in (record.request or "")
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600


def test_a_replay_is_the_very_same_message(spool: Spool) -> None:
    spool.append(secret_outcome(1))
    spool.append(outcome(2))
    batch = spool.next_batch(10, 10_000)
    assert batch is not None
    first = batch.payload
    spool.restart_reader()
    again = spool.next_batch(10, 10_000)
    assert again is not None
    assert (again.message_id, again.payload) == (batch.message_id, first)


def test_records_wait_for_the_key_of_their_hashes_and_no_others_do(spool: Spool, keys: Keys) -> None:
    keys.known.clear()
    spool.append(secret_outcome(1))
    spool.append(outcome(2, "beer"))
    spool.append(secret_outcome(3, "mask", "tea"))
    assert len(drain(spool)) == 2
    assert spool.reader.has_work
    keys.known["default"] = HASH_KEY
    assert len(drain(spool)) == 1


def test_a_cut_batch_waits_for_its_key_after_a_restart(spool: Spool, keys: Keys) -> None:
    spool.append(secret_outcome(1))
    assert spool.next_batch(10, 10_000) is not None
    keys.known.clear()
    spool.restart_reader()
    assert spool.next_batch(10, 10_000) is None
    keys.known["default"] = HASH_KEY
    ((_, payload),) = drain(spool)
    assert len(ids(payload)) == 1


def test_without_the_key_there_is_a_row_that_says_so(spool: Spool, keys: Keys) -> None:
    keys.known["default"] = None
    spool.append(secret_outcome(1))
    ((_, payload),) = drain(spool)
    assert (the_record(payload).request, the_record(payload).logging_error_codes) == (None, ("MASKING_NOT_POSSIBLE",))


def test_a_lost_spool_key_leaves_the_row_without_its_bodies(tmp_path: Path, spool: Spool) -> None:
    spool.append(secret_outcome(1, "drop"))
    (tmp_path / KEY_FILE).write_text("damaged")
    masked = MaskedBodies(BodyOpener([spool_key(tmp_path)]))
    spool.reader.close()
    spool.reader = SpoolReader(spool.files, boot_ns=spool.now, boot_id=BOOT, masked=masked)
    spool.reader.open()
    ((_, payload),) = drain(spool)
    record = the_record(payload)
    assert (record.request, record.response) == (None, None)
    assert record.logging_error_codes == ("SPOOL_KEY_LOST",)
    assert list(tmp_path.glob(f"{KEY_FILE}*damaged*"))


def test_bodies_that_were_too_large_say_both_reasons(spool: Spool) -> None:
    large = secret_outcome(1, "drop")
    large.request = None
    spool.append(large)
    ((_, payload),) = drain(spool)
    assert the_record(payload).logging_error_codes == ("MASKING_NOT_POSSIBLE", "MAX_REQUEST_SIZE_EXCEEDED")
    assert the_record(payload).response == '{"predictions":[{}]}'


def test_nothing_of_a_masked_version_is_written_without_a_seal(tmp_path: Path) -> None:
    world = Spool(tmp_path).open()
    with pytest.raises(RuntimeError, match="seal"):
        world.append(secret_outcome(1))
    world.close()
