"""Three inference tables under kills: one cannot be written, one has another writer's column, the third goes on."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import deltalake
import nats
import pyarrow as pa
import pytest
from deltalake.exceptions import DeltaError
from nats.js import JetStreamContext

from running_services.logged_requests import LoggerProcess, counted, log, record
from servers.nats_process import NatsProcess
from shared.bus.bootstrap import ensure_topology
from waiting.eventually import eventually

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

UNWRITABLE, SHARED, FREE = "wine", "beer", "tea"
SERVICES = (UNWRITABLE, SHARED, FREE)
FOREIGN = "another-writer-s"


@pytest.fixture
async def js(nats_server: NatsProcess) -> AsyncIterator[JetStreamContext]:
    connection = await nats.connect(nats_server.url)
    await ensure_topology(connection.jetstream())
    yield connection.jetstream()
    await connection.close()


@pytest.fixture
def logger(nats_server: NatsProcess, tmp_path: Path) -> Iterator[LoggerProcess]:
    process = LoggerProcess(nats_server, tmp_path / "home")
    yield process
    if process.process is not None:
        process.kill()


@dataclass
class Traffic:
    """Records of every service, ten a second, until told to stop; and how long those of `FREE` took to be rows."""

    js: JetStreamContext
    home: Path
    sent: dict[str, float] = field(default_factory=dict)
    took: dict[str, float] = field(default_factory=dict)
    starts: list[float] = field(default_factory=list)
    is_over: bool = False

    def slowest(self, *, with_outage: bool) -> float:
        """Of the rows that a logger which was not there held up, or of the others; 0 without any.

        It is away from its kill, or its first start, to the first row of what was sent after that.
        """
        seen = [(self.sent[name], self.sent[name] + took) for name, took in self.took.items()]
        outages = [(start, min((at for sent, at in seen if sent >= start), default=start)) for start in self.starts]
        hit = [(any(sent <= end and start <= at for start, end in outages), at - sent) for sent, at in seen]
        return max((took for was_hit, took in hit if was_hit == with_outage), default=0.0)

    async def send(self) -> None:
        while not self.is_over:
            name = f"r{len(self.sent)}"
            for service in SERVICES:
                await log(self.js, record(name, service))
            self.sent[name] = time.monotonic()
            await asyncio.sleep(0.1)

    async def watch(self) -> None:
        while not (self.is_over and self.took.keys() == self.sent.keys()):
            now = time.monotonic()
            for name in (await asyncio.to_thread(counted, self.home, FREE)).keys() - self.took.keys():
                self.took[name] = now - self.sent.get(name, now)
            await asyncio.sleep(0.2)


def point(link: Path, target: Path) -> None:
    """Make `link` lead to `target`, at once."""
    new = link.with_name(".new-link")
    new.symlink_to(target)
    os.replace(new, link)


def add_column(location: Path) -> bool:
    """Another writer adds a row with a column of its own."""
    table = deltalake.DeltaTable(location).to_pyarrow_table().slice(0, 1)
    table = table.set_column(table.schema.get_field_index("request_id"), "request_id", pa.array([FOREIGN]))
    with suppress(DeltaError):
        deltalake.write_deltalake(
            location, table.append_column("note", pa.array(["x"])), mode="append", schema_mode="merge"
        )
        return True
    return False


@pytest.mark.parametrize(("seconds", "kills"), [(10, 1), pytest.param(60, 3, marks=pytest.mark.long)])
async def test_the_third_goes_on_and_all_have_every_row_once(
    js: JetStreamContext, logger: LoggerProcess, tmp_path: Path, seconds: int, kills: int
) -> None:
    tables, disk = logger.home / "tables", tmp_path / "disk"
    disk.mkdir()
    tables.mkdir(parents=True)
    point(tables / UNWRITABLE, disk)
    logger.start()
    traffic = Traffic(js, logger.home, starts=[time.monotonic()])
    sending, watching = asyncio.create_task(traffic.send()), asyncio.create_task(traffic.watch())
    await eventually(lambda: all(counted(logger.home, service) for service in SERVICES), every=0.2)
    await eventually(lambda: add_column(tables / SHARED / "payload"))

    (tmp_path / "a-file").touch()
    point(tables / UNWRITABLE, tmp_path / "a-file" / "below")
    sent_before = len(traffic.sent)
    for _ in range(kills):
        await asyncio.sleep(seconds / (kills + 1))
        logger.kill()
        traffic.starts.append(time.monotonic())
        logger.start()
    await asyncio.sleep(seconds / (kills + 1))
    await eventually(lambda: len(traffic.took) > sent_before)  # the third gets rows while the first cannot be written
    point(tables / UNWRITABLE, disk)
    traffic.is_over = True
    await sending
    await watching

    names = dict.fromkeys(traffic.sent, 1)
    await eventually(lambda: counted(logger.home, UNWRITABLE) == names, every=0.5, within=120)
    await eventually(lambda: counted(logger.home, SHARED) == names | {FOREIGN: 1}, every=0.5)
    assert counted(logger.home, FREE) == names
    took = sorted(traffic.took.values())
    print(f"\nthird table, {len(took)} rows: median {took[len(took) // 2]:.2f} s")
    alone, held_up = (traffic.slowest(with_outage=outage) for outage in (False, True))
    print(f"slowest {alone:.2f} s, across a start of the logger {held_up:.2f} s")
