"""Empty stores of services: migrated once in a process and copied for each test, which is much less."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from servers.postgres_process import PostgresProcess
from shared.migrations import migrate


@dataclass(frozen=True)
class MigratedStores:
    """Files and databases to copy; `folder` keeps the files."""

    folder: Path

    @contextmanager
    def new(self, migrations: Path, file: Path, request: pytest.FixtureRequest) -> Iterator[str]:
        """URL of a new store, of the kind that is the parameter of the asking fixture: in `file`, or in PostgreSQL."""
        if request.param == "sqlite":
            file.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(self.file(migrations), file)
            yield f"sqlite+aiosqlite:///{file}"
            return
        server: PostgresProcess = request.getfixturevalue("postgres")
        with server.database(server.template(str(migrations), partial(migrate, migrations))) as url:
            yield url

    def file(self, migrations: Path) -> Path:
        """An SQLite file to copy."""
        path = self.folder / f"{migrations.parent.name}.db"
        if not path.exists():
            migrate(migrations, f"sqlite+aiosqlite:///{path}")
        return path
