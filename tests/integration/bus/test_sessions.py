"""A session over the bus: in order, no faster than it is taken, and over at once where something is lost or gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from running_services.bus_service import SmallService, sqlite_url
from servers.nats_process import NatsProcess
from shared.bus import sessions
from shared.bus.sessions import WINDOW_BYTES, BusSession
from shared.contracts.terminals import TerminalFrame, terminal_subject
from shared.errors import Unavailable

NAME = "a-session-of-twenty-letters"
Both = tuple[SmallService, SmallService]


@pytest.fixture
async def both(nats_server: NatsProcess, tmp_path: Path) -> AsyncIterator[Both]:
    controller = SmallService(nats_server.url, sqlite_url(tmp_path, "controller"), "controller")
    scheduler = SmallService(nats_server.url, sqlite_url(tmp_path, "scheduler"), "scheduler")
    await controller.start()
    await scheduler.start()
    yield controller, scheduler
    await controller.stop()
    await scheduler.stop()


def sides(both: Both) -> tuple[BusSession, BusSession]:
    controller, scheduler = both
    return controller.bus.session("scheduler", NAME), scheduler.bus.session("controller", NAME)


def begin(*both: BusSession) -> None:
    for each in both:
        each.begin()


async def test_bytes_arrive_in_order_and_wait_for_who_takes_them(both: Both) -> None:
    ours, theirs = sides(both)
    sent = bytes(range(256)) * 8192  # 2 MiB
    async with ours, theirs:
        begin(ours, theirs)
        sending = asyncio.create_task(theirs.send(TerminalFrame.STDOUT, sent))
        await asyncio.sleep(0.3)
        assert not sending.done()
        assert theirs._sent <= WINDOW_BYTES

        found = b""
        while len(found) < len(sent):
            kind, data = await asyncio.wait_for(ours.receive(), 5)
            assert kind is TerminalFrame.STDOUT
            found += data
            await ours.taken(len(data))
        assert found == sent
        await sending

        await ours.send(TerminalFrame.STDIN, b"x" * WINDOW_BYTES)
        await ours.send(TerminalFrame.RESIZE, b"{}")  # overtakes what is not taken
        assert await asyncio.wait_for(theirs.receive_control(), 5) == (TerminalFrame.RESIZE, b"{}")


async def test_a_lost_message_ends_it(both: Both) -> None:
    ours, theirs = sides(both)
    async with ours, theirs:
        begin(ours, theirs)
        theirs._sent_number += 1
        await theirs.send(TerminalFrame.STDOUT, b"after the gap")
        with pytest.raises(Unavailable, match="a part of the session was lost"):
            await asyncio.wait_for(ours.receive(), 5)
        with pytest.raises(Unavailable):
            await ours.send(TerminalFrame.STDIN, b"more")


async def test_silence_ends_it(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "SILENT_S", 1.5)
    monkeypatch.setattr(sessions, "HEARTBEAT_S", 0.1)
    ours, theirs = sides(both)
    async with ours:
        async with theirs:
            begin(ours, theirs)
            await asyncio.sleep(2)
            assert ours.failure is None
        with pytest.raises(Unavailable, match="the scheduler is gone"):
            await asyncio.wait_for(ours.receive(), 5)


async def test_a_bus_that_is_killed_ends_both_sides(both: Both, nats_server: NatsProcess) -> None:
    ours, theirs = sides(both)
    async with ours, theirs:
        begin(ours, theirs)
        nats_server.kill()
        for side in (ours, theirs):
            with pytest.raises(Unavailable, match=r"the bus went away|is gone"):
                await asyncio.wait_for(side.receive(), 12)
        nats_server.start()


async def test_strange_messages_are_not_the_other_side(both: Both) -> None:
    ours, theirs = sides(both)
    nc, subject = both[1].bus.nc, terminal_subject("controller", NAME)
    async with ours, theirs:
        begin(ours, theirs)
        await nc.publish(subject, b"\1" + bytes(8) + b"forged", reply="$JS.ACK.whatever")  # a consumer's delivery
        await nc.publish(subject, b"")
        await theirs.send(TerminalFrame.STDOUT, b"real")
        assert await asyncio.wait_for(ours.receive(), 5) == (TerminalFrame.STDOUT, b"real")


async def test_who_opens_it_says_nothing_before_the_other_side_hears(both: Both) -> None:
    ours, theirs = sides(both)
    async with ours:
        await asyncio.sleep(1.2 * sessions.HEARTBEAT_S)  # longer than to the first sign of life
        async with theirs:
            begin(theirs, ours)
            await ours.send(TerminalFrame.STDIN, b"first")
            assert await asyncio.wait_for(theirs.receive(), 5) == (TerminalFrame.STDIN, b"first")
