"""Checks of a running platform: its processes, the spool, the bus, pods. Nothing is found where none runs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from typing import Any

import psutil

from penstock.counted import counted
from penstock.doctor.findings import Finding, failed, ok, warning
from penstock.doctor.report import waiting_in, waiting_on
from penstock.launcher.home import Home
from penstock.launcher.state import RunState
from penstock.launcher.watch.incidents import Incidents
from penstock.launcher.watch.summary import bus_health_of, pods_problem, read_scheduler_admin

MUCH_WAITING = 50_000
"""Messages behind which a consumer is late: some minutes of a busy platform."""
FULL_SHARE = 0.75
DAY_S = 86_400.0
UP = "./penstock up --detach"


def processes(home: Home, state: RunState | None) -> Iterator[Finding]:
    """All serve; what the supervisor had to restart in the last day."""
    if state is None:
        yield failed("processes", f"the platform in {home.path} is not up", UP)
        return
    down = [process for process in state.processes if process.state != "running"]
    for process in down:
        log = home.logs / f"{process.name}.log"
        yield failed("processes", f"{process.name} is {process.state}", f"its log says why: {log}")
    if not down:
        yield ok("processes", f"{len(state.processes)} serve")
    if problem := pods_problem(state):
        yield failed(
            "processes", f"something keeps pods from starting and ending: {problem}", "pods that run serve on meanwhile"
        )
    yesterday = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - DAY_S))
    for incident in Incidents(home.run / "incidents.jsonl").read()[-3:]:
        if incident.get("at", "") > yesterday:
            text = f"{incident['at']} {incident['name']}: {incident['text']}"
            yield warning("processes", text, "nothing, if it is past")


def spool(figures: Mapping[str, Any]) -> Iterator[Finding]:
    """What was answered and not yet stored on the bus."""
    found = figures.get("spool")
    if not found:
        return
    share = found["bytes"] / max(found["cap_bytes"], 1)
    text = f"{share:.0%} of its cap, {waiting_in(found)}"
    if share > FULL_SHARE:
        way_out = "see the check of the bus; records that do not fit are dropped, and counted"
        yield failed("spool", text, way_out)
    elif share > FULL_SHARE / 2:
        yield warning("spool", text, "see the check of the bus")
    else:
        yield ok("spool", text)


def bus(home: Home, state: RunState | None, figures: Mapping[str, Any]) -> Iterator[Finding]:
    """The server stores, and its consumers keep up."""
    if state is None:
        return
    server, found = bus_health_of(home, state), figures.get("bus")
    problem = asyncio.run(server.problem()) if server else None
    if problem:
        yield failed("bus", problem, "free space; the supervisor restarts NATS once the disk has room")
    if not found:
        yield failed("bus", "NATS does not answer", f"its log says why: {home.logs / 'nats.log'}")
        return
    late = {name: count for name, count in found["waiting"].items() if count > MUCH_WAITING}
    for name, count in late.items():
        service = name.rpartition("-")[0]
        yield warning(
            "bus", f"{name} is {counted(count, 'message')} behind", f"is it down, or slow? {home.logs}/{service}.log"
        )
    if not late:
        yield ok("bus", f"{found['bytes'] / 1024**2:.0f} MiB stored, {waiting_on(found)}")


def capacity(state: RunState | None) -> Iterator[Finding]:
    """Pods have room, the machine has memory."""
    memory = psutil.virtual_memory()
    text = f"{memory.available / 1024**3:.1f} of {memory.total / 1024**3:.1f} GiB of memory are available"
    if memory.available < memory.total / 10:
        yield warning("capacity", text, "stop versions that are not needed, or give the machine more")
    else:
        yield ok("capacity", text)
    for pod in _pods(state):
        if pod["status"] == "Waiting" and "capacity" in (pod["reason"] or ""):
            way_out = "stop another version, ask for less (`--spec`), or raise SCHEDULER_CPU_OVERCOMMIT"
            yield warning("capacity", f"pod {pod['name']} waits for room", way_out)


def limits(state: RunState | None) -> Iterator[Finding]:
    """The kernel keeps pods to what they asked for."""
    pods = _pods(state)
    free = [pod["name"] for pod in pods if pod["status"] == "Running" and not pod["limits_enforced"]]
    if free:
        way_out = "start the platform where it may make control groups (see docs/resources.md)"
        yield warning(
            "limits", f"cores and memory of {len(free)} of {counted(len(pods), 'pod')} are not limited", way_out
        )
    elif pods:
        yield ok("limits", "cores and memory of all pods are limited")


def confinement(state: RunState | None) -> Iterator[Finding]:
    """What pods may reach, where the scheduler says it."""
    if state is None or not (answer := read_scheduler_admin(state, "/confinement")):
        return
    text = str(answer["message"])
    yield ok("confinement", text) if answer["confined"] else warning("confinement", text, "see docs/security.md")


def _pods(state: RunState | None) -> list[dict[str, Any]]:
    return list((read_scheduler_admin(state, "/pods") or {}).get("items", ())) if state else []
