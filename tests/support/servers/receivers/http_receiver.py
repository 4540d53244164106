"""An HTTP/1.1 server in the test's own loop, which hands each request to a function."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Received:
    """One request."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """What is answered; `raw` instead of all else, `hangs` instead of anything."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    hangs: bool = False


def json_reply(value: Any, status: int = 200, **headers: str) -> Reply:
    return Reply(status, json.dumps(value).encode(), {"content-type": "application/json", **headers})


@dataclass
class HttpReceiver:
    """`received`: all that came. `override`: the next replies, instead of what `answer` says."""

    answer: Callable[[Received], Reply]
    received: list[Received] = field(default_factory=list)
    override: list[Reply] = field(default_factory=list)
    port: int = 0
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @asynccontextmanager
    async def serving(self, certificate: Path | None = None) -> AsyncIterator[HttpReceiver]:
        """With a certificate (and its key, in one file) by HTTPS."""
        tls = None
        if certificate is not None:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(certificate)
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2**22, ssl=tls)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            await asyncio.gather(*self._tasks)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.append(task)
        try:
            request = await _read(reader)
            self.received.append(request)
            reply = self.override.pop(0) if self.override else self.answer(request)
            if reply.hangs:
                await reader.read()  # until the client is gone
                return
            writer.write(reply.raw if reply.raw is not None else _written(reply))
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Received:
    head, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    parts = urlsplit(head.split(" ")[1])
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(parts.path, {name: found[0] for name, found in parse_qs(parts.query).items()}, headers, body)


def _written(reply: Reply) -> bytes:
    headers = {"content-length": str(len(reply.body)), "connection": "close", **reply.headers}
    lines = [f"HTTP/1.1 {reply.status} X", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode() + reply.body
