"""What an engine says of a container's state, in our words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scheduler.backends.docker.container_spec import LABEL

ALIVE = frozenset({"running", "paused", "restarting"})
MOST_SIGNAL = 64
NEVER = "0001-01-01"


@dataclass(frozen=True)
class SeenContainer:
    """One container as a list or an event tells of it."""

    id: str
    name: str
    status: str
    """`created`, `running`, `paused`, `restarting`, `removing`, `exited`, `dead`."""
    pod: str | None = None
    run: int | None = None
    gpus: tuple[str, ...] = ()
    """Devices that it was given."""

    @property
    def is_alive(self) -> bool:
        """Whether its first process runs, frozen or not."""
        return self.status in ALIVE


def seen_in_list(item: Mapping[str, Any]) -> SeenContainer:
    """An item of `GET /containers/json`."""
    labels = item.get("Labels") or {}
    names = item.get("Names") or [""]
    return seen(str(item["Id"]), str(names[0]).lstrip("/"), str(item.get("State", "")), labels)


def seen(identity: str, name: str, status: str, labels: Mapping[str, str]) -> SeenContainer:
    """By its labels."""
    run, gpus = str(labels.get(f"{LABEL}run", "")), str(labels.get(f"{LABEL}gpus") or "")
    return SeenContainer(
        identity,
        name,
        status.lower(),
        labels.get(f"{LABEL}pod"),
        int(run) if run.isdecimal() else None,
        tuple(filter(None, gpus.split(","))),
    )


@dataclass(frozen=True)
class ContainerEnd:
    """How a container ended: an exit code or a signal, when, and whether its limit of memory was met."""

    code: int | None
    signal: int | None
    at: float
    is_out_of_memory: bool = False
    error: str = ""

    def as_json(self) -> dict[str, Any]:
        """As `exit.json` says it."""
        return {"code": self.code, "signal": self.signal, "at": self.at, "oom": self.is_out_of_memory}


def end_of(state: Mapping[str, Any], now: float) -> ContainerEnd | None:
    """From `State` of an inspected container; None while it runs."""
    if state.get("Running") or str(state.get("Status", "")).lower() in ALIVE | {"created"}:
        return None
    code = int(state.get("ExitCode") or 0)
    number = code - 128 if 128 < code <= 128 + MOST_SIGNAL else None
    return ContainerEnd(
        code=None if number else code,
        signal=number,
        at=unix_time(str(state.get("FinishedAt", ""))) or now,
        is_out_of_memory=bool(state.get("OOMKilled")),
        error=str(state.get("Error") or ""),
    )


def unix_time(text: str) -> float | None:
    """Of an engine's time, whatever its fraction and zone; None for the zero time, and for what is no time."""
    if not text or text.startswith(NEVER):
        return None
    head, _, rest = text.partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    zone = rest[len(digits) :] if rest else ""
    try:
        moment = datetime.fromisoformat((head + zone).replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment.timestamp() + (float(f"0.{digits}") if digits else 0.0)
