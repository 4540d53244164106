"""How a running platform is in a few figures: room on the disk, what waits in the spool and on the bus."""

from __future__ import annotations

import asyncio
import http.client
import json
import re
import shutil
from collections.abc import Iterable
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from penstock.launcher.bus.health import BusHealth
from penstock.launcher.bus.rights import SUPERVISOR
from penstock.launcher.files import read_object
from penstock.launcher.home import Home
from penstock.launcher.state import RunState

TIMEOUT_S = 3.0
SAMPLE = re.compile(r"^(penstock_router_spool_(?:bytes|cap_bytes|records|messages)) (\S+)$", re.MULTILINE)


def summary(home: Home, state: RunState) -> dict[str, Any]:
    """`disk_free_bytes`, `spool` (bytes, cap_bytes, records, messages), `bus` (see `bus_figures`). Never raises."""
    return {
        "disk_free_bytes": shutil.disk_usage(home.path).free,
        "spool": spool_figures(state),
        "bus": bus_figures(home, state),
    }


def spool_figures(state: RunState) -> dict[str, int]:
    """Sums over the routers' own metrics; empty where none answers."""
    found: dict[str, int] = {}
    for process in state.processes:
        if process.name.startswith("router") and process.admin:
            for name, value in SAMPLE.findall(fetch_text(process.admin, "/metrics")):
                key = name.removeprefix("penstock_router_spool_")
                found[key] = found.get(key, 0) + int(float(value))
    return found


def read_scheduler_admin(state: RunState, path: str, timeout_s: float = TIMEOUT_S) -> dict[str, Any] | None:
    """The JSON object that the scheduler's admin port answers; None where it does not."""
    try:
        found = json.loads(fetch_text(state.scheduler_admin, path, timeout_s))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def pods_problem(state: RunState, timeout_s: float = TIMEOUT_S) -> str | None:
    """What keeps pods from starting and ending, such as a container engine that is away, as the scheduler says it."""
    return (read_scheduler_admin(state, "/readyz", timeout_s) or {}).get("problem")


def fetch_text(address: str, path: str, timeout_s: float = TIMEOUT_S) -> str:
    """The body that this address answers with a 200; "" where it does not."""
    connection = http.client.HTTPConnection(address, timeout=timeout_s)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.read().decode(errors="replace") if answer.status == HTTPStatus.OK else ""
    except (OSError, http.client.HTTPException):
        return ""
    finally:
        connection.close()


def bus_health_of(home: Home, state: RunState) -> BusHealth | None:
    """The server of a running platform; None where its password cannot be read."""
    password = (read_object(home.path / "nats" / "credentials.json") or {}).get(SUPERVISOR)
    return BusHealth(home.at(state.ports).ports.nats, password) if isinstance(password, str) else None


def bus_figures(home: Home, state: RunState) -> dict[str, Any]:
    """`bytes` stored, `max_bytes`, `waiting` (see `waiting_messages`); empty where none answers."""
    bus = bus_health_of(home, state)
    with suppress(KeyError, TypeError):
        asked = {"accounts": True, "streams": True, "consumer": True, "config": True}
        found = bus and asyncio.run(bus.ask("JSZ", asked))
        if found:
            return {
                "bytes": found["bytes"],
                "max_bytes": found["config"]["max_storage"],
                "streams": {name: stream["state"]["bytes"] for name, stream in _streams(found)},
                "waiting": waiting_messages(found),
            }
    return {}


def waiting_messages(found: dict[str, Any]) -> dict[str, int]:
    """Durable consumer → messages that it has not settled.

    Ephemeral ones are readers that come and go, such as a look at a bucket; what a gone one left is nobody's backlog.
    """
    return {
        consumer["name"]: consumer["num_pending"] + consumer["num_ack_pending"]
        for _, stream in _streams(found)
        for consumer in stream.get("consumer_detail") or ()
        if consumer["config"].get("durable_name")
    }


def _streams(found: dict[str, Any]) -> Iterable[tuple[str, dict[str, Any]]]:
    for account in found.get("account_details") or ():
        for stream in account.get("stream_detail") or ():
            yield stream["name"], stream
