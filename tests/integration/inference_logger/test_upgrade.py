"""A database of the release with one checkpoint for each stream: it goes on with no row lost or doubled."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from nats.js import JetStreamContext
from sqlalchemy import create_engine, text

from inference_logger.domain.tables import TableKey, TableShare
from inference_logger.main import MIGRATIONS
from inference_logger.store.delta.payload import PayloadTables
from inference_logger.store.stream import checkpoint_name
from running_services.logged_requests import counted, log, record
from running_services.running_logger import RunningLogger
from servers.nats_process import NatsProcess
from shared import migrations
from shared.bus.bulk import stream_identity
from shared.bus.topology import REQUESTS
from waiting.eventually import eventually


def store_of_before(home: Path, stream: str, sequence: int) -> None:
    """An SQLite store as revision 0002 left it."""
    path = home / "inference-logger" / "inference-logger.db"
    path.parent.mkdir(parents=True)
    url = f"sqlite:///{path}"
    command.upgrade(migrations._config(MIGRATIONS, url), "0002")
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO checkpoints (stream, sequence, committed_at) VALUES (:stream, :sequence, :at)"),
            {"stream": stream, "sequence": sequence, "at": datetime.now(UTC).isoformat(" ")},
        )
    engine.dispose()


async def test_checkpoints_and_transactions_of_the_release_before_go_on(
    nats_server: NatsProcess, js: JetStreamContext, home: Path
) -> None:
    records = {number: record(f"r{number}") for number in range(1, 6)}
    for one in records.values():
        await log(js, one)
    stream = checkpoint_name(await stream_identity(js, REQUESTS))
    # Its checkpoint says 2, the table itself has 3: it was killed between its two commits.
    await asyncio.to_thread(store_of_before, home, stream, 2)
    share = TableShare([(number, records[number]) for number in (1, 2, 3)])
    PayloadTables(str(home / "tables")).append(TableKey("wine"), share, f"penstock:{stream}:wine", 3)

    logger = RunningLogger(nats_server.url, home)
    await logger.start()
    try:
        await eventually(lambda: counted(home) == {f"r{number}": 1 for number in records})
        await log(js, record("new"))
        await eventually(lambda: counted(home)["new"] == 1)
        assert set(counted(home).values()) == {1}
        await eventually(lambda: counted(home, kind="inferences") == counted(home))
    finally:
        await logger.stop()
