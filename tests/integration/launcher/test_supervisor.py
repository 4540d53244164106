"""The supervisor over real, small processes: what dies is started again, what is told to end ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from penstock.launcher.bus.health import BusHealth
from penstock.launcher.home import Home, Ports
from penstock.launcher.leftovers import end_leftovers
from penstock.launcher.process import Probe, ProcessSpec
from penstock.launcher.state import RunState
from penstock.launcher.supervisor import Supervisor
from servers.ports import free_port

SLEEP = "import time; time.sleep(600)"
ANSWER = """
import os, socket
assert os.environ["LISTEN_FDS"] == "1"
listening = socket.socket(fileno=3)
while True:
    connection, _ = listening.accept()
    connection.sendall(str(os.getpid()).encode())
    connection.close()
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home", Ports())
    home.create()
    return home


def spec(home: Home, name: str, code: str, **options: object) -> ProcessSpec:
    return ProcessSpec(
        name=name,
        command=(sys.executable, "-S", "-c", code),
        environment={**os.environ, "PENSTOCK_HOME": str(home.path)},
        address="127.0.0.1:1",
        stop_grace_s=2,
        **options,  # type: ignore[arg-type]
    )


async def eventually(condition: Callable[[], object], within: float = 60) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "condition never came true"
        await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def supervised(home: Home, *specs: ProcessSpec, **options: Any) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(home, specs, **options)

    async def nothing() -> None:
        return

    running = asyncio.create_task(supervisor.run(nothing))
    await asyncio.wait_for(supervisor.ready.wait(), 30)
    try:
        yield supervisor
    finally:
        supervisor.stop()
        await asyncio.wait_for(running, 30)


async def test_a_killed_process_is_started_again_and_counted(home: Home) -> None:
    async with supervised(home, spec(home, "one", SLEEP), spec(home, "two", SLEEP)) as supervisor:
        one, two = supervisor.children
        first, other = one.pid, two.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)

        await eventually(lambda: one.pid not in (None, first) and supervisor.ready.is_set())

        assert (one.restarts, two.restarts) == (1, 0)
        assert two.pid == other
        state = RunState.load(home)
        assert state is not None
        assert [(p.name, p.pid, p.state, p.restarts) for p in state.processes] == [
            ("one", one.pid, "running", 1),
            ("two", two.pid, "running", 0),
        ]


async def test_stop_ends_even_what_ignores_sigterm_and_its_group(home: Home) -> None:
    stubborn = "import signal, subprocess, sys, time; signal.signal(15, signal.SIG_IGN); "
    stubborn += f"p = subprocess.Popen([sys.executable, '-c', {SLEEP!r}]); print(p.pid, flush=True); time.sleep(600)"
    log = home.logs / "stubborn.log"
    async with supervised(home, spec(home, "stubborn", stubborn)) as supervisor:
        await eventually(lambda: log.exists() and log.read_text().endswith("\n"))
        pid, grandchild = supervisor.children[0].pid, int(log.read_text())

    await eventually(lambda: not psutil.pid_exists(grandchild) or psutil.Process(grandchild).status() == "zombie")
    assert pid is not None
    assert not psutil.pid_exists(pid)


async def test_what_ends_last_ends_after_the_rest(home: Home) -> None:
    order = home.path / "order"
    code = "import signal, sys, time; signal.signal(15, lambda *_: (open({!r}, 'a').write({!r}), sys.exit())); print(1, flush=True); time.sleep(600)"  # noqa: E501
    last = spec(home, "last", code.format(str(order), "last "), ends_last=True)
    first = spec(home, "first", code.format(str(order), "first "))
    async with supervised(home, last, first):
        await eventually(lambda: all((home.logs / f"{n}.log").read_text() for n in ("first", "last")))

    assert order.read_text() == "first last "


async def test_callers_wait_while_the_owner_of_a_socket_restarts(home: Home) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as held:
        address = held.getsockname()
        async with supervised(home, spec(home, "door", ANSWER, listen_fd=held.fileno())) as supervisor:

            async def call() -> int:
                reader, writer = await asyncio.open_connection(*address)
                answer = await reader.read()
                writer.close()
                return int(answer)

            first = await call()
            os.kill(first, signal.SIGKILL)
            await eventually(lambda: supervisor.children[0].state == "restarting")
            answers = await asyncio.wait_for(asyncio.gather(*(call() for _ in range(20))), 30)

    assert set(answers) == {supervisor.children[0].pid or answers[0]}
    assert first not in answers


async def test_a_held_process_stays_down_until_released(home: Home) -> None:
    async with supervised(home, spec(home, "one", SLEEP)) as supervisor:
        child = supervisor.children[0]
        hold = home.run / "hold"
        hold.mkdir()
        (hold / "one").touch()
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        await eventually(lambda: child.state == "held")
        assert child.pid is None

        (hold / "one").unlink()

        await eventually(lambda: child.state == "running")


async def test_one_that_cannot_start_does_not_disturb_the_others(home: Home) -> None:
    supervisor = Supervisor(home, [spec(home, "good", SLEEP), spec(home, "bad", "raise SystemExit('no')")])

    async def nothing() -> None:
        return

    running = asyncio.create_task(supervisor.run(nothing))
    good, bad = supervisor.children
    await eventually(lambda: bad.restarts >= 3)

    assert (good.state, good.restarts) == ("running", 0)
    assert not supervisor.ready.is_set()
    supervisor.stop()
    await asyncio.wait_for(running, 30)
    assert (home.logs / "bad.log").read_text().startswith("no\n")


async def test_what_a_killed_supervisor_left_is_ended_and_nothing_else(home: Home) -> None:
    supervisor = Supervisor(home, [spec(home, "left", SLEEP)])
    child = supervisor.children[0]
    child.start()
    stranger = await asyncio.create_subprocess_exec(sys.executable, "-c", SLEEP, process_group=0)
    supervisor._save()
    state = RunState.load(home)
    assert state is not None
    view = state.processes[0]
    RunState(1, ready=True, processes=(view, type(view)("x", stranger.pid, "running", 0, None))).save(home)

    ended = await asyncio.to_thread(end_leftovers, home)

    assert ended == 1
    assert child.pid is not None
    assert not psutil.pid_exists(child.pid)
    assert stranger.returncode is None
    stranger.kill()
    await stranger.wait()


SERVE = """
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response({status})
        self.end_headers()
    def log_message(self, *_):
        pass
http.server.HTTPServer(("127.0.0.1", {port}), Handler).serve_forever()
"""


def serving(home: Home, name: str, port: int, status: int = 200) -> ProcessSpec:
    return spec(home, name, SERVE.format(port=port, status=status), probe=Probe("http", port))


async def test_one_that_hangs_is_restarted_and_the_restart_is_told(home: Home) -> None:
    first, second = free_port(), free_port()
    services = (serving(home, "hanging", first), serving(home, "other", second))
    async with supervised(home, *services, hung_after_s=1.0) as supervisor:
        hanging, other = supervisor.children
        before, others = hanging.pid, other.pid
        assert before is not None
        os.kill(before, signal.SIGSTOP)

        await eventually(lambda: hanging.pid not in (None, before) and hanging.state == "running")

        assert (hanging.restarts, other.restarts, other.pid) == (1, 0, others)
        (incident,) = supervisor.incidents.read()
        assert incident["name"] == "hanging"
        assert "did not answer" in incident["text"]
        state = RunState.load(home)
        assert state is not None
        assert "did not answer" in (state.processes[0].note or "")


async def test_while_no_process_answers_none_is_restarted(home: Home) -> None:
    ports = (free_port(), free_port())
    async with supervised(home, *(serving(home, f"s{port}", port) for port in ports), hung_after_s=0.5) as supervisor:
        for child in supervisor.children:
            child.answered_at -= 3600
            assert child.pid is not None
            os.kill(child.pid, signal.SIGSTOP)
        await eventually(lambda: all(child.state == "unready" for child in supervisor.children))

        assert [child.restarts for child in supervisor.children] == [0, 0]
        for child in supervisor.children:
            os.kill(child.pid or 0, signal.SIGCONT)
        await eventually(supervisor.ready.is_set)


class WedgedServer(BusHealth):
    """Cannot store until it was started again."""

    def __init__(self) -> None:
        super().__init__(0, "")
        self.supervisor: Supervisor | None = None

    async def problem(self) -> str | None:
        nats = self.supervisor.children[0] if self.supervisor else None
        return "stream REQUESTS write error" if nats and not nats.restarts else None


async def test_a_bus_that_cannot_store_though_there_is_room_is_restarted(home: Home) -> None:
    bus = WedgedServer()
    async with supervised(
        home, spec(home, "nats", SLEEP), bus=bus, stuck_after_s=0.1, check_interval_s=0.1
    ) as supervisor:
        bus.supervisor = supervisor

        await eventually(lambda: supervisor.children[0].restarts == 1 and supervisor.ready.is_set())

        texts = [incident["text"] for incident in supervisor.incidents.read()]
        await eventually(lambda: supervisor.incidents.read()[-1]["text"] == "well again")
        assert texts[0] == "stream REQUESTS write error"
        assert "restarted" in texts[1]


async def test_a_run_that_cannot_write_its_state_goes_on(home: Home) -> None:
    async with supervised(home, spec(home, "one", SLEEP), check_interval_s=0.1) as supervisor:
        child = supervisor.children[0]
        moved = home.run.rename(home.path / "elsewhere")
        home.run.touch()
        before = child.pid
        assert before is not None
        os.kill(before, signal.SIGKILL)

        await eventually(lambda: child.pid not in (None, before) and child.state == "running")

        home.run.unlink()
        moved.rename(home.run)
        await eventually(lambda: (RunState.load(home) or RunState(0, ready=False, processes=())).ready)
