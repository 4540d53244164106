"""Log topics: what the logger hands on, read with and without a break; at least once over a kill."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from nats.js import JetStreamContext

from penstock.commands.monitoring.log_topics import Place, Shape, _read
from running_services.logged_requests import counted, log, record
from running_services.running_logger import RunningLogger
from servers.nats_process import NatsProcess
from waiting.eventually import eventually

EXAMPLE = Path(__file__).parents[3] / "docs/examples/log_topic.py"
SUBJECT = "penstock.logtopics.v1.team.wine"


@pytest.fixture
async def logger(nats_server: NatsProcess, js: JetStreamContext, home: Path) -> AsyncIterator[RunningLogger]:
    running = RunningLogger(nats_server.url, home)
    await running.start()
    yield running
    await running.stop()


async def read(nats_server: NatsProcess, capsys: pytest.CaptureFixture[str], state: Path | None = None) -> list[str]:
    """Request ids that a reading from `state` on prints."""
    capsys.readouterr()
    await _read(nats_server.url, SUBJECT, Place(state), Shape.RECORDS, None, follow=False)
    return [json.loads(line)["request_id"] for line in capsys.readouterr().out.splitlines()]


async def test_a_topic_has_its_records_and_a_reader_goes_on_where_it_ended(
    nats_server: NatsProcess,
    js: JetStreamContext,
    home: Path,
    logger: RunningLogger,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    state = tmp_path / "position"
    await log(js, record("a", log_topic="team.wine"), record("b"))
    await log(js, record("c", "tea", log_topic="team.wine"), record("d", "tea", log_topic="team.other"))
    await eventually(lambda: counted(home).total() == 2 and counted(home, "tea").total() == 2)
    assert await read(nats_server, capsys, state) == ["a", "c"]
    assert await read(nats_server, capsys, state) == []
    await log(js, record("e", log_topic="team.wine"))
    await eventually(lambda: counted(home)["e"])
    assert await read(nats_server, capsys, state) == ["e"]
    assert await read(nats_server, capsys) == ["a", "c", "e"]
    assert (await js.stream_info("LOGTOPICS")).state.messages == 4
    await _read(nats_server.url, f"{SUBJECT}s", Place(None), Shape.RECORDS, None, follow=False)
    assert capsys.readouterr().err == (
        "the topic team/wines has no records; topics with records: team/other, team/wine\n"
    )

    command = [sys.executable, str(EXAMPLE), nats_server.url, SUBJECT, str(tmp_path / "example.position")]
    printed = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
    assert len(printed.stdout.splitlines()) == 3


async def test_a_logger_that_was_killed_hands_on_again_and_leaves_nothing_out(
    nats_server: NatsProcess,
    js: JetStreamContext,
    home: Path,
    logger: RunningLogger,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for number in range(20):
        await log(js, record(f"r{number}", log_topic="team.wine"))
        if number % 5 == 4:
            await logger.stop()
            await logger.start()
    await eventually(lambda: counted(home).total() == 20)

    found = await read(nats_server, capsys)
    assert list(dict.fromkeys(found)) == [f"r{number}" for number in range(20)]
