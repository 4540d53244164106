"""What a container uses, from one answer of `GET /containers/{id}/stats`: no second sample is waited for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scheduler.backends.docker.engine.client import Engine


@dataclass(frozen=True)
class ContainerStats:
    """CPU seconds used so far; bytes held, without files that only lie in the cache."""

    cpu_s: float
    memory_bytes: int


async def stats_of(engine: Engine, identity: str) -> ContainerStats:
    """Raises `EngineError`."""
    return parse_stats(await engine.get(f"/containers/{identity}/stats", **{"stream": False, "one-shot": True}))


async def process_ids(engine: Engine, identity: str) -> list[int]:
    """Processes of a container, by their numbers on the engine's machine. Raises `EngineError`."""
    return parse_top(await engine.get(f"/containers/{identity}/top"))


def parse_top(said: Mapping[str, Any] | None) -> list[int]:
    """Of the columns that `ps` prints there, the one of the numbers."""
    answer = said or {}
    titles = list(answer.get("Titles") or ())
    if "PID" not in titles:
        return []
    column = titles.index("PID")
    return [int(row[column]) for row in answer.get("Processes") or () if str(row[column]).isdecimal()]


def parse_stats(said: Mapping[str, Any] | None) -> ContainerStats:
    """Control groups of either version: version 2 says `inactive_file`, version 1 `total_inactive_file`.

    None: an engine says nothing of a container that is ending just now.
    """
    answer = said or {}
    memory = answer.get("memory_stats") or {}
    details = memory.get("stats") or {}
    idle = int(details.get("total_inactive_file", details.get("inactive_file", 0)) or 0)
    cpu = (answer.get("cpu_stats") or {}).get("cpu_usage") or {}
    return ContainerStats(int(cpu.get("total_usage") or 0) / 1e9, max(0, int(memory.get("usage") or 0) - idle))
