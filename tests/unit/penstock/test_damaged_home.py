"""Files of the launcher that are damaged: each kept under another name and named, the rest goes on."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from penstock.launcher.bus import config
from penstock.launcher.databases import check_databases, note_databases
from penstock.launcher.home import Home, LaunchError, Ports
from penstock.launcher.leftovers import end_leftovers
from penstock.launcher.ports.admin import AdminPorts
from penstock.launcher.state import ProcessView, RunState, is_supervised, supervisor_lock, supervisor_of
from penstock.launcher.watch.incidents import Incidents

DAMAGE: dict[str, bytes | None] = {
    "empty": b"",
    "cut": b'{"processes": [',
    "other object": b'{"supervisor": 1}',
    "no object": b"[1, 2]",
    "garbage": b"\xff\xfe\x00\x01garbage",
    "a folder": None,
}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home", Ports())
    home.create()
    return home


def damage(path: Path, kind: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = DAMAGE[kind]
    path.mkdir() if content is None else path.write_bytes(content)


def ports_of(home: Home) -> dict[str, int]:
    with AdminPorts(home) as ports:
        return ports.reserve(("controller", "router-2"), {})


def databases_of(home: Home) -> None:
    check_databases(home, {}, ())
    note_databases(home, {})


READ: dict[str, Callable[[Home], Any]] = {
    "run/state.json": RunState.load,
    "ports.json": ports_of,
    "databases.json": databases_of,
    "nats/credentials.json": config.write,
}


# An object without our keys is what an older release may have written, save for the state of a run.
CASES = [(file, kind) for file in READ for kind in DAMAGE if kind != "other object" or file == "run/state.json"]


@pytest.mark.parametrize(("file", "kind"), CASES)
def test_what_is_damaged_is_kept_and_named(home: Home, file: str, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    path = home.path / file
    damage(path, kind)

    with caplog.at_level(logging.WARNING):
        READ[file](home)

    (kept,) = path.parent.glob(f"{path.name}.damaged-*")
    assert kept.is_dir() if DAMAGE[kind] is None else kept.read_bytes() == DAMAGE[kind]
    assert str(path) in caplog.text
    READ[file](home)
    assert len(list(path.parent.glob(f"{path.name}.damaged-*"))) == 1


@pytest.mark.parametrize("file", ["nats/nats.conf", "nats-subscriber-url"])
def test_a_folder_in_the_place_of_what_is_written_is_moved(home: Home, file: str) -> None:
    (home.path / file).mkdir()

    config.write(home)

    assert (home.path / file).is_file()
    assert len(list((home.path / file).parent.glob(f"{Path(file).name}.damaged-*"))) == 1


def test_new_passwords_are_the_same_everywhere(home: Home) -> None:
    config.write(home)
    (home.path / "nats/credentials.json").write_text('{"controller": "sec')

    _, credentials = config.write(home)

    assert credentials.passwords["subscriber"] in (home.path / "nats-subscriber-url").read_text()
    assert all(password in (home.path / "nats/nats.conf").read_text() for password in credentials.passwords.values())


def test_a_lock_that_is_a_folder_does_not_lock(home: Home) -> None:
    (home.run / "lock").mkdir()

    assert not is_supervised(home)
    with supervisor_lock(home):
        assert supervisor_of(home) == os.getpid()
        assert is_supervised(home)


@pytest.mark.parametrize("name", ["run", "logs", "nats", "mlflow"])
def test_a_file_in_the_place_of_a_folder_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()

    with pytest.raises(LaunchError, match=rf"{tmp_path}/{name} is no folder"):
        Home(tmp_path, Ports()).create()


def test_a_state_of_another_release_is_read_as_far_as_it_is_known(home: Home) -> None:
    process = {"name": "nats", "pid": 1, "state": "running", "restarts": 0, "address": None, "of_later": 1}
    state = {"supervisor": 7, "ready": True, "processes": [process], "of_later": {}}
    (home.run / "state.json").write_text(json.dumps(state))

    assert RunState.load(home) == RunState(7, True, (ProcessView("nats", 1, "running", 0, None),))


@pytest.fixture
def service(home: Home) -> Iterator[subprocess.Popen[bytes]]:
    """A process that looks like a service of this home, and one that only has its environment."""
    module = home.path / "monitor.py"
    module.write_text("import time; time.sleep(600)")
    environ = {**os.environ, "PENSTOCK_HOME": str(home.path), "PYTHONPATH": str(home.path)}
    process = subprocess.Popen([sys.executable, "-m", "monitor"], env=environ, process_group=0, cwd=home.path)
    yield process
    process.kill()
    process.wait()


def test_without_a_state_services_that_were_left_are_found(home: Home, service: subprocess.Popen[bytes]) -> None:
    environ = {**os.environ, "PENSTOCK_HOME": str(home.path)}
    shell = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], env=environ)
    (home.run / "state.json").write_text("{}")
    try:
        ended = 0
        while not ended:  # it has the environment only once it is executed
            ended = end_leftovers(home)
        service.wait(10)
        assert shell.poll() is None
    finally:
        shell.kill()
        shell.wait()


def test_a_database_that_is_gone_stops_the_start(home: Home) -> None:
    check_databases(home, {}, ())
    database = home.path / "scheduler/scheduler.db"
    database.parent.mkdir()
    database.touch()
    note_databases(home, {})
    database.unlink()

    with pytest.raises(LaunchError, match=rf"{database} was there before.*--new-database scheduler"):
        check_databases(home, {}, ())
    check_databases(home, {}, ("scheduler",))
    check_databases(home, {"SCHEDULER_DATABASE_URL": "postgresql+psycopg://x"}, ())


def test_a_token_proves_that_there_was_a_controller(home: Home) -> None:
    (home.path / "admin-token").write_text("pst_x\n")

    with pytest.raises(LaunchError, match=r"controller\.db was there before"):
        check_databases(home, {}, ())


def test_a_damaged_database_of_mlflow_is_named(home: Home) -> None:
    (home.path / "mlflow/mlflow.db").write_bytes(b"no database")

    with pytest.raises(LaunchError, match=rf"{home.path}/mlflow/mlflow.db is corrupt"):
        check_databases(home, {}, ())


def test_incidents_are_bounded_and_survive_damage(home: Home) -> None:
    file = home.run / "incidents.jsonl"
    file.write_bytes(b'\xff\n{"at": "x"\n')
    incidents = Incidents(file)

    for number in range(300):
        incidents.note("nats", str(number))

    found = incidents.read()
    assert found[-1]["text"] == "299"
    assert 200 <= len(found) <= 202
