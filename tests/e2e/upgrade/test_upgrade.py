"""A home that earlier code filled and that was killed starts with today's code, and goes on as if nothing were.

The homes (`homes/`, made by `make_homes.py`; `sqlite` and `postgresql` by commit 2b44344, whose versions were made from
models alone; `…-no-quality` by e90eee7, which had no quality rules, `…-payload-only` by 22c73d1, which had no other
table, and `…-no-console` by 29dd06e) hold two services, their keys, tables, and requests that are in the router's spool
alone.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import deltalake
import httpx
import pytest

from platforms.running_platform import Platform, until
from servers.postgres_process import PostgresProcess

HOMES = Path(__file__).parent / "homes"
FACTORS = {"double": 2.0, "triple": 3.0}
ANSWERED = 15
"""Predictions of each service that the earlier release answered: ten were rows, five were in the spool."""

OLDER = (
    *("sqlite-no-quality", "postgresql-no-quality"),
    *("sqlite-payload-only", "postgresql-payload-only", "postgresql-no-console"),
)


@pytest.fixture(params=["sqlite", "postgresql", *(pytest.param(name, marks=pytest.mark.long) for name in OLDER)])
def platform(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Platform]:
    """The old home, unpacked, not yet started."""
    with tarfile.open(HOMES / f"{request.param}.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    home = tmp_path / "home"
    home.chmod(0o700)
    with ExitStack() as stack:
        settings = {}
        if request.param.startswith("postgresql"):
            settings = restored(request.getfixturevalue("postgres"), home, stack)
        platform = Platform(home, settings=settings)
        yield platform
        platform.down()


def restored(postgres: PostgresProcess, home: Path, stack: ExitStack) -> dict[str, str]:
    """The dumps in databases of this test's own; the settings that name them."""
    settings = {}
    for dump in home.glob("*.sql"):
        url = stack.enter_context(postgres.database())
        name = url.rsplit("/", 1)[1].split("?")[0]
        command = [
            str(postgres.binaries / "psql"),
            "-h",
            str(postgres.folder),
            "-U",
            "postgres",
            "-v",
            "ON_ERROR_STOP=1",
            name,
        ]
        subprocess.run(command, check=True, input=dump.read_bytes(), stdout=subprocess.DEVNULL)
        settings[f"{dump.stem.upper().replace('-', '_')}_DATABASE_URL"] = url
    return settings


def predicted(platform: Platform, service: str, key: str, number: int) -> Any:
    body = {"dataframe_split": {"columns": ["x"], "data": [[number]]}, "client_request_id": f"{service}-{number}"}
    headers = {"Authorization": f"Bearer {key}"}
    answer = httpx.post(f"{platform.data_url}/{service}/predict", json=body, headers=headers, timeout=30)
    return answer.json().get("predictions")


def test_a_home_of_an_earlier_release_goes_on(platform: Platform) -> None:
    keys: dict[str, str] = json.loads((platform.home / "keys.json").read_text())
    platform.up()
    for service, factor in FACTORS.items():
        right = lambda s=service, f=factor: predicted(platform, s, keys[s], ANSWERED) == [f * ANSWERED]  # noqa: E731
        until(right, within=120, what=f"{service} answers with its old key")
    listed = {each["name"]: each["status"] for each in platform.api("GET", "/services")["items"]}
    assert listed.keys() == FACTORS.keys()

    for service in FACTORS:
        wanted = [f"{service}-{number}" for number in range(ANSWERED + 1)]
        until(lambda s=service, w=wanted: ids(platform, s) >= set(w), within=60, what=f"every row of {service}")  # type: ignore[misc]
        rows = [row for row in platform.payload_rows(service) if row["status_code"] == 200]
        assert sorted(row["client_request_id"] for row in rows) == sorted(wanted), "a row is there twice"
        assert len({row["request_id"] for row in rows}) == len(rows)
        until(lambda s=service: inferences(platform, s) == inferred(s), within=60, what=f"inferences of {service}")  # type: ignore[misc]


def inferred(service: str) -> list[tuple[str, float, float, None]]:
    """Caller's id, feature, prediction, error: of what the earlier release recorded, and of the request since."""
    numbers = range(ANSWERED + 1)
    return sorted((f"{service}-{number}", float(number), FACTORS[service] * number, None) for number in numbers)


def inferences(platform: Platform, service: str) -> list[tuple[Any, ...]]:
    """The rows of the inferences table that tell of a prediction."""
    location = platform.home / "tables" / service / "inferences"
    if not (location / "_delta_log").exists():
        return []
    rows = deltalake.DeltaTable(location).to_pyarrow_table().to_pylist()
    # Records of before have no signature: their whole numbers are a column of such, and those since stand beside it.
    return sorted(
        (
            row["client_request_id"],
            row["x"] if row["x"] is not None else row.get("x__double"),
            row["prediction"],
            row["error"],
        )
        for row in rows
        if row["status_code"] == 200
    )


@pytest.mark.long
@pytest.mark.parametrize("platform", ["sqlite"], indirect=True)
def test_going_back_is_refused_in_a_sentence_and_changes_nothing(platform: Platform) -> None:
    """Once a later release has migrated a database, this one leaves it alone and says what to do."""
    database = platform.home / "monitor/monitor.db"
    platform.up()
    platform.down()
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
        before = connection.execute("SELECT name, sql FROM sqlite_master").fetchall()

    done = platform.penstock("up", "--detach")

    assert done.returncode != 0
    assert "monitor.db cannot be migrated: a later release wrote it" in done.stderr
    assert "start that release, or restore the backup made before it" in done.stderr
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT name, sql FROM sqlite_master").fetchall() == before
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]


def ids(platform: Platform, service: str) -> set[str]:
    return {row["client_request_id"] for row in platform.payload_rows(service)}
