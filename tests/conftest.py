"""Fixtures that the tests of several services share."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from servers import certificates
from servers.nats_process import NatsProcess
from servers.postgres_process import PostgresProcess
from test_run.groups import GROUP_OF

if TYPE_CHECKING:
    from platforms.running_platform import Platform
    from servers.migrated_stores import MigratedStores
# A run starts hundreds of Python processes: where the environment forbids it to keep bytecode, each would compile
# whatever it imports anew, which is half of its start.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
certificates.parse_once()
pytest_plugins = ["test_run.plugin"]

ON_THE_SHARED_PLATFORM = "platform"
"""Name of the group of tests that one worker runs one after the other: those that use it, kill it or load it."""

PLATFORM_OF_THEIR_OWN = ("e2e/test_readme.py", "e2e/upgrade/test_upgrade.py", "chaos/test_tables.py")
"""Files of `chaos` and `e2e` that may run beside the group."""

TRIES_OF_A_PROMISE = 5
"""A machine that is busy for a moment breaks one of them; code that is too slow breaks all."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """`./penstock test --long` also runs what takes minutes."""
    parser.addoption("--long", action="store_true", help="also run the tests marked `long`")


def group_of(file: str) -> str:
    """Which tests one worker runs in order: those of the same file, and all that need the shared platform."""
    path = Path(file)
    needs_it = {"chaos", "e2e"} & set(path.parts) and not file.endswith(PLATFORM_OF_THEIR_OWN)
    return ON_THE_SHARED_PLATFORM if needs_it else file


def pytest_configure(config: pytest.Config) -> None:
    """Tell the scheduler how tests are grouped."""
    config.stash[GROUP_OF] = group_of


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what takes minutes, and give promises of a time their tries."""
    tries = TRIES_OF_A_PROMISE if config.pluginmanager.hasplugin("rerunfailures") else 1
    skipped = None if config.getoption("--long") else pytest.mark.skip(reason="takes minutes: --long runs it")
    for item in items:
        if skipped is not None and item.get_closest_marker("long"):
            item.add_marker(skipped)
        if tries > 1 and item.get_closest_marker("timed"):
            item.add_marker(pytest.mark.flaky(reruns=tries - 1))


@pytest.fixture(scope="session")
def wines_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table with a column `quality`, from data that scikit-learn ships."""
    from sklearn.datasets import load_wine  # noqa: PLC0415 - importing it takes a second, and few tests need it

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


@pytest.fixture(scope="session")
def shared_platform(new_home: Callable[[str], Path], wines_csv: Path) -> Iterator[Platform]:
    """One real platform with the models of `mlflow_scripts.register`: to bring one up takes longer than most tests.

    Pods come and go with their load within seconds, for those services that ask for that.
    """
    from models.mlflow_scripts import register  # noqa: PLC0415 - most tests need neither these nor what they import
    from platforms.running_platform import Platform  # noqa: PLC0415

    pace = {"SCHEDULER_AUTOSCALING_WINDOW": "PT6S", "SCHEDULER_SCALE_TO_ZERO_GRACE": "PT2S"}
    pace |= {"SCHEDULER_TERMINALS": "on"}
    pace |= {"MONITOR_ALLOWED_CHANNELS": "127.0.0.1", "MONITOR_RETRAINING_INTERVAL": "PT1S"}
    platform = Platform(new_home("home"), settings=pace)
    try:
        platform.up()
        register(platform.mlflow_url, wines_csv)
        yield platform
    finally:
        platform.down()


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
    """An empty database of each kind, of this test alone."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/store.db"
    return request.getfixturevalue("postgres_url")  # type: ignore[no-any-return]


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresProcess]:
    """One PostgreSQL server for all tests; each has a database of its own in it."""
    server = PostgresProcess()
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture
def postgres_url(postgres: PostgresProcess) -> Iterator[str]:
    """`postgresql+psycopg://…` of an empty database of this test alone."""
    with postgres.database() as url:
        yield url


@pytest.fixture(scope="session")
def migrated_stores(tmp_path_factory: pytest.TempPathFactory) -> MigratedStores:
    """Makes stores of services that need no migration any more."""
    from servers.migrated_stores import MigratedStores  # noqa: PLC0415 - it imports SQLAlchemy

    return MigratedStores(tmp_path_factory.mktemp("migrated"))


@pytest.fixture(params=["sqlite", "postgresql"])
def each_store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service under test keeps its state in its own SQLite file, and once more in PostgreSQL."""
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
        for service in ("CONTROLLER", "SCHEDULER", "MONITOR", "INFERENCE_LOGGER"):
            monkeypatch.setenv(f"{service}_DATABASE_URL", url)
