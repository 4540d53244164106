"""One service's own database: SQLite (WAL) or PostgreSQL, through one async engine.

Promises: a unit of work is one transaction, committed at its end, rolled back on any error; those of one process
write to SQLite in the order they asked; a database that is locked or away is `Unavailable`; a corrupt SQLite file is
named and never replaced by an empty one; whoever is cancelled meanwhile is cancelled, though the database cannot even
roll back, and leaves no lock behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import DateTime, Dialect, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError, DataError, DBAPIError, IntegrityError, InterfaceError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.types import TypeDecorator

from shared import sqlite
from shared.cancellation import propagate_cancellation
from shared.errors import Unavailable
from shared.filesystem.disk import DISK_FULL, write_problem

OUTBOX_WRITTEN = "outbox_written"
"""Key in `session.info` that says: this transaction wrote to the outbox."""

_BUSY = "the database cannot be reached or is busy; try again"
_FULL = ("disk is full", "no space left", "could not extend")
_POSSIBLY_FULL = ("disk i/o error", "unable to open database")
"""What SQLite says on a full disk as on others, so the disk is tried."""

_CORRUPT = ("malformed", "not a database", "disk image", "corrupt")


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC times on every database: SQLite drops the zone, so it is put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back aware times."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Database:
    """The engine and the units of work on it."""

    def __init__(self, engine: AsyncEngine, path: Path | None) -> None:
        self.engine = engine
        self.path = path
        self.outbox_written = asyncio.Event()
        self.on_unit_of_work: list[Callable[[AsyncSession], None]] = []
        self._reader = engine.execution_options(**{sqlite.READ_ONLY: True})
        self._turn = None if path is None else asyncio.Lock()

    @classmethod
    def open(cls, url: str) -> Database:
        """Open by SQLAlchemy URL; connects lazily."""
        path = sqlite_path(url)
        if path is None:
            return cls(create_async_engine(url, pool_pre_ping=True, pool_size=5, max_overflow=5), None)
        path.parent.mkdir(parents=True, exist_ok=True)
        engine = create_async_engine(url, pool_size=4, max_overflow=4, connect_args=sqlite.CONNECT_ARGS)
        event.listen(engine.sync_engine, "connect", sqlite.configure)
        event.listen(engine.sync_engine, "begin", sqlite.begin)
        return cls(engine, path)

    async def close(self) -> None:
        """Give every connection back."""
        await self.engine.dispose()

    @asynccontextmanager
    async def unit_of_work(self) -> AsyncIterator[AsyncSession]:
        """One read-write transaction: commits at the end of the block, rolls back on any exception."""
        with propagate_cancellation(), self._translate_errors():
            async with (
                self._turn_to_write(),
                AsyncSession(self.engine, expire_on_commit=False) as session,
                session.begin(),
            ):
                for begin in self.on_unit_of_work:
                    begin(session)
                yield session
            if session.info.get(OUTBOX_WRITTEN):
                self.outbox_written.set()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A read-only look: on SQLite it neither waits for a writer nor holds one up."""
        with propagate_cancellation(), self._translate_errors():
            async with AsyncSession(self._reader, expire_on_commit=False) as session:
                yield session

    async def size_bytes(self) -> int:
        """What it takes on disk, an SQLite file's log with it. Raises `Unavailable`."""
        if self.path is not None:
            parts = (self.path, self.path.with_name(f"{self.path.name}-wal"))
            return sum(part.stat().st_size for part in parts if part.exists())
        async with self.read() as session:
            found = await session.execute(text("SELECT pg_database_size(current_database())"))
            return int(found.scalar_one())

    async def check(self) -> None:
        """Raise `Unavailable`, naming the file, when the database cannot be used or is corrupt."""
        async with self.read() as session:
            if self.path is None:
                await session.execute(text("SELECT 1"))
                return
            found = (await session.execute(text("PRAGMA quick_check(1)"))).scalar_one()
        if found != "ok":
            raise Unavailable(f"database {self.path} is corrupt: {found}")

    @asynccontextmanager
    async def _turn_to_write(self) -> AsyncIterator[None]:
        # SQLite lets whoever asks at the right moment write; one of many that keep asking may never be that one.
        if self._turn is None:
            yield
            return
        try:
            async with asyncio.timeout(sqlite.TURN_TIMEOUT_S):
                await self._turn.acquire()
        except TimeoutError as error:
            raise Unavailable(_BUSY, retry_after_s=1) from error
        try:
            yield
        finally:
            self._turn.release()

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        try:
            yield
        except (IntegrityError, DataError, ProgrammingError):
            raise  # the statement's fault, not the database's
        except (DatabaseError, InterfaceError) as error:
            raise unavailable(error, self.path) from error


def unavailable(error: DBAPIError, path: Path | None) -> Unavailable:
    """What a database's own error means to a caller."""
    reason = str(error.orig)
    if path and any(word in reason for word in _CORRUPT):
        return Unavailable(f"database {path} is corrupt: {reason}; restore it from a backup, or move it away")
    if _is_full(reason.lower(), path):
        return Unavailable(DISK_FULL, retry_after_s=5)
    return Unavailable(_BUSY, retry_after_s=1)


def _is_full(reason: str, path: Path | None) -> bool:
    if any(word in reason for word in _FULL):
        return True
    return (
        path is not None and any(word in reason for word in _POSSIBLY_FULL) and write_problem(path.parent) == DISK_FULL
    )


def sqlite_path(url: str) -> Path | None:
    """The file of an SQLite URL; None for any other database."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        return None
    return Path(parsed.database)
