"""Short-lived children of the scheduler: run one, feed it, bound its time, end its group when it is not wanted."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

INHERITED_VARIABLES = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "TMPDIR", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR",
                "REQUESTS_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
                "http_proxy", "https_proxy", "no_proxy", "all_proxy", "LD_LIBRARY_PATH")  # fmt: skip

MAX_LINE_BYTES = 64 * 1024
"""Bytes of a line of output that is rewritten."""


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
        child = await _started(command, environment, file, folder, is_piped=file is None or rewrite is not None)
        return await _run(child, stdin, limit_s, _copier(child, file, rewrite) if file and rewrite else None)
    finally:
        if file:
            file.close()


async def _started(
    command: Sequence[str],
    environment: Mapping[str, str],
    output: IO[bytes] | None,
    folder: Path | None,
    *,
    is_piped: bool,
) -> asyncio.subprocess.Process:
    errors = asyncio.subprocess.DEVNULL if output is None else asyncio.subprocess.STDOUT
    return await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE if is_piped else output,
        stderr=errors,
        env=dict(environment),
        cwd=folder,
        start_new_session=True,
    )


async def _run(
    child: asyncio.subprocess.Process, stdin: bytes, limit_s: float, copy: Callable[[], Awaitable[None]] | None
) -> ChildResult:
    stdout: bytes | None = b""
    try:
        async with asyncio.timeout(limit_s):
            if copy is None:
                stdout, _ = await child.communicate(stdin)
            else:
                await copy()
                await child.wait()
    except TimeoutError:
        await _kill(child)
        return ChildResult(None, "")
    except asyncio.CancelledError:
        await _kill(child)
        raise
    return ChildResult(child.returncode, (stdout or b"").decode(errors="replace"))


def _copier(
    child: asyncio.subprocess.Process, output: IO[bytes], rewrite: Callable[[str], str]
) -> Callable[[], Awaitable[None]]:
    return lambda: _copy_lines(child, output, rewrite)


async def _copy_lines(child: asyncio.subprocess.Process, output: IO[bytes], rewrite: Callable[[str], str]) -> None:
    """What the child prints, line by line; a line that never ends is cut at `MAX_LINE_BYTES`."""
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.close()
    rest = b""
    while chunk := await child.stdout.read(64 * 1024):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            output.write(rewrite(line.decode(errors="replace")).encode() + b"\n")
        output.flush()
        rest = rest[:MAX_LINE_BYTES]
    if rest:
        output.write(rewrite(rest.decode(errors="replace")).encode() + b"\n")


async def _kill(child: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    await child.wait()
