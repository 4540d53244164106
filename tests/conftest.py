"""Fixtures that the tests of several services share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from sklearn.datasets import load_wine
from sqlalchemy.engine import make_url

from nats_process import NatsProcess


@pytest.fixture(scope="session")
def wines_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table with a column `quality`, from data that scikit-learn ships."""
    path = tmp_path_factory.mktemp("wines") / "wines.csv"
    load_wine(as_frame=True).frame.rename(columns={"target": "quality"}).to_csv(path, index=False)
    return path


@pytest.fixture(scope="session")
def new_home(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Makes homes of platforms that share what is built for models, so that it is built once."""
    environments = tmp_path_factory.mktemp("environments")

    def make(name: str) -> Path:
        home = tmp_path_factory.mktemp(name)
        (home / "envs").symlink_to(environments)
        return home

    return make


@pytest.fixture
def nats_server(tmp_path: Path) -> Iterator[NatsProcess]:
    """A real nats-server with JetStream, of this test alone; `kill`, `start`, `wipe`, `freeze` as the test likes."""
    server = NatsProcess(tmp_path / "nats")
    server.start()
    yield server
    if server.process is not None:
        server.thaw()
    server.kill()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of each kind; PostgreSQL where `TEST_POSTGRES_URL` says where one is."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/store.db"
    return request.getfixturevalue("postgres_url")  # type: ignore[no-any-return]


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """`postgresql+psycopg://…` of an empty database of this test alone."""
    given = os.environ.get("TEST_POSTGRES_URL")
    if not given:
        pytest.skip("no PostgreSQL: TEST_POSTGRES_URL is not set")
    url = make_url(given)
    name = f"test_{uuid4().hex}"
    with psycopg.connect(url.set(drivername="postgresql").render_as_string(False), autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield url.set(database=name).render_as_string(False)
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
