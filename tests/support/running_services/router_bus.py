"""A router as a real process beside a real nats-server, and what a test says and hears on the bus."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sys
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import nats
import nats.errors
import nats.js.errors
from nats.aio.client import Client

from running_services.router_world import World
from servers.ports import free_port
from shared.bus.bootstrap import ensure_topology
from shared.contracts.metrics.samples import TrafficSample
from shared.events.request import RequestLogged, RequestRecord


@dataclass
class NatsServer:
    """nats-server with JetStream in a folder; can be killed and started again on its port."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    async def start(self) -> None:
        binary = Path(sys.executable).parent / "nats-server"
        config = self.folder.with_suffix(".conf")
        config.write_text(
            f"port: {self.port}\nhost: 127.0.0.1\nmax_payload: 8388608\n"
            f'jetstream {{ store_dir: "{self.folder}", max_file_store: 64GB }}\n'
        )
        self.process = await asyncio.create_subprocess_exec(
            str(binary), "-c", str(config), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
        )
        async with asyncio.timeout(30):
            while True:
                with suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                    writer.close()
                    return
                await asyncio.sleep(0.02)

    async def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            await self.process.wait()
            self.process = None


@dataclass
class Station:
    """The test's own connection: writes routes, reads streams."""

    nc: Client

    @classmethod
    async def connect(cls, url: str) -> Station:
        nc = await nats.connect(url, max_reconnect_attempts=-1, reconnect_time_wait=0.1, error_cb=_ignore)
        await ensure_topology(nc.jetstream())
        return cls(nc)

    async def make_streams(self) -> None:
        """As the controller does where they are gone."""
        await ensure_topology(self.nc.jetstream())

    async def put(self, entries: dict[str, bytes]) -> None:
        bucket = await self.nc.jetstream().key_value("routes")
        for key, value in entries.items():
            await bucket.put(key, value)

    async def records(self) -> list[RequestRecord]:
        """Every record of REQUESTS, in order."""
        return [record for _, logged in await self.messages() for record in logged.records]

    async def messages(self) -> list[tuple[dict[str, str], RequestLogged]]:
        js = self.nc.jetstream()
        found = []
        try:
            state = (await js.stream_info("REQUESTS")).state
        except nats.js.errors.NotFoundError:
            return []  # a bus that was wiped gets its streams back in a moment
        for sequence in range(max(1, state.first_seq), state.last_seq + 1):
            with suppress(nats.js.errors.NotFoundError):
                message = await js.get_msg("REQUESTS", sequence)
                found.append((dict(message.headers or {}), RequestLogged.model_validate_json(message.data or b"")))
        return found

    async def traffic(self) -> Counter[str]:
        """Counts over all samples: requests, logged, and statuses."""
        js = self.nc.jetstream()
        total: Counter[str] = Counter()
        for sequence in range(1, (await js.stream_info("METRICS")).state.last_seq + 1):
            message = await js.get_msg("METRICS", sequence)
            for pod in TrafficSample.model_validate_json(message.data or b"").pods:
                total["requests"] += pod.requests
                total["logged"] += pod.logged
                total.update(pod.status)
        return total


async def _ignore(_: Exception) -> None: ...


class RecordingTable:
    """Stands where a world's table would: keeps what is applied, to be put into the bucket."""

    def __init__(self) -> None:
        self.entries: dict[str, bytes] = {}

    def apply(self, key: str, value: bytes | None) -> None:
        assert value is not None
        self.entries[key] = value


@dataclass
class RouterProcess:
    """`python -m router`, on a listening socket that the test holds as the launcher does."""

    home: Path
    nats_url: str
    settings: dict[str, str] = field(default_factory=dict)
    listening: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0), backlog=512))
    admin_port: int = field(default_factory=free_port)
    process: asyncio.subprocess.Process | None = None

    @property
    def port(self) -> int:
        return int(self.listening.getsockname()[1])

    async def start(self, *, is_ready: bool = True) -> None:
        # Descriptor 3 is the listening socket, as socket activation has it.
        become = (
            "import os, sys; os.dup2(int(sys.argv[1]), 3); os.execv(sys.executable, [sys.executable, '-m', 'router'])"
        )
        fd = self.listening.fileno()
        with (self.home.parent / "router.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-c",
                become,
                str(fd),
                pass_fds=(fd,),
                env={
                    **os.environ,
                    "LISTEN_FDS": "1",
                    "PENSTOCK_HOME": str(self.home),
                    "ROUTER_NATS_URL": self.nats_url,
                    "ROUTER_ADMIN_PORT": str(self.admin_port),
                    "ROUTER_SAMPLE_INTERVAL": "0.3",
                    **self.settings,
                },
                stderr=log,
            )
        if is_ready:
            await self.until_ready()

    async def until_ready(self) -> None:
        async with asyncio.timeout(30):
            while await self.admin("/readyz") != 200:
                await asyncio.sleep(0.05)

    async def admin(self, path: str) -> int:
        return (await self.admin_get(path))[0]

    async def admin_get(self, path: str) -> tuple[int, bytes]:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.admin_port)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
            raw = await reader.read()
            writer.close()
            return int(raw.split(b" ", 2)[1]), raw
        except (OSError, IndexError):
            return 0, b""

    async def dropped(self, reason: str) -> int:
        """How many records were not kept for this reason, as the metrics say."""
        _, metrics = await self.admin_get("/metrics")
        pattern = rb'penstock_router_records_total\{[^}]*outcome="%b"[^}]*\} ([0-9.]+)' % reason.encode()
        return int(sum(map(float, re.findall(pattern, metrics))))

    async def end(self, signal_number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(signal_number)
        async with asyncio.timeout(30):
            return await self.process.wait()

    async def stop(self) -> None:
        if self.process is not None and self.process.returncode is None:
            await self.end(signal.SIGKILL)
        self.listening.close()


__all__ = ["NatsServer", "RecordingTable", "RouterProcess", "Station", "World", "free_port"]
