"""What the logger says of its backlog: what it has not taken, what it is writing, how old that is."""

from __future__ import annotations

from pathlib import Path

from nats.js import JetStreamContext

from running_services.logged_requests import log, record
from running_services.running_logger import RunningLogger
from servers.nats_process import NatsProcess
from waiting.eventually import eventually


async def test_what_is_not_in_the_tables_yet(nats_server: NatsProcess, js: JetStreamContext, home: Path) -> None:
    for commit_interval, is_written in ((3600, False), (0.1, True)):
        logger = RunningLogger(nats_server.url, home, commit_interval=commit_interval)
        await logger.start()
        if not is_written:
            await log(js, record("a"))
            await log(js, record("b"))
        wanted = (0, 0) if is_written else (0, 2)

        async def has_come_so_far(running: RunningLogger = logger, counts: tuple[int, int] = wanted) -> bool:
            found = await running.app.sink.backlog()
            return found is not None and (found.pending, found.unacked) == counts

        await eventually(has_come_so_far)
        found = await logger.app.sink.backlog()
        assert found is not None
        assert found.oldest_age_s is None if is_written else 0 <= (found.oldest_age_s or -1) < 60
        await logger.stop()
