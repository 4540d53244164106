"""Migrations: to the newest revision, whole or not at all; never an empty database in the place of a corrupt one."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, pool

from shared import migrations
from shared.errors import Unavailable
from shared.migrations import migrate

ROOT = Path(__file__).parents[3]
ENV = """
from sqlalchemy import Column, Integer, MetaData, Table
from shared.migrations import run_env
metadata = MetaData()
Table("things", metadata, Column("id", Integer, primary_key=True){extra})
run_env(metadata)
"""
REVISION = """
import sqlalchemy as sa
from alembic import op
revision, down_revision, branch_labels, depends_on = "0001", None, None, None
def upgrade():
    op.create_table("things", sa.Column("id", sa.Integer, primary_key=True))
    {then}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    (folder / "env.py").write_text(ENV.format(extra=""))
    (folder / "versions/0001_things.py").write_text(REVISION.format(then=""))
    return folder


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "store.db"


def url(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


def tables(url: str) -> set[str]:
    engine = create_engine(migrations.sync_url(url), poolclass=pool.NullPool)
    try:
        return set(inspect(engine).get_table_names())
    finally:
        engine.dispose()


def test_a_new_database_is_made_and_migrating_again_changes_nothing(folder: Path, path: Path) -> None:
    migrate(folder, url(path))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO things VALUES (7)")
        connection.commit()

    migrate(folder, url(path))

    assert tables(url(path)) == {"things", "alembic_version"}
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT id FROM things").fetchall() == [(7,)]


def test_a_migration_that_fails_leaves_no_database_behind(folder: Path, path: Path) -> None:
    broken = folder / "versions/0001_things.py"
    broken.write_text(REVISION.format(then="raise RuntimeError('killed here')"))
    with pytest.raises(RuntimeError):
        migrate(folder, url(path))
    assert not path.exists()

    broken.write_text(REVISION.format(then=""))
    migrate(folder, url(path))

    assert "things" in tables(url(path))


@pytest.mark.parametrize("damage", ["garbage", "empty", "header", "middle"])
def test_a_corrupt_database_is_named_and_not_touched(folder: Path, path: Path, damage: str) -> None:
    migrate(folder, url(path))
    with closing(sqlite3.connect(path)) as connection:
        connection.executemany("INSERT INTO things VALUES (?)", [(number,) for number in range(5000)])
        connection.commit()
    content = bytearray(path.read_bytes())
    match damage:
        case "garbage":
            content = bytearray(b"no database" * 1000)
        case "empty":
            content = bytearray()
        case "header":
            content[:16] = b"\0" * 16
        case "middle":
            content[4096:] = bytes(len(content) - 4096)
    path.write_bytes(content)

    with pytest.raises(Unavailable, match=f"{path} is corrupt"):
        migrate(folder, url(path))

    assert path.read_bytes() == content


def test_a_database_that_is_gone_while_its_log_is_there_is_not_made_anew(folder: Path, path: Path) -> None:
    path.parent.mkdir()
    Path(f"{path}-wal").write_bytes(b"what was committed last")

    with pytest.raises(Unavailable, match="is missing, but its log"):
        migrate(folder, url(path))

    assert not path.exists()


def test_a_database_from_the_future_is_refused(folder: Path, path: Path) -> None:
    migrate(folder, url(path))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()

    with pytest.raises(Unavailable, match="cannot be migrated"):
        migrate(folder, url(path))


def test_the_check_command_tells_models_from_migrations(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert migrations.main(["check", str(folder)]) == 0

    (folder / "env.py").write_text(ENV.format(extra=', Column("name", Integer)'))

    assert migrations.main(["check", str(folder)]) == 1
    assert "name" in capsys.readouterr().err


def test_postgresql_is_migrated_too(folder: Path, postgres_url: str) -> None:
    migrate(folder, postgres_url)
    migrate(folder, postgres_url)

    assert tables(postgres_url) == {"things", "alembic_version"}


def test_services_that_start_at_once_migrate_a_database_once(folder: Path, postgres_url: str) -> None:
    takes_a_second = REVISION.format(then="__import__('time').sleep(1)")
    (folder / "versions/0001_things.py").write_text(takes_a_second)
    call = "import sys, pathlib, shared.migrations as m; m.migrate(pathlib.Path(sys.argv[1]), sys.argv[2])"
    command = [sys.executable, "-c", call, str(folder), postgres_url]
    started = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(4)]
    said = [process.communicate(timeout=60)[1].decode() for process in started]
    assert [process.returncode for process in started] == [0] * 4, said


def test_a_database_of_a_later_release_is_left_as_it_is_and_refused_in_a_sentence(folder: Path, path: Path) -> None:
    migrate(folder, url(path))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0099'")
        connection.commit()
    with pytest.raises(Unavailable, match=r"store\.db cannot be migrated: a later release wrote it .*0099.*backup"):
        migrate(folder, url(path))
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("0099",)]


SECOND = """
revision = '0002'
down_revision = '0001'
def upgrade():
    from alembic import op
    op.execute("INSERT INTO things VALUES (2)")
"""


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_alembic_is_asked_where_a_migration_is_missing_and_only_there(
    folder: Path, path: Path, kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = url(path) if kind == "sqlite" else request.getfixturevalue("postgres_url")
    migrate(folder, at)
    # As Alembic's own template writes it, which is what is read without Alembic.
    things = folder / "versions/0001_things.py"
    plain = "revision = '0001'\ndown_revision = None\nbranch_labels, depends_on = None, None"
    things.write_text(REVISION.format(then="").replace(REVISION.splitlines()[3], plain))
    (folder / "versions/0002_more.py").write_text(SECOND)
    assert migrations.newest_revision(folder) == "0002"
    assert not migrations.is_newest(folder, at)

    migrate(folder, at)

    assert migrations.is_newest(folder, at)
    monkeypatch.setitem(sys.modules, "alembic", None)  # importing it would fail now
    migrate(folder, at)


def test_what_only_alembic_can_tell_is_left_to_it(folder: Path, path: Path) -> None:
    assert migrations.newest_revision(folder) is None  # written in another way than the template's
    migrate(folder, url(path))
    assert not migrations.is_newest(folder, url(path))


@pytest.mark.parametrize("service", ["controller", "scheduler", "monitor", "inference-logger"])
def test_the_newest_revision_of_a_service_is_alembics(service: str) -> None:
    migrations_of = ROOT / "services" / service / "migrations"
    assert migrations.newest_revision(migrations_of) == ScriptDirectory(str(migrations_of)).get_current_head()
