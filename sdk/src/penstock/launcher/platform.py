"""The whole platform: run it here, run it in the background, end it, say how it is."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from penstock.launcher import nats_config, ports
from penstock.launcher.home import HOST, Home, LaunchError
from penstock.launcher.leftovers import end_leftovers, end_pods
from penstock.launcher.process import ProcessSpec
from penstock.launcher.processes import mlflow_spec, nats_spec, process_names, service_specs
from penstock.launcher.state import ProcessView, RunState, is_ours, is_supervised, only_one
from penstock.launcher.supervisor import Supervisor

READY_WITHIN_S = 120.0
DOWN_WITHIN_S = 75.0
TOO_MANY_STARTS = 3
"""A process that ended this often before the platform was ever ready will not come up by itself."""


def run(home: Home, on_ready: Callable[[], None], on_trouble: Callable[[str], None]) -> None:
    """Bring the platform up and keep it up until SIGTERM or SIGINT. Raises LaunchError before anything was started."""
    home.create()
    with only_one(home):
        end_leftovers(home)
        with contextlib.ExitStack() as held:
            opened = ports.open_all(home.ports)
            for sock in opened.values():
                held.callback(sock.close)
            for name in ("api", "data"):
                opened[name].listen(ports.BACKLOG)
            config, credentials = nats_config.write(home)
            names = process_names(home)
            admin = dict(zip(names, ports.free(len(names)), strict=True))
            sockets = {"controller": opened["api"].fileno(), "router": opened["data"].fileno()}
            specs = [
                nats_spec(home, config, os.environ),
                *service_specs(home, credentials, admin, sockets, os.environ),
                mlflow_spec(home, os.environ),
            ]
            for name in ("nats", "mlflow"):  # these two open their ports themselves
                opened[name].close()
            asyncio.run(_supervise(home, specs, f"{HOST}:{admin['scheduler']}", on_ready, on_trouble))


async def _supervise(
    home: Home,
    specs: list[ProcessSpec],
    scheduler_admin: str,
    on_ready: Callable[[], None],
    on_trouble: Callable[[str], None],
) -> None:
    supervisor = Supervisor(home, specs, scheduler_admin=scheduler_admin)

    async def announce() -> None:
        told: set[str] = set()
        while not supervisor.ready.is_set():
            for name, line in troubles(home, RunState.load(home), told):
                told.add(name)
                on_trouble(line)
            await asyncio.sleep(0.2)
        on_ready()

    announcing = asyncio.create_task(announce())
    try:
        await supervisor.run(lambda: asyncio.to_thread(end_pods, home))
    finally:
        announcing.cancel()


def troubles(home: Home, state: RunState | None, told: Iterable[str] = ()) -> list[tuple[str, str]]:
    """(process, one line) for each that keeps ending, with its last words."""
    return [
        (p.name, f"{p.name} does not start: {last_words(home.logs / f'{p.name}.log')} (log: {home.logs}/{p.name}.log)")
        for p in (state.processes if state else ())
        if p.restarts >= TOO_MANY_STARTS and p.state != "running" and p.name not in told
    ]


def last_words(log: Path) -> str:
    """The last line that a process wrote; the message alone where it is a JSON log line."""
    try:
        lines = log.read_bytes()[-65_536:].decode(errors="replace").split("\n")
    except OSError:
        return "it wrote nothing"
    last = next((line.strip() for line in reversed(lines) if line.strip()), "it wrote nothing")
    with contextlib.suppress(ValueError, AttributeError):
        return str(json.loads(last).get("message", last))
    return last


def run_detached(home: Home, environ: dict[str, str]) -> None:
    """Start a supervisor in the background and return once all is ready; raises LaunchError, and ends it, otherwise."""
    home.create()
    log = home.logs / "supervisor.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "penstock.launcher"],
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


def _wait_ready(home: Home, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise LaunchError(last_words(log).removeprefix("penstock: "))
        state = RunState.load(home)
        if state and state.supervisor == process.pid:
            if state.ready:
                return
            for _, line in troubles(home, state):
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
    if was_up and state:
        os.kill(state.supervisor, signal.SIGTERM)
        deadline = time.monotonic() + DOWN_WITHIN_S
        while is_supervised(home):
            if time.monotonic() > deadline:
                os.kill(state.supervisor, signal.SIGKILL)
            time.sleep(0.05)
    left = end_leftovers(home) if state else 0
    if state and not was_up:
        end_pods(home)
    return was_up or left > 0


def status(home: Home) -> dict[str, Any]:
    """`{"ready": …, "processes": […], "confinement": …}`: processes, every pod, what pods are kept from."""
    state = RunState.load(home)
    if state is None:
        return {"ready": False, "processes": []}
    is_up = is_supervised(home)
    processes = [_view(p, p.state if is_up else _unsupervised(p, home)) for p in state.processes]
    found = {"ready": state.ready and is_up, "processes": processes + (pods(state) if is_up else [])}
    return found | {"confinement": _asked_of_scheduler(state, "/confinement") if is_up else None}


def _view(process: ProcessView, state: str) -> dict[str, Any]:
    return {
        "name": process.name,
        "pid": process.pid if state != "stopped" else None,
        "state": state,
        "restarts": process.restarts,
        "address": process.address,
    }


def _unsupervised(process: ProcessView, home: Home) -> str:
    return process.state if is_ours(process.pid, home) else "stopped"


def pods(state: RunState) -> list[dict[str, Any]]:
    """Every pod, as the scheduler sees it; none while the scheduler does not answer."""
    found = _asked_of_scheduler(state, "/pods") or {}
    return [
        {
            "name": pod["name"],
            "pid": pod["pid"],
            "state": "running" if pod["ready"] else pod["status"].lower().replace("running", "starting"),
            "restarts": pod["restarts"],
            "address": pod["address"],
        }
        for pod in found.get("items", ())
    ]


def _asked_of_scheduler(state: RunState, path: str) -> dict[str, Any] | None:
    """What its admin port says; None while it does not answer."""
    connection = http.client.HTTPConnection(state.scheduler_admin, timeout=2)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        found: dict[str, Any] = json.loads(answer.read())
    except (OSError, http.client.HTTPException, ValueError):
        return None
    else:
        return found if answer.status == 200 else None
    finally:
        connection.close()
