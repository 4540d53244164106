"""A local HTTP server that answers as Airflow 3, Argo Workflows, GitHub and a webhook's receiver do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

Reply = tuple[int, dict[str, str], bytes]


@dataclass
class Heard:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def reply(status: int, body: Any = None, **headers: str) -> Reply:
    return status, headers, b"" if body is None else json.dumps(body).encode()


@dataclass
class VendorServer:
    """Answers by (method, path); what it does not know is a 404."""

    port: int = 0
    answers: dict[tuple[str, str], Callable[[Heard], Reply | None]] = field(default_factory=dict)
    heard: list[Heard] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def on(self, method: str, path: str, answer: Reply | Callable[[Heard], Reply | None] | None) -> None:
        """None: it never answers."""
        self.answers[method, path] = answer if callable(answer) else lambda _: answer

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await _read(reader)
            self.heard.append(request)
            known = self.answers.get((request.method, request.path.partition("?")[0]))
            answer = known(request) if known else reply(404, {"message": "not found"})
            if answer is None:
                await asyncio.sleep(3600)
                return
            status, headers, body = answer
            lines = [f"HTTP/1.1 {status} X", f"content-length: {len(body)}", "connection: close"]
            lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
            writer.write("\r\n".join([*lines, "", ""]).encode() + body)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Heard:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    method, path, _ = first.split(" ")
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Heard(method, path, headers, body)


@asynccontextmanager
async def vendor_server() -> AsyncIterator[VendorServer]:
    found = VendorServer()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()
        server.close_clients() if hasattr(server, "close_clients") else None
