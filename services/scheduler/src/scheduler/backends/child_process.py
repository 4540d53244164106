"""Short-lived children of the scheduler: run one, feed it, bound its time, end its group when it is not wanted."""

from __future__ import annotations

import asyncio
import os
import select
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

INHERITED_VARIABLES = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "TMPDIR", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR",
                "REQUESTS_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
                "http_proxy", "https_proxy", "no_proxy", "all_proxy", "LD_LIBRARY_PATH")  # fmt: skip

MAX_LINE_BYTES = 64 * 1024
"""Bytes of a line of output that is rewritten."""

REST_WITHIN_S = 2.0
"""So long after a child's end its output may take to be read; it takes that long only where another has the pipe."""


def child_environment(environ: Mapping[str, str], prefixes: Sequence[str]) -> dict[str, str]:
    """The variables that a child inherits: plain ones and those of its own tools, none of the platform's secrets."""
    return {
        key: value for key, value in environ.items() if key in INHERITED_VARIABLES or key.startswith(tuple(prefixes))
    }


@dataclass(frozen=True)
class ChildResult:
    """How a child ended: `code` is None where it took too long and was killed."""

    code: int | None
    stdout: str


async def run_child(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    stdin: bytes = b"",
    limit_s: float,
    output: Path | None = None,
    folder: Path | None = None,
    rewrite: Callable[[str], str] | None = None,
) -> ChildResult:
    """Run `command` to its end, in `folder`.

    With `output`, all it prints is added to that file, else stderr is dropped. With `rewrite` too, each line goes
    through it first.
    """
    file = output.open("ab") if output else None
    try:
        return await _run(await _started(command, environment, file, folder, rewrite), stdin, limit_s)
    finally:
        if file:
            file.close()


@dataclass(frozen=True)
class _Child:
    """A process, and the task that reads what it prints.

    The pipe is our own: what asyncio makes would let `wait` wait for all who hold it, and a daemon that a build leaves
    behind holds it for as long as it likes.
    """

    process: asyncio.subprocess.Process
    reading: asyncio.Task[bytes]
    pipe: asyncio.ReadTransport | None

    async def feed(self, stdin: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.transport.set_write_buffer_limits(0)  # all of it has been taken once it is drained
        with suppress(BrokenPipeError, ConnectionResetError):  # it reads no more
            self.process.stdin.write(stdin)
            await self.process.stdin.drain()
        self.process.stdin.close()

    async def rest(self) -> bytes:
        """What it printed, once it has ended; whoever still has the pipe is ended where it is of its group."""
        while self.pipe is not None and not self.reading.done():
            await asyncio.wait({self.reading}, timeout=REST_WITHIN_S)
            if not self.reading.done() and not self._has_more(self.pipe):
                self._kill_group()
                self.pipe.close()
                break
        return await self.reading

    @staticmethod
    def _has_more(pipe: asyncio.ReadTransport) -> bool:
        """Whether there is something to read, or its end: this process was too busy to."""
        poll = select.poll()
        poll.register(pipe.get_extra_info("pipe").fileno(), select.POLLIN)
        return bool(poll.poll(0))

    async def kill(self) -> None:
        self._kill_group()
        if self.process.stdin is not None and not self.process.stdin.is_closing():
            self.process.stdin.transport.abort()
        await self.process.wait()
        if self.pipe is not None:
            self.pipe.close()
        await self.reading

    def _kill_group(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)


async def _started(
    command: Sequence[str],
    environment: Mapping[str, str],
    output: IO[bytes] | None,
    folder: Path | None,
    rewrite: Callable[[str], str] | None,
) -> _Child:
    is_piped = output is None or rewrite is not None
    ours, theirs = os.pipe() if is_piped else (None, None)
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=theirs if is_piped else output,
            stderr=asyncio.subprocess.DEVNULL if output is None else asyncio.subprocess.STDOUT,
            env=dict(environment),
            cwd=folder,
            start_new_session=True,
        )
    except BaseException:
        if ours is not None:
            os.close(ours)
        raise
    finally:
        if theirs is not None:
            os.close(theirs)
    if ours is None:
        return _Child(process, asyncio.create_task(_nothing()), None)
    reader = asyncio.StreamReader()
    pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(ours, "rb", buffering=0)
    )
    reading = reader.read() if output is None or rewrite is None else _copy_lines(reader, output, rewrite)
    return _Child(process, asyncio.create_task(reading, name="read what a child prints"), pipe)


async def _run(child: _Child, stdin: bytes, limit_s: float) -> ChildResult:
    try:
        async with asyncio.timeout(limit_s):
            await child.feed(stdin)
            await child.process.wait()
            printed = await child.rest()
    except TimeoutError:
        await child.kill()
        return ChildResult(None, "")
    except asyncio.CancelledError:
        await child.kill()
        raise
    return ChildResult(child.process.returncode, printed.decode(errors="replace"))


async def _copy_lines(reader: asyncio.StreamReader, output: IO[bytes], rewrite: Callable[[str], str]) -> bytes:
    """What the child prints, line by line; a line that never ends is cut at `MAX_LINE_BYTES`."""
    rest = b""
    while chunk := await reader.read(64 * 1024):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            output.write(rewrite(line.decode(errors="replace")).encode() + b"\n")
        output.flush()
        rest = rest[:MAX_LINE_BYTES]
    if rest:
        output.write(rewrite(rest.decode(errors="replace")).encode() + b"\n")
    return b""


async def _nothing() -> bytes:
    return b""
