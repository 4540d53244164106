"""A port of this machine that leads to a PostgreSQL server, and can be made to hang or to refuse."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path


class PostgresPort:
    """While `is_open` is cleared, what comes in from the server is held back."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self.is_open = asyncio.Event()
        self.is_open.set()
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        inner_reader, inner_writer = await asyncio.open_unix_connection(self._socket)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await asyncio.wait(
                [
                    asyncio.create_task(self._pump(reader, inner_writer)),
                    asyncio.create_task(self._pump(inner_reader, writer, is_held=True)),
                ],
                return_when=asyncio.FIRST_COMPLETED,
            )
        writer.close()
        inner_writer.close()

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, is_held: bool = False) -> None:
        while piece := await source.read(65536):
            if is_held:
                await self.is_open.wait()
            target.write(piece)
            await target.drain()


@asynccontextmanager
async def postgres_port(folder: Path) -> AsyncIterator[PostgresPort]:
    """A port that leads to the server whose socket lies in `folder`."""
    found = PostgresPort(folder / ".s.PGSQL.5432")
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    yield found
    found.is_open.set()
    server.close()
