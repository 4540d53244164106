"""Tables in an object store (SeaweedFS): every row once, whatever happens to the logger, the store, its credentials."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import deltalake
import pytest
from nats.js import JetStreamContext

from inference_logger.handlers.destinations import destination_states, examine_destination
from inference_logger.handlers.maintenance import Keeping, compact_tables
from inference_logger.store import catalogue
from inference_logger.store.s3 import S3Client
from running_services.destination_answers import DestinationAnswers, answering
from running_services.erasures import FINAL, OrderedErasures
from running_services.logged_requests import LoggerProcess, counted, log, record
from running_services.logged_traffic import LoggedTraffic
from running_services.running_logger import RunningLogger
from servers.nats_process import NatsProcess
from servers.object_stores.careless_store import careless_store
from servers.object_stores.seaweed_process import READER, WRITER, SeaweedProcess, bucket_server
from shared.clock import SystemClock
from shared.contracts.rpc.inference_logger.tables import AccountingQuery, DestinationState
from shared.errors import Unavailable
from shared.storage.objects import S3Credentials
from waiting.eventually import eventually

HELD_UP_S = 10.0
"""Far less than an append to a store that hangs may take, retries counted."""


@pytest.fixture(scope="module")
def weed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeaweedProcess]:
    with bucket_server(tmp_path_factory.mktemp("weed"), "lake") as server:
        yield server


@pytest.fixture
def place(weed: SeaweedProcess) -> S3Client:
    """A prefix of the bucket for one test."""
    return weed.client("lake", f"tables-{uuid4().hex[:8]}")


@pytest.fixture
async def answers(nats_server: NatsProcess, weed: SeaweedProcess, place: S3Client) -> AsyncIterator[DestinationAnswers]:
    found = DestinationAnswers()
    found.define("lake", url_of(place), weed.endpoint, WRITER)
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


def url_of(place: S3Client) -> str:
    return f"s3://{place.folder.bucket}/{place.folder.prefix}".rstrip("/")


def stored(place: S3Client, service: str = "wine", kind: str = "payload") -> Counter[str]:
    """Request id → rows of the table, as an outside reader sees it."""
    options = place.folder.options(place.credentials)
    try:
        table = deltalake.DeltaTable(f"{url_of(place)}/{service}/{kind}", storage_options=options)
        return Counter(table.to_pyarrow_table(columns=["request_id"]).column("request_id").to_pylist())
    except (OSError, deltalake.exceptions.DeltaError):
        return Counter()


def here(name: str) -> dict[str, Any]:
    """Of a version that logs to the default folder. Were it the same one, its destination would have been edited."""
    return record(name, version="v2", version_id="00000000-0000-0000-0000-000000000002")


def there(place: S3Client, name: str, service: str = "wine") -> dict[str, Any]:
    return record(name, service, destination=url_of(place))


async def state(logger: RunningLogger) -> DestinationState:
    found = (await destination_states(logger.app.destinations, logger.app.database)).items
    assert found, "no destination is known yet"
    return found[0]


async def is_ok(logger: RunningLogger) -> bool:
    now = await state(logger)
    return (now.state, now.writing, now.waiting_tables) == ("ok", "concurrent", 0)


async def test_rows_are_there_once_read_compacted_and_removed(
    js: JetStreamContext, logger: RunningLogger, place: S3Client
) -> None:
    for name in "abc":
        await log(js, there(place, name))
        assert await has_once(place, "abc"[: "abc".index(name) + 1])
    await log(js, there(place, "b"), retry=True)
    await log(js, there(place, "t", "tea"))
    assert await has_once(place, "t", "tea")
    await eventually(lambda: is_ok(logger), every=0.1)

    assert {row["request_id"] for row in (await logger.rows("wine.payload")).items} == set("abc")
    found = (await logger.tables())["wine.payload"]
    assert (found.location, found.rows) == (f"{url_of(place)}/wine/payload", 3)

    await compact_tables(logger.app.sink.stores, Keeping(timedelta(0)))
    assert len([key for key in files(place) if "checkpoint" not in key]) == 1
    assert any("checkpoint" in key for key in files(place))
    assert await has_once(place, "abc")

    async with logger.app.database.unit_of_work() as session:
        await catalogue.note_purge(session, "wine", datetime.now(UTC))
    await eventually(lambda: not list(place.keys(f"{place.folder.prefix}/wine/")), every=0.1)
    assert await has_once(place, "t", "tea")
    await log(js, there(place, "old"))  # logged before the service was deleted
    await log(js, there(place, "new") | {"received_at": (datetime.now(UTC) + timedelta(hours=1)).isoformat()})
    assert await has_once(place, ["new"])


async def test_erased_rows_are_in_no_object_any_more(
    js: JetStreamContext, logger: RunningLogger, place: S3Client
) -> None:
    prefix, world = f"{place.folder.prefix}/wine/", OrderedErasures(logger)
    await log(js, there(place, "a") | {"client_request_id": "s3cr3t-subject"}, there(place, "b"))
    assert await has_once(place, "ab")
    await eventually(lambda: any("/inferences/" in key and key.endswith(".parquet") for key in place.keys(prefix)))
    await eventually(partial(has_tables, logger, "wine.payload", "wine.inferences"))

    order = await world.order(client_request_ids=("s3cr3t-subject",))
    assert await has_once(place, "b")
    await log(js, there(place, "a") | {"client_request_id": "s3cr3t-subject"}, there(place, "d"), retry=True)
    assert await has_once(place, "bd")
    await world.at(FINAL)

    receipt = await world.erasures.receipt(order.id)
    assert {name: table.rows for name, table in receipt.tables.items()} == {"wine.payload": 1, "wine.inferences": 1}
    assert all(table.files_gone == table.files_rewritten > 0 for table in receipt.tables.values())
    assert receipt.finished_at == FINAL
    assert [key for key in place.keys(prefix) if b"s3cr3t" in (place.get(key) or b"")] == []


async def has_tables(logger: RunningLogger, *names: str) -> bool:
    found = await logger.tables()
    return all(name in found for name in names)


async def test_what_a_store_refuses_waits_is_named_and_comes_once(
    js: JetStreamContext,
    logger: RunningLogger,
    place: S3Client,
    weed: SeaweedProcess,
    answers: DestinationAnswers,
    home: Path,
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
        found = await examine_destination(logger.app.destinations, "lake", SystemClock())
        assert not found.ok
        assert why in found.message
        names.append(f"w{len(names)}")
        await log(js, there(place, names[-1]))
        table = await eventually(partial(is_blocked, logger, len(names), why=why), every=0.1)
        assert credentials.secret_key not in repr((table, found)) + logger.metrics()
        assert credentials.access_key not in repr((table, found)) + logger.metrics()
    await log(js, here("here"))  # others go on
    await eventually(lambda: counted(home) == {"here": 1})
    assert (await state(logger)).waiting_rows == len(names)
    assert 'penstock_destination_up{destination="lake"} 0.0' in logger.metrics()

    answers.define("lake", url, endpoint, WRITER)  # no restart
    assert (await examine_destination(logger.app.destinations, "lake", SystemClock())).ok
    assert await has_once(place, names)
    assert 'penstock_destination_up{destination="lake"} 1.0' in logger.metrics()

    pond = weed.make_bucket("pond")
    answers.define("pond", "s3://pond", endpoint, WRITER)
    assert (await examine_destination(logger.app.destinations, "pond", SystemClock())).ok
    pond.delete("")
    await log(js, record("gone", "tea", destination="s3://pond"))
    await eventually(partial(is_blocked, logger, 1, "tea.payload", why="bucket pond does not exist"), every=0.1)
    weed.make_bucket("pond")
    assert await has_once(pond, ["gone"], "tea")


async def test_a_store_that_lets_two_win_is_found_out(logger: RunningLogger, answers: DestinationAnswers) -> None:
    with careless_store() as endpoint:
        answers.define("pond", "s3://pond", endpoint, WRITER)
        found = await examine_destination(logger.app.destinations, "pond", SystemClock())
    assert (found.ok, found.writing) == (True, "single")
    assert "simultaneous conditional writes of one object succeeded, not one" in (found.warning or "")
    assert 'penstock_destination_single_writer{destination="pond"} 1.0' in logger.metrics()


async def test_a_store_that_hangs_holds_up_no_other(
    js: JetStreamContext, logger: RunningLogger, place: S3Client, weed: SeaweedProcess, home: Path
) -> None:
    await log(js, there(place, "a"))
    assert await has_once(place, ["a"])
    await eventually(lambda: is_ok(logger), every=0.1)
    weed.freeze()
    try:
        for number in range(12):
            await log(js, there(place, f"t{number}", f"tea-{number}"))
            await log(js, there(place, f"w{number}"))
            await log(js, here(f"here{number}"))
        await eventually(lambda: len(counted(home)) == 12, every=0.1)

        async def is_failing() -> bool:
            return (await state(logger)).state == "failing"

        await eventually(is_failing, every=0.1)
        began = logger.app.sink.stores.clock.monotonic()
        await log(js, here("another"))
        await eventually(lambda: counted(home)["another"] == 1)
        assert logger.app.sink.stores.clock.monotonic() - began < HELD_UP_S
    finally:
        weed.thaw()
    assert await has_once(place, ["a", *(f"w{number}" for number in range(12))])
    for number in range(12):
        assert await has_once(place, [f"t{number}"], f"tea-{number}")
    assert await eventually(lambda: is_ok(logger), every=0.1)


@pytest.mark.parametrize(
    ("kills", "messages", "away_s"),
    [pytest.param(6, 20, 0.0, id="short"), pytest.param(50, 100, 60.0, id="long", marks=pytest.mark.long)],
)
async def test_kills_and_a_store_that_is_away_neither_lose_nor_double(
    js: JetStreamContext,
    nats_server: NatsProcess,
    weed: SeaweedProcess,
    place: S3Client,
    answers: DestinationAnswers,
    home: Path,
    *,
    kills: int,
    messages: int,
    away_s: float,
) -> None:
    """In the long one: 10,000 rows, two loggers at once in every fifth turn, NATS killed four times."""
    loggers = (LoggerProcess(nats_server, home), LoggerProcess(nats_server, home.with_name("second")))
    traffic, is_back = LoggedTraffic(js, partial(there, place)), asyncio.create_task(asyncio.sleep(0))
    try:
        for turn in range(kills):
            at_once = loggers if turn % 5 == 4 else loggers[:1]
            for logger in at_once:
                logger.start()
            if turn == kills // 2:
                weed.kill()
                is_back = asyncio.create_task(start_after(weed, away_s))
            if turn % 12 == 11:
                nats_server.kill()
                await asyncio.to_thread(nats_server.start)
            await traffic.log(messages)
            await traffic.tell()
            if turn % 2 and is_back.done():
                await has_at_least(place, traffic.rows - 2 * messages)
            for logger in at_once:
                logger.kill()
        await is_back
        await traffic.tell(is_complete=True)
        loggers[0].start()
        names = [f"r{number}" for number in range(traffic.rows)]
        assert await has_once(place, names)
        assert await has_once(place, names, kind="inferences")
        loggers[0].kill()
        await assert_accounted(RunningLogger(nats_server.url, home), traffic)
    finally:
        for logger in loggers:
            logger.end()


async def assert_accounted(logger: RunningLogger, traffic: LoggedTraffic) -> None:
    """What the accounting says after the kills is what was sent, minute by minute, and nothing is missing."""
    since = traffic.began - timedelta(minutes=1)
    query = AccountingQuery(service="wine", from_time=since, to_time=since + timedelta(hours=1))

    async def is_settled() -> bool:
        try:
            total = (await logger.app.accounting.account(query)).total
        except Unavailable:  # it has just started: destinations are not known yet
            return False
        assert (total.accepted, total.stored, total.on_the_way) == (traffic.rows, traffic.rows, 0)
        return True

    await logger.start()
    try:
        await eventually(is_settled, every=0.1)
        page = await logger.app.accounting.account(query)
        assert {point.start: point.stored for point in page.items} == traffic.by_minute
        assert {point.start: point.accepted for point in page.items} == traffic.by_minute
        assert (page.total.dropped, page.total.missing) == ({}, 0)
    finally:
        await logger.stop()


async def start_after(weed: SeaweedProcess, seconds: float) -> None:
    await asyncio.sleep(seconds)  # the outage itself
    await asyncio.to_thread(weed.start)


def files(place: S3Client) -> list[str]:
    return [key for key in place.keys(f"{place.folder.prefix}/wine/payload/") if key.endswith(".parquet")]


async def has_once(place: S3Client, names: Iterable[str], service: str = "wine", kind: str = "payload") -> bool:
    """Whether each of these rows comes to be in the table, once, and no other; fails with what is there instead."""
    wanted = dict.fromkeys(names, 1)

    def is_so() -> bool:
        assert stored(place, service, kind) == wanted
        return True

    return await eventually(is_so, every=0.1)


async def has_at_least(place: S3Client, rows: int) -> None:
    await eventually(lambda: sum(stored(place).values()) >= rows, every=0.1)


async def is_blocked(logger: RunningLogger, rows: int, name: str = "wine.payload", *, why: str) -> Any:
    """The table, once so many rows wait for it and its last try said that: the next one may be seconds away."""
    table = (await logger.tables()).get(name)
    return (
        table
        if table and table.blocked and table.blocked.waiting_rows == rows and why in table.blocked.reason
        else None
    )
