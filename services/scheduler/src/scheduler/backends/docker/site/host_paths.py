"""Paths of this scheduler as the engine's machine knows them: what is mounted into a pod is named by those.

Where the scheduler is a container itself (Compose), its folders are volumes or folders of the machine: its own mounts
say where they lie there. So a pod gets one model and one environment, read-only, and never the whole volume, which
holds credentials; a subpath of a volume would need engine 26 (API 1.45).
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from scheduler.backends.docker.engine.client import Engine
from scheduler.backends.docker.engine.errors import NOT_FOUND, EngineRefused
from scheduler.backends.errors import PreparationFailed

MARK = Path("/.dockerenv")
PODMAN_MARK = Path("/run/.containerenv")


@dataclass(frozen=True)
class HostPaths:
    """`mounts`: path here → path there; `container`: id of the container that this process is in, if any."""

    mounts: Mapping[PurePosixPath, PurePosixPath]
    container: str | None = None

    def of(self, path: Path) -> str:
        """The path of the engine's machine. Raises `PreparationFailed` where it knows none."""
        whole = PurePosixPath(path.resolve())
        for here in sorted(self.mounts, key=lambda each: len(each.parts), reverse=True):
            if whole.is_relative_to(here):
                return str(self.mounts[here] / whole.relative_to(here))
        raise PreparationFailed(
            "NotMountable",
            f"{whole} is in the scheduler's own container and on no volume of it: pods cannot have it",
            is_permanent=True,
        )


SAME = HostPaths({PurePosixPath("/"): PurePosixPath("/")})


def is_contained() -> bool:
    """Whether this process is in a container."""
    return MARK.exists() or PODMAN_MARK.exists()


async def find_host_paths(engine: Engine, *, is_contained: bool) -> HostPaths:
    """By the mounts of the container that this process is in, which has its host name. Raises `EngineError`."""
    if not is_contained:
        return SAME
    try:
        own = await engine.get(f"/containers/{socket.gethostname()}/json")
    except EngineRefused as refused:
        if refused.status == NOT_FOUND:
            return SAME  # the engine is another machine's, or the name was changed
        raise
    return host_paths_of(own)


def host_paths_of(inspected: Mapping[str, Any]) -> HostPaths:
    """From an inspected container."""
    mounts = {
        PurePosixPath(each["Destination"]): PurePosixPath(each["Source"])
        for each in inspected.get("Mounts") or ()
        if each.get("Source") and each.get("Type") in ("bind", "volume")
    }
    return HostPaths(mounts, str(inspected["Id"]))
