"""What a run's folder says of its container: `container.json`, written once it runs."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from scheduler.backends.lifecycle.folders.damage import read_or_set_aside
from scheduler.backends.lifecycle.folders.json_files import write_json
from scheduler.backends.lifecycle.folders.run_folder import CONTAINER_FILE, RunFolder


@dataclass(frozen=True)
class StartedContainer:
    """The container of a run: where it is reached, and (unix time) since when it runs, by the engine's clock."""

    id: str
    name: str
    at: float
    host: str
    port: int
    advertised: str
    """Where routers reach it: host and port."""
    engine: str = "unix:///var/run/docker.sock"
    """Address of the engine that it is of."""
    is_limited: bool = True
    health_path: str | None = None
    """What its image says for being well; None: it is a model server of ours."""
    image: str | None = None
    """Of its owner's, as people are told; None: a runtime image of ours."""


def read_container(run: RunFolder) -> StartedContainer | None:
    """None where no container was started for the run, or the file is damaged (and set aside)."""
    found = read_or_set_aside(run.path / CONTAINER_FILE, ("id", "name", "at", "host", "port", "advertised"))
    if found is None:
        return None
    return StartedContainer(**{name: found[name] for name in StartedContainer.__dataclass_fields__ if name in found})


def write_container(run: RunFolder, container: StartedContainer) -> None:
    """From now on the run has this container."""
    write_json(str(run.path / CONTAINER_FILE), asdict(container))
