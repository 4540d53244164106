"""The network that pods share: made where it is not there, joined where the scheduler is a container itself.

On a network of this installation's own, pods do not reach each other where the scheduler is outside of it (the engine
keeps them apart); inside, its router has to reach them, and each of them answers only to who has its token.
"""

from __future__ import annotations

from dataclasses import dataclass

from scheduler.backends.docker.container_spec import LABEL
from scheduler.backends.docker.engine.client import Engine
from scheduler.backends.docker.engine.errors import CONFLICT, EngineError, EngineRefused
from scheduler.backends.docker.options import DockerOptions

KEEP_APART = "com.docker.network.bridge.enable_icc"


def network_name(installation: str, options: DockerOptions) -> str:
    """Its name."""
    return options.network or f"penstock-{installation}"


@dataclass(frozen=True)
class PodNetwork:
    """A network, by its id: an engine may have several of one name, made at the same moment."""

    id: str
    name: str


async def ensure_network(
    engine: Engine, installation: str, options: DockerOptions, own_container: str | None
) -> PodNetwork:
    """The network, which is there then. Raises `EngineError`."""
    name = network_name(installation, options)
    found = await _find(engine, name)
    if found is None:
        await _create(engine, name, installation, options, is_shared=own_container is not None)
        found = await _find(engine, name)
    if found is None:
        raise EngineError(f"network {name} was made, and is not there")
    if own_container is not None:
        await _join(engine, found.id, own_container)
    return found


async def _find(engine: Engine, name: str) -> PodNetwork | None:
    """The oldest of this name."""
    listed = await engine.get("/networks", filters={"name": [name]})  # those whose name has it in it
    same = [each for each in listed if each.get("Name") == name]
    oldest = min(same, key=lambda each: str(each.get("Created", "")), default=None)
    return None if oldest is None else PodNetwork(str(oldest["Id"]), name)


async def _create(engine: Engine, name: str, installation: str, options: DockerOptions, *, is_shared: bool) -> None:
    body = {
        "Name": name,
        "Driver": "bridge",
        "Internal": options.is_internal,
        "CheckDuplicate": True,
        "Labels": {f"{LABEL}installation": installation},
        "Options": {} if is_shared else {KEEP_APART: "false"},
    }
    try:
        await engine.post("/networks/create", body)
    except EngineRefused as refused:
        if refused.status != CONFLICT:  # somebody was faster
            raise


async def _join(engine: Engine, name: str, container: str) -> None:
    try:
        await engine.post(f"/networks/{name}/connect", {"Container": container})
    except EngineRefused as refused:
        # An engine says 403 (20.10) or 409 of one that is in it already.
        if "already exists" not in refused.message:
            raise
