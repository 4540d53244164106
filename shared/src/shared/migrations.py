"""Alembic for every service: `run_env` is the whole of a service's `migrations/env.py`.

    from shared.migrations import run_env
    from controller.store.tables import ControllerTable
    run_env(ControllerTable.metadata)

A database that is at the newest revision needs no Alembic: importing it is a sixth of a service's start.

`python -m shared.migrations check DIR…` fails when the tables differ from what the migrations make; `… new DIR TEXT`
writes the next one.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import MetaData, create_engine, pool, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from shared.database import Database, sqlite_path
from shared.errors import Unavailable

if TYPE_CHECKING:
    from alembic.config import Config

REVISION = re.compile(r"^(down_)?revision = (?:'(\w+)'|None)$", re.MULTILINE)
"""Lines that Alembic's template writes into each migration."""

LOCK = 0x70656E73746F636B
"""Number that PostgreSQL knows the lock of a database's migrations by: "penstock"."""


def run_env(metadata: MetaData) -> None:
    """Run the migrations that Alembic asks for against the URL that `migrate` put into the configuration."""
    from alembic import context  # noqa: PLC0415 - see above

    url = context.config.attributes["url"]
    engine = create_engine(sync_url(url), poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=metadata,
            render_as_batch=connection.dialect.name == "sqlite",
            compare_type=True,
        )
        with context.begin_transaction():
            if connection.dialect.name == "postgresql":  # of services that start at once, one migrates
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            context.run_migrations()
    engine.dispose()


def sync_url(url: str) -> str:
    """The same database for a synchronous engine (psycopg serves both)."""
    parsed = make_url(url)
    plain = parsed.set(drivername="sqlite") if parsed.get_backend_name() == "sqlite" else parsed
    return plain.render_as_string(hide_password=False)


async def open_migrated(migrations: Path, url: str) -> Database:
    """The database at `url`, brought to the newest revision and checked; `Unavailable` names one that is unusable."""
    await asyncio.to_thread(migrate, migrations, url)
    database = Database.open(url)
    await database.check()
    return database


def migrate(migrations: Path, url: str) -> None:
    """Bring the database at `url` to the newest revision; `Unavailable` names a database that cannot be used."""
    path = sqlite_path(url)
    if path is None:
        _upgrade(migrations, url, None)
    elif path.exists():
        check_sqlite_file(path)
        _upgrade(migrations, url, path)
    else:
        _create(migrations, url, path)


def check_sqlite_file(path: Path) -> None:
    """Raise `Unavailable`, naming the SQLite file, when it is corrupt."""
    try:
        with closing(sqlite3.connect(path.resolve().as_uri() + "?mode=rw", uri=True)) as connection:
            # An empty file is a new database to SQLite; to us it is one whose content was lost, see `_create`.
            (found,) = (
                connection.execute("PRAGMA quick_check(1)").fetchone() if path.stat().st_size else ("it is empty",)
            )
    except sqlite3.DatabaseError as error:
        found = str(error)
    if found != "ok":
        raise Unavailable(f"database {path} is corrupt: {found}; restore it from a backup, or move it away")


def _create(migrations: Path, url: str, path: Path) -> None:
    """Make a new database under another name, and rename it when it is whole: a kill leaves none or a whole one."""
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and log.stat().st_size:
        raise Unavailable(f"database {path} is missing, but its log {log} is there; restore it, or move the log away")
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    _upgrade(migrations, make_url(url).set(database=str(new)).render_as_string(hide_password=False), path)
    new.replace(path)


def newest_revision(migrations: Path) -> str | None:
    """The one that no other migration builds upon; None where only Alembic can tell."""
    found: set[str] = set()
    built_upon: set[str] = set()
    for file in (migrations / "versions").glob("*.py"):
        named = {bool(down): revision for down, revision in REVISION.findall(file.read_text())}
        if named.keys() != {True, False}:
            return None
        found.add(named[False])
        built_upon.add(named[True])
    newest = found - built_upon
    return newest.pop() if len(newest) == 1 else None


def is_newest(migrations: Path, url: str) -> bool:
    """Whether the database says that every migration was applied; False too where it cannot be asked."""
    engine = create_engine(sync_url(url), poolclass=pool.NullPool)
    try:
        with engine.connect() as connection:
            applied = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    except DBAPIError:
        return False
    finally:
        engine.dispose()
    return applied == [newest_revision(migrations)]


def _upgrade(migrations: Path, url: str, path: Path | None) -> None:
    if is_newest(migrations, url):
        return
    from alembic import command  # noqa: PLC0415 - see above
    from alembic.util import CommandError  # noqa: PLC0415

    try:
        command.upgrade(_config(migrations, url), "head")
    except DBAPIError as error:
        reason = " ".join(str(error.orig).split())
        raise Unavailable(f"database {path or 'of this service'} cannot be used: {reason}") from error
    except CommandError as error:
        raise Unavailable(f"database {path or 'of this service'} cannot be migrated: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """The reason of Alembic; a revision that is not among the migrations is one of a later release."""
    if "Can't locate revision" not in str(error):
        return str(error)
    return f"a later release wrote it ({error}); start that release, or restore the backup made before it"


def _config(migrations: Path, url: str) -> Config:
    from alembic.config import Config  # noqa: PLC0415 - see above

    config = Config()
    config.set_main_option("script_location", str(migrations))
    config.set_main_option("path_separator", "os")
    config.attributes["url"] = url
    return config


def check_migrations(migrations: Path) -> None:
    """Raise `CommandError` when the models and the migrations differ."""
    from alembic import command  # noqa: PLC0415 - see above

    with tempfile.TemporaryDirectory() as folder:
        config = _config(migrations, f"sqlite:///{folder}/check.db")
        command.upgrade(config, "head")
        command.check(config)


def main(arguments: list[str]) -> int:
    """`check DIR…` or `new DIR TEXT`; prints one line per folder."""
    from alembic import command  # noqa: PLC0415 - see above
    from alembic.util import CommandError  # noqa: PLC0415

    verb, *rest = arguments
    if verb == "new":
        with tempfile.TemporaryDirectory() as folder:
            config = _config(Path(rest[0]), f"sqlite:///{folder}/new.db")
            command.upgrade(config, "head")
            command.revision(config, message=rest[1], autogenerate=True)
        return 0
    failed = 0
    for folder_name in rest:
        try:
            check_migrations(Path(folder_name))
        except CommandError as error:
            print(f"{folder_name}: {error}", file=sys.stderr)
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
