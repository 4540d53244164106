"""Short-lived children of the scheduler: run one, feed it, bound its time, end its group when it is not wanted."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

FOR_CHILDREN = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "TMPDIR", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR",
                "REQUESTS_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
                "http_proxy", "https_proxy", "no_proxy", "all_proxy", "LD_LIBRARY_PATH")  # fmt: skip


def environment_for(environ: Mapping[str, str], prefixes: Sequence[str]) -> dict[str, str]:
    """What a child may know: the plain variables and those of its own tools; nothing of the platform's secrets."""
    return {key: value for key, value in environ.items() if key in FOR_CHILDREN or key.startswith(tuple(prefixes))}


@dataclass(frozen=True)
class Ended:
    """How a child ended: `code` is None where it took too long and was killed."""

    code: int | None
    stdout: str


async def run_child(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    question: bytes = b"",
    limit_s: float,
    output: Path | None = None,
) -> Ended:
    """Run `command` to its end. With `output`, all it prints is added to that file, else stderr is dropped."""
    file = output.open("ab") if output else None
    try:
        return await _run(command, environment, question, limit_s, file)
    finally:
        if file:
            file.close()


async def _run(
    command: Sequence[str], environment: Mapping[str, str], question: bytes, limit_s: float, output: IO[bytes] | None
) -> Ended:
    child = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=output or asyncio.subprocess.PIPE,
        stderr=output or asyncio.subprocess.DEVNULL,
        env=dict(environment),
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(limit_s):
            stdout, _ = await child.communicate(question)
    except TimeoutError:
        await _kill(child)
        return Ended(None, "")
    except asyncio.CancelledError:
        await _kill(child)
        raise
    return Ended(child.returncode, (stdout or b"").decode(errors="replace"))


async def _kill(child: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    await child.wait()
