"""nats-server with JetStream as a child process that a test may kill, freeze, wipe and bring back on its port."""

from __future__ import annotations

import asyncio
import shutil
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path

from servers.ports import free_port
from servers.server_process import ServerProcess


@dataclass
class NatsProcess(ServerProcess):
    port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start, and wait until it serves."""
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "nats.conf"
        config.write_text(
            f'listen: "127.0.0.1:{self.port}"\nmax_payload: 8388608\n'
            f'jetstream: {{ store_dir: "{self.folder}/store", max_file_store: 64GB }}\n'
        )
        binary = Path(sys.executable).with_name("nats-server")
        self.launch([binary, "-c", config], within=10)

    def is_serving(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 0.5) as connection:
                return connection.recv(4) == b"INFO"
        except OSError:
            return False

    def wipe(self) -> None:
        """Lose all data; the server must be down."""
        assert self.process is None
        shutil.rmtree(self.folder / "store", ignore_errors=True)

    async def say(self, raw: bytes) -> None:
        """Speak the protocol by hand."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        await reader.readline()
        writer.write(b'CONNECT {"verbose":false,"headers":true,"protocol":1}\r\n' + raw + b"PING\r\n")
        while not (line := await reader.readline()).startswith(b"PONG"):
            assert not line.startswith(b"-ERR"), line
            assert line, "closed by the server"
        writer.close()
        await writer.wait_closed()
