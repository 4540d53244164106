"""A data plane on a real socket, pods that are small real HTTP servers, and callers that speak raw bytes."""

from __future__ import annotations

import asyncio
import hashlib
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID, uuid4

from router.dataplane import DataPlane, DataPlaneLimits
from router.dataplane.client.certificate import Certificate
from router.domain.outcome import RequestOutcome
from router.domain.routes.table import RouteTable
from router.domain.traffic_counters import TrafficTallies
from shared.contracts.routes import Intent, KeyEntry, PodEndpoint, ServiceKeys, VersionEndpoints, VersionRoute

KEY = "psk_abcd1234.secret-secret-secret"


@dataclass
class PodRequest:
    """What a pod was sent."""

    head: bytes
    body: bytes

    @property
    def headers(self) -> dict[str, str]:
        lines = self.head.decode("latin-1").split("\r\n")[1:]
        return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}


class Addressed(Protocol):
    """A pod, as the route table sees it."""

    name: str
    port: int


Answer = Callable[["PodServer", PodRequest, asyncio.StreamWriter], Awaitable[None]]


async def answer_ok(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
    body = json.dumps({"predictions": [pod.name]}).encode()
    writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        b"X-Penstock-Client-Request-Id: order%%201\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    )


@dataclass
class PodServer:
    """A pod: reads requests with a Content-Length, answers as told."""

    name: str
    answer: Answer = answer_ok
    requests: list[PodRequest] = field(default_factory=list)
    connections: list[asyncio.StreamWriter] = field(default_factory=list)
    serving: set[asyncio.Task[Any]] = field(default_factory=set)
    server: asyncio.Server | None = None
    port: int = 0
    is_stopped: bool = False

    async def start(self) -> None:
        self.is_stopped = False
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self.is_stopped = True
        if self.server is not None:
            self.server.close()
            for writer in self.connections:
                writer.transport.abort()
            self.server = None
        others = {task for task in self.serving if task is not asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_stopped:  # accepted in the moment that it was stopped
            writer.transport.abort()
            return
        self.connections.append(writer)
        task = asyncio.current_task()
        assert task is not None
        self.serving.add(task)
        with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                request = PodRequest(head, b"")
                request.body = await reader.readexactly(int(request.headers.get("content-length", "0")))
                self.requests.append(request)
                await self.answer(self, request, writer)
        self.serving.discard(task)
        writer.close()


@dataclass
class Ledger:
    """A recorder that keeps outcomes in memory, and what was on the wire when each came."""

    outcomes: list[RequestOutcome] = field(default_factory=list)
    on_append: Callable[[RequestOutcome], None] = lambda _: None

    def append(self, outcome: RequestOutcome) -> str | None:
        self.on_append(outcome)
        self.outcomes.append(outcome)
        return None


class Caller:
    """A raw connection to the router."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, raw: bytes) -> None:
        self.writer.write(raw)

    def post(self, path: str, body: bytes = b"{}", *headers: str, key: str | None = KEY) -> None:
        lines = [f"POST {path} HTTP/1.1", "Host: x", "Content-Type: application/json", *headers]
        if key:
            lines.append(f"Authorization: Bearer {key}")
        lines.append(f"Content-Length: {len(body)}")
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode() + body)

    async def head(self) -> tuple[int, dict[str, str]]:
        raw = (await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 60)).decode("latin-1")
        first, *lines = raw.split("\r\n")
        return int(first.split(" ")[1]), {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)
        }

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        status, headers = await self.head()
        if headers.get("transfer-encoding") == "chunked":
            return status, headers, b"".join([chunk async for chunk in self.chunks()])
        return (
            status,
            headers,
            await asyncio.wait_for(self.reader.readexactly(int(headers.get("content-length", "0"))), 60),
        )

    async def chunks(self) -> AsyncIterator[bytes]:
        while size := int(await asyncio.wait_for(self.reader.readline(), 60), 16):
            yield (await self.reader.readexactly(size + 2))[:-2]
        await self.reader.readline()

    async def rest(self) -> bytes:
        """Everything until the router closes."""
        return await asyncio.wait_for(self.reader.read(), 60)

    async def close(self) -> None:
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()


@dataclass
class World:
    """A data plane and what surrounds it."""

    table: RouteTable
    plane: DataPlane
    ledger: Ledger
    port: int
    stack: AsyncExitStack
    version_ids: dict[tuple[str, str], UUID] = field(default_factory=dict)

    async def caller(self) -> Caller:
        caller = Caller(*await asyncio.open_connection("127.0.0.1", self.port))
        self.stack.push_async_callback(caller.close)
        return caller

    async def pod(self, name: str = "wine-v1-0", answer: Answer = answer_ok) -> PodServer:
        pod = PodServer(name, answer)
        await pod.start()
        self.stack.push_async_callback(pod.stop)
        return pod

    def intent(self, service: str = "wine", weights: dict[str, int] | None = None, **more: Any) -> None:
        version_fields = {"hold_ms": 0, **more.pop("version_fields", {})}
        versions = tuple(
            VersionRoute(
                version_id=self.version_ids.setdefault((service, version), uuid4()),
                version=version,
                model=f"{service}/1",
                weight=weight,
                **version_fields,
            )
            for version, weight in (weights or {"v1": 100}).items()
        )
        more.setdefault("auth_enabled", True)
        intent = Intent(service_id=UUID(int=1), service=service, revision=1, versions=versions, **more)
        self.table.apply(f"intent.{service}", intent.model_dump_json().encode())

    def endpoints(self, *pods: Addressed, service: str = "wine", version: str = "v1") -> None:
        version_id = self.version_ids[(service, version)]
        endpoints = VersionEndpoints(
            version_id=version_id,
            service=service,
            version=version,
            revision=1,
            pods=tuple(PodEndpoint(pod=pod.name, address=f"127.0.0.1:{pod.port}") for pod in pods),
        )
        self.table.apply(f"endpoints.{version_id}", endpoints.model_dump_json().encode())

    def key(self, key: str = KEY, service: str = "wine") -> None:
        entry = KeyEntry(id=UUID(int=9), sha256=hashlib.sha256(key.encode()).hexdigest())
        keys = ServiceKeys(service=service, revision=1, keys=(entry,))
        self.table.apply(f"keys.{service}", keys.model_dump_json().encode())

    async def serve_wine(self, answer: Answer = answer_ok, **more: Any) -> PodServer:
        """One service, one version, one pod, one key."""
        pod = await self.pod(answer=answer)
        self.intent(**more)
        self.key()
        self.endpoints(pod)
        return pod


def listening_socket() -> socket.socket:
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", 0))
    return listening


PATIENT = DataPlaneLimits(linger_s=0.5, connect_timeout_s=10.0)
"""No test that is not about time depends on how fast this machine is."""
HASTY = DataPlaneLimits(header_timeout_s=0.5, body_timeout_s=0.5, linger_s=0.5, connect_timeout_s=0.4)


@asynccontextmanager
async def running_world(
    limits: DataPlaneLimits = PATIENT, certificate: Certificate | None = None
) -> AsyncIterator[World]:
    table = RouteTable(TrafficTallies())
    table.is_known = True
    ledger = Ledger()
    plane = DataPlane(table, ledger, limits)
    listening = listening_socket()
    port = listening.getsockname()[1]
    await plane.listen(listening, certificate)
    sweeping = asyncio.create_task(plane.sweep())
    try:
        async with AsyncExitStack() as stack:
            yield World(table, plane, ledger, port, stack)
    finally:
        await plane.drain(0.1)
        sweeping.cancel()


async def eventually(is_true: Callable[[], object], within_s: float = 60.0) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(within_s):
        while not is_true():
            await asyncio.sleep(0.01)
