"""A session inside a pod that is a process: input and output, size, exit status, and that nothing of it stays."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from running_services.scheduler_world import QUICK, World, running, wanted
from scheduler.backends.process.terminal.session import ProcessTerminal
from scheduler.domain.ports import DEFAULT_SIZE, Terminal
from shared.contracts.terminals import TerminalExit, TerminalSize
from shared.errors import Conflict, InvalidInput, NotFound
from waiting.eventually import eventually

MB = 1024 * 1024


class PodUnderTest:
    """A pod that runs, and its process."""

    def __init__(self, world: World, pod: str, pid: int) -> None:
        self.world, self.pod, self.pid = world, pod, pid

    async def open(self, *command: str, tty: bool = True, size: TerminalSize = DEFAULT_SIZE) -> ProcessTerminal:
        found = await self.world.backend.exec(self.pod, command, tty=tty, size=size)
        assert isinstance(found, ProcessTerminal)
        return found


@asynccontextmanager
async def a_pod(home: Path) -> AsyncIterator[PodUnderTest]:
    async with running(home, options=replace(QUICK, terminals="on")) as world:
        await world.backend.apply(wanted(1))
        (pod,) = await eventually(lambda: world.ready)
        assert pod.pid is not None
        yield PodUnderTest(world, pod.pod, pod.pid)


async def all_of(terminal: Terminal) -> dict[str, bytes]:
    """What is written until the command ends."""
    found = {"stdout": b"", "stderr": b""}
    while output := await terminal.read():
        found[output.stream] += output.data
    return found


async def until(terminal: Terminal, text: bytes) -> bytes:
    """What is written up to `text`."""
    found = b""
    async with asyncio.timeout(10):
        while text not in found:
            output = await terminal.read()
            assert output is not None, found
            found += output.data
    return found


def sleeping(attendant: psutil.Process) -> list[psutil.Process]:
    return [each for each in attendant.children(recursive=True) if each.name() == "sleep"]


def python(code: str) -> Sequence[str]:
    return (sys.executable, "-I", "-c", code)


async def test_a_shell_on_a_terminal_knows_its_size_and_passes_its_status_on(home: Path) -> None:
    async with a_pod(home) as pod:
        terminal = await pod.open(size=TerminalSize(rows=31, columns=97))
        await terminal.write(b"stty size; tty; echo $PENSTOCK_POD $PENSTOCK_POD_TOKEN; pwd\n")
        shown = await until(terminal, b"/work")
        assert b"31 97" in shown
        assert b"/dev/pts/" in shown
        assert pod.pod.encode() in shown
        await terminal.resize(TerminalSize(rows=40, columns=120))
        await terminal.write(b"stty size; exit 7\n")
        assert b"40 120" in await until(terminal, b"40 120")
        await all_of(terminal)
        assert await terminal.wait() == TerminalExit(code=7)
        await terminal.close()
        await terminal.close()


async def test_without_a_terminal_streams_are_apart_and_input_ends(home: Path) -> None:
    async with a_pod(home) as pod:
        terminal = await pod.open("sh", "-c", "cat; echo oops >&2; exit 3", tty=False)
        hostile = bytes(range(256)) * 64
        await terminal.write(hostile)
        await terminal.end_input()
        assert await all_of(terminal) == {"stdout": hostile, "stderr": b"oops\n"}
        assert await terminal.wait() == TerminalExit(code=3)
        await terminal.close()


async def test_a_session_takes_all_that_it_started_with_it(home: Path) -> None:
    async with a_pod(home) as pod:
        terminal = await pod.open(tty=True)
        await terminal.write(b"setsid nohup sleep 4242 >/dev/null 2>&1 & trap '' HUP; sleep 4243\n")
        (attendant,) = [each for each in psutil.Process().children() if each.pid == terminal.attending.pid]
        await eventually(lambda: len(sleeping(attendant)) == 2)
        started = sleeping(attendant)
        await terminal.close()
        assert not any(each.is_running() for each in [*started, attendant])
        assert psutil.pid_exists(pod.pid)
        assert (await terminal.wait()).code != 0


async def test_a_killed_scheduler_leaves_nothing_of_a_session(home: Path) -> None:
    async with a_pod(home) as pod:
        terminal = await pod.open(*python("import signal,time; signal.signal(1, signal.SIG_IGN); time.sleep(600)"))
        (child,) = await eventually(lambda: psutil.Process(terminal.attending.pid).children())
        terminal.writer.transport.abort()  # as the system does to the descriptors of a process that is killed
        assert await eventually(lambda: not child.is_running())
        await terminal.close()


async def test_the_end_of_the_pod_ends_its_sessions_with_the_reason(home: Path) -> None:
    async with a_pod(home) as pod:
        terminal = await pod.open("sleep", "600", tty=False)
        os.kill(pod.pid, signal.SIGKILL)
        async with asyncio.timeout(10):
            assert await all_of(terminal) == {"stdout": b"", "stderr": b""}
            assert (await terminal.wait()).message == "the pod has ended"
        await terminal.close()


async def test_what_cannot_be_executed_is_refused_and_leaves_nothing(home: Path) -> None:
    async with a_pod(home) as pod:
        before = len(os.listdir("/proc/self/fd"))
        with pytest.raises(InvalidInput, match="no-such-thing cannot be executed in the pod: No such file"):
            await pod.open("no-such-thing")
        with pytest.raises(InvalidInput, match="Permission denied"):
            await pod.open("/etc/passwd", tty=False)
        with pytest.raises(NotFound):
            await pod.world.backend.exec("no-pod", [], tty=True)
        await eventually(lambda: len(os.listdir("/proc/self/fd")) <= before)


async def test_a_slow_reader_holds_the_command_up_and_memory_does_not_grow(home: Path) -> None:
    async with a_pod(home) as pod:
        terminal = await pod.open("head", "-c", str(100 * MB), "/dev/zero", tty=False)
        before, total = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, 0
        await asyncio.sleep(0.2)
        (child,) = psutil.Process(terminal.attending.pid).children()
        assert child.is_running()  # 100 MB are written, and nobody has read any
        while output := await terminal.read():
            total += len(output.data)
        assert total == 100 * MB
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 8 * 1024
        assert await terminal.wait() == TerminalExit(code=0)
        await terminal.close()


async def test_a_command_that_does_not_read_holds_its_writer_up_until_the_end(home: Path) -> None:
    async with a_pod(home) as pod:
        terminal = await pod.open("sleep", "600", tty=False)
        writing = asyncio.create_task(terminal.write(b"x" * MB))
        reading = asyncio.create_task(all_of(terminal))
        done, _ = await asyncio.wait({writing}, timeout=0.3)
        assert not done
        await terminal.close()
        async with asyncio.timeout(5):
            await writing
            await reading


async def test_terminals_are_off_unless_they_are_switched_on(home: Path) -> None:
    async with running(home) as world:
        await world.backend.apply(wanted(1))
        (pod,) = await eventually(lambda: world.ready)
        assert "SCHEDULER_TERMINALS=on" in (world.backend.terminal_refused(pod.pod) or "")
        with pytest.raises(Conflict, match="SCHEDULER_TERMINALS=on"):
            await world.backend.exec(pod.pod, ["sh"], tty=True)
        await world.backend.delete(pod.version_id)
        await eventually(lambda: not world.now)
        assert world.backend.terminal_refused(pod.pod) == f"the pod {pod.pod} does not run at the moment"
