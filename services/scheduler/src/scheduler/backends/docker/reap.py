"""Ends every container of a home, once no scheduler runs; how each ended is written down as ever."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from scheduler.backends.docker.container_spec import LABEL
from scheduler.backends.docker.engine.client import Engine
from scheduler.backends.docker.engine.errors import EngineError
from scheduler.backends.docker.installation import read_installation
from scheduler.backends.docker.runs.attendant import Attendant
from scheduler.backends.docker.runs.container_folder import read_container
from scheduler.backends.docker.runs.container_state import SeenContainer
from scheduler.backends.docker.runs.inventory import ContainerInventory
from scheduler.backends.lifecycle.folders.pod_folder import pod_folders
from scheduler.backends.lifecycle.folders.run_folder import RunFolder
from scheduler.backends.lifecycle.options import LifecycleOptions
from shared.clock import SystemClock

log = logging.getLogger("penstock.scheduler.docker")

END_S = 10.0
POLL_S = 0.05


async def reap_containers(home: Path, grace_s: float) -> int:
    """End and remove every container with the label of this home, and its network; how many pods there were."""
    found = read_installation(home / "pods")
    if found is None:
        return 0
    identity, address = found
    engine = Engine(address)
    inventory = ContainerInventory(engine, identity, SystemClock())
    try:
        await inventory.relist()
        runs = _open_runs(home)
        ended = await asyncio.gather(*(_end(inventory, each, runs.get(each.id), grace_s) for each in inventory.all()))
        await _remove_networks(engine, identity)
    except EngineError as error:
        log.warning("containers of %s are not ended: %s", home, error)
        return 0
    finally:
        await engine.close()
    return sum(ended)


def _open_runs(home: Path) -> dict[str, RunFolder]:
    """By the id of its container: runs whose end is not written down."""
    runs = [run for pod in pod_folders(home / "pods") for run in pod.runs() if run.exit() is None]
    return {container.id: run for run in runs if (container := read_container(run)) is not None}


async def _end(inventory: ContainerInventory, seen: SeenContainer, run: RunFolder | None, grace_s: float) -> bool:
    """Whether it was a pod that ran."""
    stop = f"/containers/{seen.id}/stop"
    await inventory.engine.post(stop, timeout_s=grace_s + END_S, t=max(1, round(grace_s)))
    inventory.note(replace(seen, status="exited"))  # nobody follows the engine's events here
    if run is not None:
        attendant = Attendant(run, seen.id, inventory, SystemClock(), LifecycleOptions())
        attendant.start()
        with suppress(TimeoutError):
            async with asyncio.timeout(END_S):
                while attendant.is_at_work:  # noqa: ASYNC110 - it is a task of its own
                    await asyncio.sleep(POLL_S)
        await attendant.stop()
    await inventory.remove(seen.id)
    return run is not None and seen.is_alive


async def _remove_networks(engine: Engine, installation: str) -> None:
    filters = {"label": [f"{LABEL}installation={installation}"]}
    for network in await engine.get("/networks", filters=filters):
        await engine.delete(f"/networks/{network['Id']}")
