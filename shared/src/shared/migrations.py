"""Alembic for every service: `run_env` is the whole of a service's `migrations/env.py`.

    from shared.migrations import run_env
    from controller.store.tables import Record
    run_env(Record.metadata)

`python -m shared.migrations check DIR…` fails when the tables differ from what the migrations make; `… new DIR TEXT`
writes the next one.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from alembic import command, context
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import MetaData, create_engine, pool
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from shared.database import sqlite_path, unavailable
from shared.errors import Unavailable


def run_env(metadata: MetaData) -> None:
    """Run the migrations that Alembic asks for against the URL that `migrate` put into the configuration."""
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
            context.run_migrations()
    engine.dispose()


def sync_url(url: str) -> str:
    """The same database for a synchronous engine (psycopg serves both)."""
    parsed = make_url(url)
    plain = parsed.set(drivername="sqlite") if parsed.get_backend_name() == "sqlite" else parsed
    return plain.render_as_string(hide_password=False)


def migrate(migrations: Path, url: str) -> None:
    """Bring the database at `url` to the newest revision; `Unavailable` names a database that cannot be used."""
    path = sqlite_path(url)
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        command.upgrade(_config(migrations, url), "head")
    except DBAPIError as error:
        raise unavailable(error, path) from error
    except CommandError as error:
        raise Unavailable(f"database {path or 'of this service'} cannot be migrated: {error}") from error


def _config(migrations: Path, url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations))
    config.set_main_option("path_separator", "os")
    config.attributes["url"] = url
    return config


def check(migrations: Path) -> None:
    """Raise `CommandError` when the models and the migrations differ."""
    with tempfile.TemporaryDirectory() as folder:
        config = _config(migrations, f"sqlite:///{folder}/check.db")
        command.upgrade(config, "head")
        command.check(config)


def main(arguments: list[str]) -> int:
    """`check DIR…` or `new DIR TEXT`; prints one line per folder."""
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
            check(Path(folder_name))
        except CommandError as error:
            print(f"{folder_name}: {error}", file=sys.stderr)
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
