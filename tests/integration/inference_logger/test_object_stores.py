"""Tables in an object store (SeaweedFS): every row once, whatever happens to the logger, the store, its credentials."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import deltalake
import pytest
from nats.js import JetStreamContext

from inference_logger.domain.object_storage import BucketFolder, S3Credentials
from inference_logger.handlers.destinations import destination_states
from inference_logger.handlers.destinations import test_destination as run_test
from inference_logger.handlers.maintenance import compact_tables
from inference_logger.store import catalogue
from inference_logger.store.destinations.probe import probe_conditional_puts
from inference_logger.store.s3 import S3Client
from running_services.destination_answers import DestinationAnswers, answering
from running_services.logged_requests import LoggerProcess, counted, log, record
from running_services.running_logger import RunningLogger
from servers.careless_store import careless_store
from servers.nats_process import NatsProcess
from servers.seaweed_process import READER, WRITER, SeaweedProcess
from shared.clock import SystemClock
from shared.contracts.rpc.inference_logger import DestinationState
from waiting.eventually import eventually

KILLS = 6
HELD_UP_S = 10.0
"""Far less than an append to a store that hangs may take, retries counted."""


@pytest.fixture(scope="module")
def weed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeaweedProcess]:
    server = SeaweedProcess(tmp_path_factory.mktemp("weed"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def bucket(weed: SeaweedProcess) -> S3Client:
    return weed.make_bucket(f"lake-{uuid4().hex[:8]}")


@pytest.fixture
async def answers(
    nats_server: NatsProcess, weed: SeaweedProcess, bucket: S3Client
) -> AsyncIterator[DestinationAnswers]:
    found = DestinationAnswers()
    found.define("lake", f"s3://{bucket.folder.bucket}/tables", weed.endpoint, WRITER)
    async with answering(nats_server.url, found):
        yield found


@pytest.fixture
async def logger(
    nats_server: NatsProcess, js: JetStreamContext, answers: DestinationAnswers, home: Path
) -> AsyncIterator[RunningLogger]:
    running = RunningLogger(nats_server.url, home)
    await running.start()
    await eventually(lambda: is_ok(running), every=0.05)
    yield running
    await running.stop()


def in_bucket(bucket: S3Client, service: str = "wine") -> Counter[str]:
    """Request id → rows of the table, as an outside reader sees it."""
    location = f"s3://{bucket.folder.bucket}/tables/{service}/payload"
    options = bucket.folder.options(bucket.credentials)
    try:
        table = deltalake.DeltaTable(location, storage_options=options)
        return Counter(table.to_pyarrow_table(columns=["request_id"]).column("request_id").to_pylist())
    except (OSError, deltalake.exceptions.DeltaError):
        return Counter()


def there(bucket: S3Client, name: str, service: str = "wine") -> dict[str, object]:
    return record(name, service, destination=f"s3://{bucket.folder.bucket}/tables")


async def state(logger: RunningLogger) -> DestinationState:
    found = (await destination_states(logger.app.destinations, logger.app.database)).items
    assert found, "no destination is known yet"
    return found[0]


async def is_ok(logger: RunningLogger) -> bool:
    now = await state(logger)
    return (now.state, now.writing, now.waiting_tables) == ("ok", "concurrent", 0)


async def test_rows_are_there_once_read_compacted_and_removed(
    js: JetStreamContext, logger: RunningLogger, bucket: S3Client
) -> None:
    for name in "abc":
        await log(js, there(bucket, name))
        await has_once(bucket, "abc"[: "abc".index(name) + 1])
    await log(js, there(bucket, "b"), retry=True)
    await log(js, there(bucket, "t", "tea"))
    await has_once(bucket, "t", "tea")
    await eventually(lambda: is_ok(logger), every=0.1)

    assert {row["request_id"] for row in (await logger.rows("wine.payload")).items} == set("abc")
    found = (await logger.tables())["wine.payload"]
    assert (found.location, found.rows) == (f"s3://{bucket.folder.bucket}/tables/wine/payload", 3)

    await compact_tables(logger.app.sink.stores, timedelta(0))
    assert len([key for key in files(bucket) if "checkpoint" not in key]) == 1
    assert any("checkpoint" in key for key in files(bucket))
    await has_once(bucket, "abc")

    async with logger.app.database.unit_of_work() as session:
        await catalogue.note_purge(session, "wine", datetime.now(UTC))
    await eventually(lambda: not list(bucket.keys("tables/wine/")), every=0.1)
    await has_once(bucket, "t", "tea")
    await log(js, there(bucket, "old"))  # logged before the service was deleted
    await log(js, there(bucket, "new") | {"received_at": (datetime.now(UTC) + timedelta(hours=1)).isoformat()})
    await has_once(bucket, ["new"])


async def test_what_a_store_refuses_waits_is_named_and_comes_once(
    js: JetStreamContext, logger: RunningLogger, bucket: S3Client, answers: DestinationAnswers, home: Path
) -> None:
    url, endpoint = answers.defined["lake"].url, answers.defined["lake"].endpoint or ""
    wrong = {
        "does not know the access key": S3Credentials("AKNOBODY", WRITER.secret_key),
        "does not belong to the access key": S3Credentials(WRITER.access_key, "not-the-secret"),
        "denies access": READER,
    }
    names: list[str] = []
    for why, credentials in wrong.items():
        answers.define("lake", url, endpoint, credentials)
        found = await run_test(logger.app.destinations, "lake", SystemClock())
        assert not found.ok
        assert why in found.message
        names.append(f"w{len(names)}")
        await log(js, there(bucket, names[-1]))
        table = await eventually(lambda: is_blocked(logger, len(names)), every=0.1)
        assert why in table.blocked.reason
        assert credentials.secret_key not in repr((table, found)) + logger.metrics()
        assert credentials.access_key not in repr((table, found)) + logger.metrics()
    await log(js, record("here"))  # others go on
    await eventually(lambda: counted(home) == {"here": 1})
    assert (await state(logger)).waiting_rows == len(names)
    assert 'penstock_destination_up{destination="lake"} 0.0' in logger.metrics()

    answers.define("lake", url, endpoint, WRITER)  # no restart
    assert (await run_test(logger.app.destinations, "lake", SystemClock())).ok
    await has_once(bucket, names)
    assert 'penstock_destination_up{destination="lake"} 1.0' in logger.metrics()

    for key in list(bucket.keys("")):
        bucket.delete(key)
    bucket.delete("")
    await log(js, there(bucket, "gone"))
    table = await eventually(lambda: is_blocked(logger, 1), every=0.1)
    assert f"bucket {bucket.folder.bucket} does not exist" in table.blocked.reason
    bucket.put("", b"")
    await has_once(bucket, ["gone"])


async def test_a_store_that_hangs_holds_up_no_other(
    js: JetStreamContext, logger: RunningLogger, bucket: S3Client, weed: SeaweedProcess, home: Path
) -> None:
    await log(js, there(bucket, "a"))
    await has_once(bucket, ["a"])
    await eventually(lambda: is_ok(logger), every=0.1)
    weed.freeze()
    try:
        for number in range(12):
            await log(js, there(bucket, f"t{number}", f"tea-{number}"))
            await log(js, there(bucket, f"w{number}"))
            await log(js, record(f"here{number}"))
        await eventually(lambda: len(counted(home)) == 12, every=0.1)

        async def is_failing() -> bool:
            return (await state(logger)).state == "failing"

        await eventually(is_failing, every=0.1)
        began = logger.app.sink.stores.clock.monotonic()
        await log(js, record("another"))
        await eventually(lambda: counted(home)["another"] == 1)
        assert logger.app.sink.stores.clock.monotonic() - began < HELD_UP_S
    finally:
        weed.thaw()
    await has_once(bucket, ["a", *(f"w{number}" for number in range(12))])
    for number in range(12):
        await has_once(bucket, [f"t{number}"], f"tea-{number}")
    await eventually(lambda: is_ok(logger), every=0.1)


async def test_killed_loggers_and_a_store_that_is_away_neither_lose_nor_double(
    js: JetStreamContext,
    nats_server: NatsProcess,
    weed: SeaweedProcess,
    bucket: S3Client,
    answers: DestinationAnswers,
    home: Path,
) -> None:
    process, wanted = LoggerProcess(nats_server, home), 0
    try:
        for turn in range(KILLS):
            if turn == KILLS // 2:
                weed.kill()
            process.start()
            for _ in range(20):
                await log(js, there(bucket, f"r{wanted}"), there(bucket, f"r{wanted + 1}"))
                wanted += 2
            if turn == KILLS // 2:
                await asyncio.to_thread(weed.start)
            await eventually((home / "inference-logger" / "inference-logger.db").exists)
            if turn % 2:
                await has_at_least(bucket, wanted - 40)
            process.kill()
        process.start()
        await has_once(bucket, [f"r{number}" for number in range(wanted)])
    finally:
        if process.process is not None:
            process.kill()


def test_the_probe_finds_a_store_that_lets_two_win() -> None:
    with careless_store() as endpoint:
        client = S3Client(BucketFolder("lake", "tables", endpoint), None)
        assert "simultaneous conditional writes of one object succeeded, not one" in (
            probe_conditional_puts(client) or ""
        )


def files(bucket: S3Client) -> list[str]:
    return [key for key in bucket.keys("tables/wine/payload/") if key.endswith(".parquet")]


async def has_once(bucket: S3Client, names: Iterable[str], service: str = "wine") -> None:
    """Each of these rows is in the table, once, and no other."""
    wanted = dict.fromkeys(names, 1)
    await eventually(lambda: in_bucket(bucket, service) == wanted, every=0.1, within=120)


async def has_at_least(bucket: S3Client, rows: int) -> None:
    await eventually(lambda: sum(in_bucket(bucket).values()) >= rows, every=0.1)


async def is_blocked(logger: RunningLogger, rows: int) -> Any:
    table = (await logger.tables()).get("wine.payload")
    return table if table and table.blocked and table.blocked.waiting_rows == rows else None
