"""Label sources that are queries on PostgreSQL: read-only, bounded, and silent about the password."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from nats.js import JetStreamContext

from inference_logger.domain.tables import LABELS
from inference_logger.store.sources import query as queries
from inference_logger.store.sources import staging
from running_services import logged_requests
from running_services.label_sources import DefinedSources
from running_services.running_logger import RunningLogger
from servers.nats_process import NatsProcess
from servers.postgres_port import PostgresPort, postgres_port
from servers.postgres_process import PostgresProcess
from shared.contracts.inference_tables.label_sources import LabelRun, LabelSource
from waiting.eventually import eventually

PASSWORD = "hunter-of-the-7-seas"
history = partial(logged_requests.rows, kind=LABELS)


@pytest.fixture
async def running(
    nats_server: NatsProcess, js: JetStreamContext, home: Path, postgres_url: str
) -> AsyncIterator[RunningLogger]:
    """Its own state lies in PostgreSQL too."""
    logger = RunningLogger(nats_server.url, home, database_url=postgres_url)
    await logger.start()
    await logger.app.bus.connected()
    yield logger
    await logger.stop()


@pytest.fixture
async def port(postgres: PostgresProcess) -> AsyncIterator[PostgresPort]:
    async with postgres_port(postgres.folder) as found:
        yield found


@pytest.fixture
def database(postgres_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as connection:
        columns = "id bigserial, who text, quality numeric(6, 2), at timestamptz, note xml"
        connection.execute(f"CREATE TABLE truth ({columns})".encode())
        yield connection


class Queries:
    """Sources on one database."""

    def __init__(self, sources: DefinedSources, port: PostgresPort, database: psycopg.Connection[Any]) -> None:
        self.sources = sources
        self.database = database
        self.url = f"postgresql://postgres:{PASSWORD}@127.0.0.1:{port.port}/{database.info.dbname}"

    def define(self, query: str = "SELECT * FROM truth", **fields: Any) -> LabelSource:
        keys = {"client_request_id": "who"}
        made = self.sources.define("truth", format="sql", query=query, keys=keys, **fields)
        self.sources.urls[made.id] = self.url
        return made

    def insert(self, *labels: tuple[str, float]) -> None:
        for who, quality in labels:
            self.database.execute("INSERT INTO truth (who, quality) VALUES (%s, %s)", (who, quality))

    async def run(self, source: LabelSource) -> LabelRun:
        return await self.sources.run(source)

    async def error(self, source: LabelSource) -> str:
        return (await self.run(source)).error or ""


@pytest.fixture
def queried(sources: DefinedSources, port: PostgresPort, database: psycopg.Connection[Any]) -> Queries:
    return Queries(sources, port, database)


def counted(run: LabelRun) -> tuple[int, int, int, str | None]:
    assert run.error is None, run.error
    return run.rows_read, run.labels_new, run.labels_corrected, run.position


async def test_a_growing_column_says_what_is_new(queried: Queries, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = queried.define(growing="id", labelled_at="at")
    queried.insert(("c-a", 6), ("c-b", 7))
    assert counted(await queried.run(source)) == (2, 2, 0, "id 2")
    assert counted(await queried.run(source)) == (1, 0, 0, "id 2")
    queried.insert(("c-a", 5), ("c-c", 8))
    assert counted(await queried.run(source)) == (3, 1, 1, "id 4")
    monkeypatch.setattr(queries, "ROUND_ROWS", 1)
    monkeypatch.setattr(queries, "BATCH_ROWS", 2)
    queried.insert(*((f"d-{number}", 1) for number in range(4)))
    run = await queried.run(source)
    assert (run.labels_new, run.position, run.error) == (4, "id 8", None)
    assert {(row["key"], row["value_double"]) for row in history(home)} >= {("c-a", 6.0), ("c-a", 5.0), ("d-3", 1.0)}


async def test_a_query_is_read_as_a_whole_and_writes_nothing_twice(queried: Queries, home: Path) -> None:
    source = queried.define("SELECT who, quality > 6 AS quality FROM truth -- all of it", labels={"is_good": "quality"})
    queried.insert(("c-a", 6), ("c-b", 7), ("c-b", 5))
    assert counted(await queried.run(source)) == (3, 2, 0, None)
    assert counted(await queried.run(source)) == (3, 0, 0, None)
    assert {(row["key"], row["value_string"]) for row in history(home)} == {("c-a", "false"), ("c-b", "false")}
    queried.database.execute("UPDATE truth SET quality = 9 WHERE who = 'c-a'")
    assert counted(await queried.run(source)) == (3, 0, 1, None)


async def test_values_without_an_end_are_cut_before_they_come(queried: Queries, home: Path) -> None:
    long = "SELECT 'c-' || n AS who, {} AS quality, repeat('y', 20000000) AS other FROM generate_series(1, 100) AS n"
    cut = queried.define(long.format("repeat('x', 20000000)"))
    run = await queried.run(cut)
    assert (run.rows_read, run.rejected, run.error) == (100, 100, None)
    assert "longer than 1024 characters" in run.rejections[0]
    assert counted(await queried.run(queried.define(long.format("to_jsonb('good'::text)"))))[:2] == (100, 100)
    assert {row["value_string"] for row in history(home)} == {"good"}


async def test_a_query_can_change_nothing(queried: Queries) -> None:
    queried.insert(("c-a", 6))
    for query, why in (
        ("SELECT 1) AS a; COMMIT; DROP TABLE truth; SELECT * FROM (SELECT 1", "multiple commands"),
        ("WITH gone AS (DELETE FROM truth RETURNING *) SELECT * FROM gone", "WITH clause containing a data-modifying"),
        ("SELECT nextval('truth_id_seq') AS who, 1 AS quality", "read-only transaction"),
        ("SELECT who, quality, set_config('transaction_read_only', 'off', false) FROM truth", "read-write mode"),
    ):
        assert why in await queried.error(queried.define(query))
    assert queried.database.execute("SELECT count(*) FROM truth").fetchone() == (1,)


async def test_what_is_wrong_is_said_without_the_password(
    queried: Queries, port: PostgresPort, home: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    queried.insert(("c-a", 6))
    errors = {
        "relation": queried.define("SELECT * FROM nothing"),
        "there is no column quality": queried.define("SELECT who FROM truth"),
        "column quality is of the type binary": queried.define("SELECT who, note AS quality FROM truth"),
        "there are two columns quality": queried.define("SELECT who, 1 AS quality, 2 AS quality FROM truth"),
        "growth": queried.define(growing="growth"),
        "invalid input syntax": queried.define("SELECT who, ('x' || who)::int AS quality FROM truth"),
    }
    for why, source in errors.items():
        assert why in await queried.error(source)
    wrong = queried.define()
    queried.sources.urls[wrong.id] = queried.url.replace("127.0.0.1", "10.255.255.1")
    assert "10.255.255.1 is not a public address" in await queried.error(wrong)
    queried.sources.urls[wrong.id] = queried.url.replace("postgres:", "nobody:")
    assert 'role "nobody" does not exist' in await queried.error(wrong)
    del queried.sources.urls[wrong.id]
    assert await queried.error(wrong) == "its secret is gone"
    monkeypatch.setattr(staging.Stage, "add", _explode)
    assert "**** says no" in await queried.error(queried.define())
    assert PASSWORD not in caplog.text
    assert history(home) == []


def _explode(*_: Any, **__: Any) -> None:
    raise RuntimeError(f"{PASSWORD} says no")


async def test_a_database_that_hangs_is_given_up_and_found_again(
    queried: Queries, sources: DefinedSources, port: PostgresPort
) -> None:
    limits = sources.sources.reader.limits
    sources.sources.reader.limits = replace(limits, within_s=0.3)
    queried.insert(("c-a", 6))
    slow = queried.define("SELECT who, quality FROM truth, pg_sleep(30)")
    given_up = ("statement timeout", "reading it takes longer than it may", "it does not answer within 1.3 s")
    said = await queried.error(slow)
    assert any(why in said for why in given_up)
    port.is_open.clear()
    hanging = queried.define()
    said = await queried.error(hanging)
    assert any(why in said for why in given_up)
    port.is_open.set()
    await eventually(lambda: not sources.sources.reader.threads._running)
    sources.sources.reader.limits = limits
    assert (await queried.run(hanging)).labels_new == 1
