"""Sessions inside pods, over the control plane's own port: tickets, frames, what ends them, and that nothing stays."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus

from controller.domain.access.roles import Role
from operations.pod_sessions import POD, PODS, Terminals
from operations.someone import member, someone
from servers.nats_process import NatsProcess

MB = 1024 * 1024


def later(terminals: Terminals, passed: timedelta) -> None:
    """So much time passes at once."""
    clock = terminals.controller.clock
    clock.off_by += passed
    clock.skipped_s += passed.total_seconds()


async def test_a_shell_from_ticket_to_exit_status(terminals: Terminals, tmp_path: Path) -> None:
    terminals.limits(recordings=tmp_path / "recordings")
    async with terminals.session(rows=30, columns=90) as session:
        await session.type("stty size\n")
        await session.until(b"30 90")
        await session.socket.send(b"\x04" + json.dumps({"rows": 41, "columns": 101}).encode())
        await session.type("stty size; echo 'é' \\\\x; exit 3\n")
        await session.until(b"41 101")
        code, last = await session.end()
    assert (code, last["exit_code"], last["signal"]) == (1000, 3, None)
    await terminals.nothing_is_left()

    (tmp_path / "file").touch()
    terminals.limits(recordings=tmp_path / "file")
    ticket = await terminals.ticket()
    async with terminals.connected() as session:
        await session.socket.send(json.dumps({"ticket": ticket}))
        code, last = await session.end()
    assert (code, last["message"]) == (4503, "Terminals are recorded here, and the recording cannot be written")

    _, closed, opened, issued = await terminals.audited()
    assert [line["action"] for line in (issued, opened, closed)] == [
        "ticket issued",
        "opened",
        "closed",
    ]
    assert closed["actor"] == "admin"
    assert closed["after"]["exit_code"] == 3
    assert closed["after"]["bytes_in"] > 30
    (recording,) = (tmp_path / "recordings").iterdir()
    assert recording.name == closed["after"]["recording"]
    header, *events = [json.loads(line) for line in recording.read_text().splitlines()]
    assert (header["version"], header["width"], header["height"]) == (2, 90, 30)
    assert {kind for _, kind, _ in events} == {"o", "r"}
    assert "é" in "".join(text for _, kind, text in events if kind == "o")


async def test_without_a_terminal_bytes_pass_unchanged(terminals: Terminals) -> None:
    hostile = bytes(range(256)) * 400 + b"\xff\xfe\x00\x1b]0;title\x07"
    async with terminals.session(command=["sh", "-c", "cat; echo no >&2; exit 9"], tty=False) as session:
        for begin in range(0, len(hostile), 50_000):
            await session.type(hostile[begin : begin + 50_000])
        await session.socket.send(b"\xff\0")
        code, last = await session.end()
    assert session.shown == {1: hostile, 2: b"no\n"}
    assert (code, last["exit_code"]) == (1000, 9)


async def test_a_ticket_is_good_once_for_one_pod_and_for_a_while(terminals: Terminals) -> None:
    async def refusal(first: str, path: str = POD) -> tuple[int, str]:
        async with terminals.connected(path) as session:
            await session.socket.send(first)
            code, last = await session.end()
            assert last["status"] == "refused"
            return code, last["message"]

    used = await terminals.ticket()
    async with terminals.connected() as session:
        await session.socket.send(json.dumps({"ticket": used}))
        await session.next()
    expired = await terminals.ticket()
    later(terminals, timedelta(seconds=31))
    foreign = await terminals.ticket()
    for ticket, path in ((used, POD), (expired, POD), (foreign, f"{PODS}/another"), (foreign, POD), ("x" * 40, POD)):
        code, why = await refusal(json.dumps({"ticket": ticket}), path)
        assert (code, "ask for a new one" in why) == (4401, True)
    for strange in ("", "[]", "{", '{"ticket": 3}', "x" * 1000):
        assert (await refusal(strange))[0] == 4401
    elsewhere = await terminals.ticket()
    tickets = terminals.controller.app.dependencies.terminals
    tickets._grants = {key: (replace(grant, source="10.0.0.9"), at) for key, (grant, at) in tickets._grants.items()}
    assert (await refusal(json.dumps({"ticket": elsewhere})))[0] == 4401
    await terminals.nothing_is_left()


async def test_only_pages_of_the_console_may_connect(terminals: Terminals) -> None:
    for origin in ("https://evil.example", "http://127.0.0.1:1", "null", "http://127.0.0.1.evil.example"):
        with pytest.raises(InvalidStatus) as refused:
            async with terminals.connected(origin=origin):
                pass
        assert refused.value.response.status_code == 403
    async with terminals.connected(origin=f"http://127.0.0.1:{terminals.door.port}") as session:
        await session.socket.send("{}")
        assert (await session.end())[0] == 4401


async def test_who_may_open_terminals(terminals: Terminals) -> None:
    viewer = await someone(terminals.controller, "vera", risk="viewer")
    editor = await someone(terminals.controller, "ed", risk="editor")
    assert (await viewer.ask("POST", f"{POD}/exec-tickets", json={})).status_code == 403
    shown = (await viewer.ask("GET", f"{POD}/terminal")).json()
    assert (shown["available"], "editor" in shown["reason"]) == (False, True)
    assert (await editor.ask("GET", f"{POD}/terminal")).json()["available"]
    terminals.limits(role=Role.ADMIN)
    assert (await editor.ask("POST", f"{POD}/exec-tickets", json={})).status_code == 403
    assert "admin" in (await editor.ask("GET", f"{POD}/terminal")).json()["reason"]

    terminals.peers.pod.has_terminals = False
    assert "SCHEDULER_TERMINALS=on" in await terminals.ticket(409)
    assert (await terminals.controller.client.post(f"/api/v1{POD}/exec-tickets")).status_code in {400, 415}
    for wrong in (
        {"command": [""]},
        {"command": "ls"},
        {"rows": 0},
        {"columns": 10_000},
        {"command": ["a\0b"]},
        {"x": 1},
    ):
        await terminals.ticket(400, **wrong)


async def test_a_revoked_token_ends_its_sessions_at_once(terminals: Terminals) -> None:
    made = await member(terminals.controller, "ed", risk="editor")
    async with terminals.session(token=made["token"]) as session:
        await session.type("echo here\n")
        await session.until(b"here")
        await terminals.controller.call("DELETE", f"/tokens/{made['id']}", 204)
        code, last = await asyncio.wait_for(session.end(), 3)
    assert (code, last["status"]) == (4401, "ended")
    assert "not known" in last["message"]
    await terminals.nothing_is_left()


async def test_idle_and_long_sessions_are_closed_and_a_user_has_few(terminals: Terminals) -> None:
    terminals.limits(idle=timedelta(seconds=60), sessions_of_user=2)
    async with terminals.session() as session, terminals.session() as other:
        assert "CONTROLLER_TERMINAL_SESSIONS" in await terminals.ticket(429)
        later(terminals, timedelta(seconds=61))
        code, last = await session.end()
        assert (code, last["message"]) == (4408, "the session was idle for 1 minute")
        assert (await other.end())[0] == 4408
    terminals.limits(lifetime=timedelta(hours=8), idle=timedelta(days=1))
    async with terminals.session() as session:
        later(terminals, timedelta(hours=8))
        code, last = await session.end()
    assert (code, last["message"]) == (4408, "a session lasts 8 hours at most")
    await terminals.nothing_is_left()


async def test_a_command_that_is_not_there_is_told_in_a_frame(terminals: Terminals) -> None:
    ticket = await terminals.ticket(command=["no-such-thing"])
    async with terminals.connected() as session:
        await session.socket.send(json.dumps({"ticket": ticket}))
        code, last = await session.end()
    assert (code, last["status"]) == (4400, "refused")
    assert "no-such-thing cannot be executed in the pod" in last["message"]


async def test_frames_that_are_none_end_the_session(terminals: Terminals) -> None:
    for frame in (b"", b"\x09x", b"\x04{}x", b'\x04{"rows": 0, "columns": 5}', b"\x03{}", "text"):
        async with terminals.session() as session:
            await session.socket.send(frame)
            code, last = await session.end()
            assert (code, last["status"]) == (4400, "ended"), frame
    await terminals.nothing_is_left()


async def test_whoever_goes_ends_the_session_and_leaves_nothing(terminals: Terminals, nats_server: NatsProcess) -> None:
    stubborn = ["sh", "-c", "trap '' HUP TERM; echo ready; sleep 600"]
    async with terminals.session(command=stubborn) as session:
        await session.until(b"ready")
        session.socket.transport.abort()  # the client is killed
    await terminals.nothing_is_left()

    async with terminals.session(command=stubborn) as session:
        await session.until(b"ready")
        terminals.peers.pod.end()
        code, last = await session.end()
    assert (code, last["message"]) == (1000, "the pod has ended")
    terminals.peers.pod._process = None

    async with terminals.session(command=stubborn) as session:
        await session.until(b"ready")
        nats_server.kill()
        code, last = await session.end()
        assert (code, last["message"]) == (4503, "the bus went away")
    await terminals.nothing_is_left()


async def test_a_scheduler_and_a_controller_that_stop_end_sessions(terminals: Terminals) -> None:
    async with terminals.session() as session:
        (task,) = terminals.peers.terminals._running.values()
        task.cancel()
        code, last = await session.end()
    assert (code, last["message"]) == (4503, "the scheduler is being restarted")

    async with terminals.session() as session:
        terminals.controller.app.dependencies.stopping.set()
        code, last = await session.end()
    assert (code, last["message"]) == (1012, "the control plane is being restarted")
    await terminals.nothing_is_left()


async def test_a_slow_client_holds_the_pod_up(terminals: Terminals) -> None:
    most = 24 * MB
    command = ["head", "-c", str(most), "/dev/zero"]
    async with terminals.session(command=command, tty=False) as session:
        await asyncio.sleep(1)
        (terminal,) = terminals.peers.pod.opened
        assert not terminal.exit.done()  # 24 MiB are written, and nobody reads them
        code, last = await session.end()
    assert (code, last["exit_code"], len(session.shown[1])) == (1000, 0, most)


async def test_a_page_gets_no_more_than_it_has_shown(terminals: Terminals) -> None:
    ticket = await terminals.ticket(command=["head", "-c", str(MB), "/dev/zero"], tty=False)
    async with terminals.connected() as session:
        await session.socket.send(json.dumps({"ticket": ticket, "credit": True}))
        await session.next()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1.5):
                await session.end()
        window = len(session.shown[1])
        assert 0 < window <= 256 * 1024
        await session.socket.send(b"\x10\xff\xff\xff\xff")  # more than it was sent counts as what it was sent
        while len(session.shown[1]) < MB:
            before = len(session.shown[1])
            await session.next()
            await session.socket.send(b"\x10" + (len(session.shown[1]) - before).to_bytes(4, "big"))
        code, last = await session.end()
    assert (code, last["exit_code"]) == (1000, 0)
    await terminals.nothing_is_left()
