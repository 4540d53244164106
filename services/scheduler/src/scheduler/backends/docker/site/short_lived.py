"""Containers that run one command to its end: they build environments, and say what a runtime image holds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from scheduler.backends.docker.container_spec import LABEL, LOG_OPTIONS, MOST_PROCESSES, Mount
from scheduler.backends.docker.engine.client import Engine
from scheduler.backends.docker.engine.errors import NOT_FOUND, EngineError, EngineRefused
from scheduler.backends.docker.engine.log_frames import read_frames

MAX_LINE_BYTES = 64 * 1024


@dataclass(frozen=True)
class ShortLived:
    """One command in an image. Confined as a pod is: no capabilities, a root that is read-only, what it is given."""

    image: str
    command: Sequence[str]
    installation: str
    environment: Mapping[str, str] = field(default_factory=dict)
    mounts: Sequence[Mount] = ()
    network: str = "none"
    user: str = "10001:10001"
    folder: str = "/"

    def body(self) -> dict[str, Any]:
        """As `POST /containers/create` takes it."""
        return {
            "Image": self.image,
            "Entrypoint": list(self.command),
            "Cmd": [],
            "Env": [f"{name}={value}" for name, value in sorted(self.environment.items())],
            "Labels": {f"{LABEL}installation": self.installation},
            "User": self.user,
            "WorkingDir": self.folder,
            "HostConfig": {
                "NetworkMode": self.network,
                "RestartPolicy": {"Name": "no"},
                "Init": True,
                "CapDrop": ["ALL"],
                "SecurityOpt": ["no-new-privileges"],
                "ReadonlyRootfs": True,
                "Tmpfs": {"/tmp": "rw,nosuid,nodev,exec,mode=1777"},  # noqa: S108 - the container's
                "PidsLimit": MOST_PROCESSES,
                "LogConfig": {"Type": "json-file", "Config": LOG_OPTIONS},
                "Mounts": [
                    {"Type": "bind", "Source": each.source, "Target": each.target, "ReadOnly": not each.is_writable}
                    for each in self.mounts
                ],
            },
        }


async def run_to_end(
    engine: Engine, wanted: ShortLived, *, limit_s: float, hear: Callable[[bytes], None]
) -> int | None:
    """The exit code; None where it took longer than `limit_s` and was ended. `hear` gets each line that it prints.

    Raises `EngineError`. Whatever becomes of it, the container is gone then.
    """
    identity = str((await engine.post("/containers/create", wanted.body()))["Id"])
    try:
        async with asyncio.timeout(limit_s):
            await engine.post(f"/containers/{identity}/start")
            await _hear(engine, identity, hear)
            return int((await engine.post(f"/containers/{identity}/wait", timeout_s=limit_s))["StatusCode"])
    except TimeoutError:
        return None
    finally:
        await asyncio.shield(_remove(engine, identity))


async def _hear(engine: Engine, identity: str, hear: Callable[[bytes], None]) -> None:
    rest = b""
    query: dict[str, Any] = {"stdout": True, "stderr": True, "timestamps": True, "follow": True}
    async with engine.stream("GET", f"/containers/{identity}/logs", **query) as answer:
        async for frame in read_frames(answer.aiter_raw()):
            *lines, rest = (rest + frame.content).split(b"\n")
            for line in lines:
                hear(line)
            rest = rest[:MAX_LINE_BYTES]
    if rest:
        hear(rest)


async def _remove(engine: Engine, identity: str) -> None:
    with suppress(EngineError):
        try:
            await engine.delete(f"/containers/{identity}", force=True, v=True)
        except EngineRefused as refused:
            if refused.status != NOT_FOUND:
                raise
