"""The whole platform: run it here, run it in the background, end it, say how it is."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from penstock.launcher.bus import config as nats_config
from penstock.launcher.bus.health import BusHealth
from penstock.launcher.bus.rights import SUPERVISOR
from penstock.launcher.databases import check_databases, check_sharing, note_databases
from penstock.launcher.home import HOST, Home, LaunchError
from penstock.launcher.leftovers import end_leftovers, end_pods
from penstock.launcher.ports import sockets as port_sockets
from penstock.launcher.ports.admin import AdminPorts
from penstock.launcher.processes import mlflow_spec, nats_spec, process_names, service_specs
from penstock.launcher.state import ProcessView, RunState, is_ours, is_supervised, supervisor_lock, supervisor_of
from penstock.launcher.supervisor import Supervisor
from penstock.launcher.watch.disk import disk_problem
from penstock.launcher.watch.last_words import last_log_line, startup_failures
from penstock.launcher.watch.summary import pods_problem, read_scheduler_admin, summary

READY_WITHIN_S = 120.0
DOWN_WITHIN_S = 75.0
SCHEDULER_WITHIN_S = 2.0
"""The scheduler's part of a status is left out where it takes longer to answer."""


def run(
    home: Home,
    on_ready: Callable[[], None],
    on_startup_failure: Callable[[str], None],
    *,
    new_databases: Collection[str] = (),
) -> None:
    """Bring the platform up and keep it up until SIGTERM or SIGINT. Raises LaunchError before anything was started.

    `new_databases`: owners of a database that is gone and may be made anew, empty.
    """
    home.create()
    with supervisor_lock(home), AdminPorts(home) as admin_ports, contextlib.ExitStack() as open_sockets:
        end_leftovers(home)
        environ = dict(os.environ)
        check_sharing(home, environ)
        check_databases(home, environ, new_databases)
        if "controller" in new_databases:
            environ["SCHEDULER_FOLLOW_NEW_CONTROLLER"] = "true"
        opened = port_sockets.bind_all(home.ports)
        for sock in opened.values():
            open_sockets.callback(sock.close)
        for name in ("api", "data"):
            opened[name].listen(port_sockets.BACKLOG)
        config, credentials = nats_config.write(home)
        admin = admin_ports.reserve(process_names(home), environ)
        sockets = {"controller": opened["api"].fileno(), "router": opened["data"].fileno()}
        specs = [
            nats_spec(home, config, environ),
            *service_specs(home, credentials, admin, sockets, environ),
            mlflow_spec(home, environ),
        ]
        for name in ("nats", "mlflow"):  # these two open their ports themselves
            opened[name].close()
        bus = BusHealth(home.ports.nats, credentials.passwords[SUPERVISOR])
        supervisor = Supervisor(home, specs, scheduler_admin=f"{HOST}:{admin['scheduler']}", bus=bus)
        asyncio.run(_supervise(home, supervisor, on_ready, on_startup_failure))


async def _supervise(
    home: Home, supervisor: Supervisor, on_ready: Callable[[], None], on_startup_failure: Callable[[str], None]
) -> None:
    async def announce() -> None:
        told: set[str] = set()
        while not supervisor.ready.is_set():
            for name, line in startup_failures(home, RunState.load(home), told):
                told.add(name)
                on_startup_failure(line)
            await asyncio.sleep(0.2)
        note_databases(home, os.environ)
        on_ready()

    announcing = asyncio.create_task(announce())
    try:
        await supervisor.run(lambda: asyncio.to_thread(end_pods, home))
    finally:
        announcing.cancel()


def run_detached(home: Home, environ: dict[str, str], new_databases: Collection[str] = ()) -> list[str]:
    """Start a supervisor in the background and return once all is ready; raises LaunchError, and ends it, otherwise.

    Returns what it had to say on the way, such as files that it set aside.
    """
    home.create()
    log = home.logs / "supervisor.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "penstock.launcher", *new_databases],
            env=environ | {"PENSTOCK_HOME": str(home.path)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        _wait_ready(home, process, log)
    except (LaunchError, KeyboardInterrupt):
        process.terminate()
        process.wait(DOWN_WITHIN_S)
        raise
    said = (line.partition("penstock: ") for line in log.read_text(errors="replace").splitlines())
    return [text for before, mark, text in said if mark and not before and text != "ready"]


def _wait_ready(home: Home, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise LaunchError(last_log_line(log).removeprefix("penstock: "))
        state = RunState.load(home)
        if state and state.supervisor == process.pid:
            if state.ready:
                return
            for _, line in startup_failures(home, state):
                raise LaunchError(line)
        time.sleep(0.05)
    waiting = ", ".join(p.name for p in state.processes if p.state != "running") if state else "everything"
    raise LaunchError(
        f"not ready after {READY_WITHIN_S:.0f} s: {waiting} (logs: {home.logs}); "
        "a slow machine may need longer: `./penstock up` without --detach waits as long as it takes"
    )


def down(home: Home) -> bool:
    """End everything, pods too; False where nothing ran. What was stored stays."""
    was_up = is_supervised(home)
    state = RunState.load(home)
    supervisor = supervisor_of(home) or (state.supervisor if state and was_up else None)
    if was_up and supervisor:
        _end(supervisor, home)
    left = end_leftovers(home)
    if not was_up:
        end_pods(home)
    return was_up or left > 0


def _end(supervisor: int, home: Home) -> None:
    os.kill(supervisor, signal.SIGTERM)
    deadline = time.monotonic() + DOWN_WITHIN_S
    while is_supervised(home):
        if time.monotonic() > deadline:
            os.kill(supervisor, signal.SIGKILL)
        time.sleep(0.05)


def other_ports(running: Home, environ: Mapping[str, str]) -> list[str]:
    """A line for each port that the environment gives and the running platform does not have."""
    found = []
    for name, (what, variable) in port_sockets.PORT_NAMES.items():
        has, given = getattr(running.ports, name), environ.get(variable)
        if given and given != str(has):
            found.append(f"{variable} is {given}, but the {what} of this platform runs at port {has}")
    return found


def status(home: Home) -> dict[str, Any]:
    """`ready`, `processes` (and every pod), `problems`, `summary` and `confinement`: what pods are kept from."""
    state = RunState.load(home)
    if state is None:
        return {"ready": False, "processes": [], "problems": [], "summary": {}, "confinement": None}
    is_up = is_supervised(home)
    processes = own_processes(home, state)
    problems = (
        {**state.problems, "disk": disk_problem(home.run), "pods": pods_problem(state, SCHEDULER_WITHIN_S)}
        if is_up
        else {}
    )
    return {
        "ready": state.ready and is_up and not any(problems.values()),
        "processes": processes + (pods(state) if is_up else []),
        "problems": [f"{name}: {text}" for name, text in problems.items() if text],
        "summary": summary(home, state) if is_up else {},
        "confinement": read_scheduler_admin(state, "/confinement", SCHEDULER_WITHIN_S) if is_up else None,
    }


def own_processes(home: Home, state: RunState | None = None) -> list[dict[str, Any]]:
    """The processes that the supervisor started, without the pods; nobody is asked anything."""
    state = state or RunState.load(home)
    is_up = is_supervised(home)
    return [_view(p, p.state if is_up else _unsupervised(p, home)) for p in state.processes] if state else []


def _view(process: ProcessView, state: str) -> dict[str, Any]:
    return {
        "name": process.name,
        "pid": process.pid if state != "stopped" else None,
        "state": state,
        "restarts": process.restarts,
        "address": process.address,
        "admin": process.admin,
        "note": process.note,
    }


def _unsupervised(process: ProcessView, home: Home) -> str:
    return process.state if is_ours(process.pid, home) else "stopped"


def pods(state: RunState) -> list[dict[str, Any]]:
    """Every pod, as the scheduler sees it; none while the scheduler does not answer."""
    found = read_scheduler_admin(state, "/pods", SCHEDULER_WITHIN_S) or {}
    return [
        {
            "name": pod["name"],
            "pid": pod["pid"],
            "state": "running" if pod["ready"] else pod["status"].lower().replace("running", "starting"),
            "restarts": pod["restarts"],
            "address": pod["address"],
            "admin": None,
            "note": None if pod["ready"] else pod["reason"],
            "pod": {"service": pod["service"], "version": pod["version"]},
        }
        for pod in found.get("items", ())
    ]
