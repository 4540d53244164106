"""Connections to an SQLite file: how one is opened, begins, and ends with nothing left behind."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import suppress
from typing import Any

import aiosqlite
from sqlalchemy import Connection

BUSY_TIMEOUT_S = 5
"""How long a writer waits for another one."""

TURN_TIMEOUT_S = 15
"""How long one of many writers of a process waits for its turn; with the above, less than an event may take."""

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
