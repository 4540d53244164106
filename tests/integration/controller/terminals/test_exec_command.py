"""`penstock pods exec`: on a terminal, in pipes, with the command's own exit status; and the Python client."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import signal
import struct
import sys
import termios
from contextlib import suppress

import psutil
import pytest

import penstock
from operations.pod_sessions import SERVICE, Terminals
from penstock.client import Conflict, InvalidRequest
from running_services.running_controller import TOKEN
from waiting.eventually import eventually

WHERE = (SERVICE, "v1", "wine-v1-0")


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "penstock", "pods", "exec", *arguments]


def environment(terminals: Terminals) -> dict[str, str]:
    return os.environ | {"PENSTOCK_URL": terminals.door.url, "PENSTOCK_TOKEN": TOKEN}


async def run(terminals: Terminals, *arguments: str, given: bytes = b"") -> tuple[int | None, bytes, bytes]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *command(*arguments), stdin=pipe, stdout=pipe, stderr=pipe, env=environment(terminals)
    )
    async with asyncio.timeout(60):
        out, err = await process.communicate(given)
    return process.returncode, out, err


async def test_in_pipes_bytes_streams_and_the_exit_status_pass(terminals: Terminals) -> None:
    given = bytes(range(256)) * 4000
    assert await run(terminals, "-i", *WHERE, "--", "cat", given=given) == (0, given, b"")
    code, out, err = await run(terminals, *WHERE, "--", "sh", "-c", "echo out; echo err >&2; cat; exit 9")
    assert (code, out, err) == (9, b"out\n", b"err\n")
    assert (await run(terminals, *WHERE, "--", "sh", "-c", "kill -TERM $$"))[0] == 128 + signal.SIGTERM
    await terminals.nothing_is_left()


async def test_what_is_refused_is_one_line_and_a_status(terminals: Terminals) -> None:
    code, _, err = await run(terminals, "-it", *WHERE)
    assert (code, b"leave it out in pipes" in err) == (2, True)
    code, _, err = await run(terminals, *WHERE, "--", "no-such-thing")
    assert (code, b"no-such-thing cannot be executed in the pod" in err) == (2, True)
    terminals.peers.pod.has_terminals = False
    code, _, err = await run(terminals, *WHERE)
    assert (code, b"SCHEDULER_TERMINALS=on" in err, err.count(b"\n")) == (5, True, 1)


async def test_on_a_terminal_keys_and_sizes_pass_and_it_is_as_before_in_the_end(terminals: Terminals) -> None:
    ours, theirs = pty.openpty()
    set_size(ours, 25, 70)
    before = termios.tcgetattr(theirs)
    process = await asyncio.create_subprocess_exec(
        *command("-it", *WHERE), stdin=theirs, stdout=theirs, stderr=theirs, env=environment(terminals)
    )
    shown = Shown(ours)
    try:
        assert await eventually(lambda: termios.tcgetattr(theirs)[3] & termios.ECHO == 0)
        os.write(ours, b"stty size\r")
        await shown.until(b"25 70")
        set_size(ours, 33, 99)
        process.send_signal(signal.SIGWINCH)
        await shown.until_said(b"stty size\r", b"33 99")
        os.write(ours, b"sleep 600\r")
        assert await eventually(lambda: sleeps(terminals))
        os.write(ours, b"\x03")  # the pod's, not the command line's
        assert await eventually(lambda: not sleeps(terminals))
        os.write(ours, b"exit 5\r")
        async with asyncio.timeout(30):
            assert await process.wait() == 5
        assert termios.tcgetattr(theirs)[3] == before[3]
    finally:
        if process.returncode is None:
            process.kill()
        os.close(ours)
        os.close(theirs)
    await terminals.nothing_is_left()


async def test_the_python_client(terminals: Terminals) -> None:
    async with penstock.AsyncClient(terminals.door.url, TOKEN) as client:
        async with client.exec_in_pod(*WHERE, ["cat"], tty=False) as session:
            await session.send(b"x" * 100_000)
            await session.end_input()
            found = b"".join([data async for _, data in session])
        assert (found, session.end.exit_code, session.end.code) == (b"x" * 100_000, 0, 1000)
        async with client.exec_in_pod(*WHERE, ["sleep", "600"]):
            pass  # leaving it ends it
        await terminals.nothing_is_left()
        with pytest.raises(InvalidRequest, match="cannot be executed"):
            async with client.exec_in_pod(*WHERE, ["/etc/passwd"]):
                pass
        assert (await client.pod_terminal(*WHERE))["available"]
        terminals.peers.pod.has_terminals = False
        with pytest.raises(Conflict):
            async with client.exec_in_pod(*WHERE):
                pass


def sleeps(terminals: Terminals) -> bool:
    """Whether a command that is called so runs below the session's shell; others that were typed may still end."""
    below = psutil.Process(terminals.peers.pod.opened[-1].attending.pid).children(recursive=True)
    return any(_name(each) == "sleep" for each in below)


def _name(process: psutil.Process) -> str | None:
    try:
        return process.name()
    except psutil.Error:  # it has ended meanwhile
        return None


class Shown:
    """What a terminal shows."""

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self.descriptor, self.text = descriptor, b""

    async def until(self, text: bytes) -> None:
        def is_shown() -> bool:
            with suppress(BlockingIOError):
                self.text += os.read(self.descriptor, 65536)
            assert text in self.text, self.text
            return True

        assert await eventually(is_shown, within=30)

    async def until_said(self, typed: bytes, text: bytes) -> None:
        """Type it again until the answer comes: a size travels beside what is typed."""
        async with asyncio.timeout(30):
            while text not in self.text:
                os.write(self.descriptor, typed)
                await asyncio.sleep(0.3)
                try:
                    self.text += os.read(self.descriptor, 65536)
                except BlockingIOError:
                    continue


def set_size(terminal: int, rows: int, columns: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
