"""How the NATS server is, asked over its own protocol as the user of its system account.

A server whose disk was full keeps refusing to store after space is free again, on the streams that it failed to write;
only a restart heals that (measured with 2.15). Its own health check says so, its greeting does not.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass, field
from typing import Any

from penstock.launcher.bus.rights import SUPERVISOR
from penstock.launcher.home import HOST

TIMEOUT_S = 3.0
INBOX = f"_INBOX.svc.{SUPERVISOR}.reply"


@dataclass(frozen=True)
class BusHealth:
    """The server at this port of this machine."""

    port: int
    password: str = field(repr=False)

    async def problem(self) -> str | None:
        """What the server says is wrong with it; None where nothing is, or where it does not answer at all."""
        found = await self.ask("HEALTHZ")
        if found is None or found.get("status") == "ok":
            return None
        return str(found.get("error") or found.get("status"))

    async def ask(self, what: str, options: dict[str, Any] | None = None) -> dict[str, Any] | None:
        """The answer to `$SYS.REQ.SERVER.PING.<what>`; None where there is none in time."""
        with contextlib.suppress(OSError, TimeoutError, ValueError, asyncio.IncompleteReadError):
            async with asyncio.timeout(TIMEOUT_S):
                answer = json.loads(await self._asked(what, json.dumps(options or {}).encode()))
                return dict(answer.get("data") or answer)
        return None

    async def _asked(self, what: str, body: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(HOST, self.port, limit=64 * 1024 * 1024)
        try:
            await reader.readline()
            login = {"user": SUPERVISOR, "pass": self.password, "verbose": False, "name": "penstock-supervisor"}
            writer.write(b"CONNECT " + json.dumps(login).encode() + b"\r\n")
            writer.write(f"SUB {INBOX} 1\r\nPUB $SYS.REQ.SERVER.PING.{what} {INBOX} {len(body)}\r\n".encode())
            writer.write(body + b"\r\n")
            while not (line := await reader.readline()).startswith(b"MSG "):
                if line.startswith(b"PING"):
                    writer.write(b"PONG\r\n")
                elif not line or line.startswith(b"-ERR"):
                    raise ValueError(line.decode(errors="replace"))
            return await reader.readexactly(int(line.split()[-1]))
        finally:
            writer.close()
