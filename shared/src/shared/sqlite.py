"""Connections to an SQLite file: how one is opened, begins, and ends with nothing left behind."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiosqlite
from sqlalchemy import Connection

BUSY_TIMEOUT_S = 5
"""How long a writer waits for another one."""

LONGEST_LINE_S = 15
"""How long one of many writers waits, though the others before it get on: less than a handler of events may take."""

READ_ONLY = "penstock_read"
"""Execution option of a connection whose transactions only read."""


class _Sqlite(sqlite3.Connection):
    """Ends its transaction as it is closed.

    A statement that a traceback still refers to keeps a closed connection's transaction open, and every other writer
    out, until the garbage collector comes: whoever was cancelled between a query and its rows left the file locked.
    """

    def close(self) -> None:
        with suppress(sqlite3.Error):  # it is closed
            self.rollback()
        super().close()


class _Connection(aiosqlite.Connection):
    """Its thread is asked to stop once: a second question is never answered, and whoever closes waits for it."""

    def stop(self) -> asyncio.Future[Any] | None:
        return super().stop() if self._running else None


class WriterTurns:
    """Lets writers of one process go one after the other, in the order they asked."""

    def __init__(self) -> None:
        self._is_taken = False
        self._ended = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """A turn. Raises `TimeoutError` where none has ended for `BUSY_TIMEOUT_S`, or after `LONGEST_LINE_S`."""
        if self._is_taken:
            await self._wait()
        self._is_taken = True
        try:
            yield
        finally:
            self._end()

    async def _wait(self) -> None:
        mine = asyncio.get_running_loop().create_future()
        self._waiting.append(mine)
        try:
            has_come = await self._has_come(mine)
        except asyncio.CancelledError:
            if mine.done():  # its turn came as it was cancelled
                self._end()
            else:
                self._waiting.remove(mine)
            raise
        if not has_come:
            self._waiting.remove(mine)
            raise TimeoutError

    async def _has_come(self, mine: asyncio.Future[None]) -> bool:
        """Whether its turn came before there was reason to give up."""
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + LONGEST_LINE_S
        while not mine.done():
            ended = self._ended
            await asyncio.wait((mine,), timeout=BUSY_TIMEOUT_S)
            if self._ended == ended or loop.time() >= give_up_at:
                break
        return mine.done()

    def _end(self) -> None:
        self._ended += 1
        if self._waiting:
            self._waiting.popleft().set_result(None)  # it stays taken: nobody slips in between
        else:
            self._is_taken = False


async def connect(path: str, **options: Any) -> aiosqlite.Connection:
    """A connection; it is closed where whoever asked for it was cancelled before it was open.

    aiosqlite itself forgets such a connection, with its file open until the garbage collector comes.
    """
    opening = asyncio.ensure_future(_opened(path, options))
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(_close_unwanted)
        raise


CONNECT_ARGS: dict[str, Any] = {"timeout": BUSY_TIMEOUT_S, "async_creator_fn": connect}
"""What SQLAlchemy's engine is made with."""


def configure(connection: Any, _record: Any) -> None:
    """Set up what was just opened."""
    # The driver's own transaction handling begins late and commits early; SQLAlchemy's "begin" event does it instead.
    connection.isolation_level = None
    cursor = connection.cursor()
    pragmas = ("journal_mode=WAL", "synchronous=NORMAL", f"busy_timeout={BUSY_TIMEOUT_S * 1000}", "foreign_keys=ON")
    for pragma in pragmas:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def begin(connection: Connection) -> None:
    """Begin a transaction."""
    # A writer that begins as a reader can be refused half-way through; IMMEDIATE waits its turn at the door.
    reading = connection.get_execution_options().get(READ_ONLY)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


async def _opened(path: str, options: dict[str, Any]) -> aiosqlite.Connection:
    connection = _Connection(lambda: sqlite3.connect(path, factory=_Sqlite, **options), iter_chunk_size=64)
    connection._thread.daemon = True  # as SQLAlchemy does: it must not outlive the process
    return await connection


def _close_unwanted(opening: asyncio.Future[aiosqlite.Connection]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().stop()
