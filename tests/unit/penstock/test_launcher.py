"""Ports, homes, back-off, permissions: what the launcher decides before anything runs."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from penstock.launcher.bus import config as nats_config
from penstock.launcher.databases import check_sharing
from penstock.launcher.files import write_private
from penstock.launcher.home import Home, LaunchError, Ports
from penstock.launcher.ports import sockets as ports
from penstock.launcher.process import CrashBackoff
from penstock.launcher.processes import overridable_settings, process_names, service_of, service_settings
from penstock.launcher.state import ProcessView, RunState
from penstock.launcher.watch.last_words import last_log_line, startup_failures
from servers.ports import free_port


def test_a_busy_port_is_named_with_its_variable_and_owner() -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        api, nats, mlflow = (free_port() for _ in range(3))
        with pytest.raises(LaunchError, match=rf"port {port} \(data plane\) is in use.*PENSTOCK_PORT") as error:
            ports.bind_all(Ports(api=api, data=port, nats=nats, mlflow=mlflow))
    assert "\n" not in str(error.value)


def test_equal_ports_are_refused() -> None:
    with pytest.raises(LaunchError, match="must differ"):
        ports.bind_all(Ports(8000, 8000, 4222, 5000))


def test_a_port_that_is_none_is_refused() -> None:
    for text in ("http", "0", "70000", "-1"):
        with pytest.raises(LaunchError, match="PENSTOCK_PORT must be a port number"):
            Home.from_environment({"PENSTOCK_PORT": text})


def test_the_environment_names_home_and_ports(tmp_path: Path) -> None:
    home = Home.from_environment({"PENSTOCK_HOME": str(tmp_path), "PENSTOCK_API_PORT": "9000"})

    assert home == Home(tmp_path, Ports(api=9000))


def test_a_home_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LaunchError, match=r"cannot use .*file/home as PENSTOCK_HOME"):
        Home(tmp_path / "file/home", Ports()).create()


def test_secrets_are_private(tmp_path: Path) -> None:
    write_private(tmp_path / "secret", "1")

    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600


def test_delays_double_up_to_five_seconds_and_are_forgotten() -> None:
    now = 100.0
    back_off = CrashBackoff(now=lambda: now)

    young = [back_off.after(started=now - 1) for _ in range(7)]

    assert young == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    assert back_off.after(started=now - 60) == 0.2


def test_passwords_are_kept_and_new_users_get_one(tmp_path: Path) -> None:
    path = tmp_path / "credentials.json"
    first = nats_config.Credentials.load_or_make(path).passwords
    path.write_text(json.dumps({k: v for k, v in first.items() if k != "monitor"}))

    second = nats_config.Credentials.load_or_make(path).passwords

    assert {k for k in first if first[k] != second[k]} == {"monitor"}
    assert len(set(second.values())) == 7
    assert all(len(password) >= 43 for password in second.values())


def test_last_words_of_json_and_plain_logs(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_text('{"message": "first"}\n{"level": "error", "message": "monitor.db is corrupt"}\n\n')
    assert last_log_line(log) == "monitor.db is corrupt"
    error = {"level": "ERROR", "message": "loop admin ended", "exc_info": "Traceback\nOSError: in use"}
    log.write_text(json.dumps(error) + '\n{"level": "WARNING", "message": "the bus is away"}\n')
    assert last_log_line(log) == "loop admin ended: OSError: in use"
    log.write_text("Traceback\nValueError: no\n")
    assert last_log_line(log) == "ValueError: no"
    assert last_log_line(tmp_path / "none") == "it wrote nothing"


def test_a_process_that_keeps_ending_is_told_once_with_its_reason(tmp_path: Path) -> None:
    home = Home(tmp_path, Ports())
    home.create()
    (home.logs / "monitor.log").write_text("monitor.db is corrupt\n")
    view = ProcessView("monitor", None, "restarting", 3, None)
    state = RunState(1, ready=False, processes=(view, ProcessView("router", 5, "running", 9, None)))

    ((name, line),) = startup_failures(home, state)

    assert name == "monitor"
    assert line.startswith("monitor does not start: monitor.db is corrupt (log: ")
    assert startup_failures(home, state, {"monitor"}) == []


def test_state_survives_a_round_trip(tmp_path: Path) -> None:
    home = Home(tmp_path, Ports())
    home.create()
    assert RunState.load(home) is None
    state = RunState(7, ready=True, processes=(ProcessView("nats", 8, "running", 0, "127.0.0.1:4222"),))

    state.save(home)

    assert RunState.load(home) == state


@pytest.mark.parametrize(
    ("count", "names"),
    [("1", ["inference-logger"]), ("3", [f"inference-logger-{number}" for number in (1, 2, 3)])],
)
def test_several_inference_loggers_are_numbered_and_told_apart(tmp_path: Path, count: str, names: list[str]) -> None:
    environ = {"PENSTOCK_HOME": str(tmp_path), "PENSTOCK_INFERENCE_LOGGERS": count}
    home = Home.from_environment(environ)
    loggers = [process for process in process_names(home) if service_of(process) == "inference-logger"]
    credentials = nats_config.Credentials.load_or_make(tmp_path / "credentials.json")
    ids = [service_settings(home, credentials, each, 9105).get("INFERENCE_LOGGER_REPLICA", "") for each in loggers]

    assert loggers == names
    assert ids == [name.removeprefix("inference-logger").removeprefix("-") for name in names]
    wanted = overridable_settings(home, "controller", environ)["CONTROLLER_INFERENCE_LOGGERS"]
    assert wanted == ",".join(filter(None, ids))


@pytest.mark.parametrize("url", ["", "sqlite+aiosqlite:////tmp/x.db"])
def test_several_inference_loggers_on_sqlite_are_refused(tmp_path: Path, url: str) -> None:
    home = Home(tmp_path, Ports(), inference_loggers=2)
    with pytest.raises(LaunchError, match="PENSTOCK_INFERENCE_LOGGERS=2 needs PostgreSQL"):
        check_sharing(home, {"INFERENCE_LOGGER_DATABASE_URL": url})
    check_sharing(home, {"INFERENCE_LOGGER_DATABASE_URL": "postgresql+psycopg://x"})
    check_sharing(Home(tmp_path, Ports()), {})
