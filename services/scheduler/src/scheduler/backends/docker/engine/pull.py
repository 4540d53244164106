"""Pulls an image: progress told as it comes, errors found where an engine puts them, inside an answer of 200."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from scheduler.backends.docker.engine.client import Engine
from scheduler.backends.docker.engine.errors import NOT_FOUND, EngineRefused
from scheduler.backends.preparation.registry_logins import RegistryLogin

MIB = 1024 * 1024
STALLED_S = 300.0
"""Without a word of the engine's, which tells of every piece that comes and of every layer that it unpacks."""
AUTH_HEADER = "X-Registry-Auth"
DEFAULT_REGISTRY = "docker.io"
_FAILURES = (
    # First: what a network says of itself has the words of what a registry says of an image.
    (("no such host", "dial tcp", "i/o timeout", "tls handshake", "server misbehaving"), 500),
    (("unauthorized", "authentication required", "denied", "no basic auth"), 401),
    (("not found", "manifest unknown", "does not exist", "no such"), NOT_FOUND),
)


@dataclass
class PullProgress:
    """Bytes of the layers so far; of a layer whose size is not known yet nothing is counted."""

    _layers: dict[str, tuple[int, int]] = field(default_factory=dict)

    def heard(self, line: Mapping[str, Any]) -> None:
        """Take one line of the engine's answer in."""
        layer, status = str(line.get("id", "")), str(line.get("status", ""))
        detail = line.get("progressDetail") or {}
        if status == "Downloading" and detail.get("total"):
            self._layers[layer] = (int(detail.get("current") or 0), int(detail["total"]))
        elif status in ("Download complete", "Pull complete") and layer in self._layers:
            total = self._layers[layer][1]
            self._layers[layer] = (total, total)

    @property
    def done(self) -> int:
        """Bytes that are here."""
        return sum(current for current, _ in self._layers.values())

    @property
    def total(self) -> int:
        """Bytes of the layers that have been begun."""
        return sum(total for _, total in self._layers.values())

    def __str__(self) -> str:
        return f"{self.done / MIB:.0f} of {self.total / MIB:.0f} MiB"


async def pull_image(
    engine: Engine, image: str, login: RegistryLogin | None, tell: Callable[[PullProgress], None]
) -> str:
    """The image's id, which is here then. `tell` hears of every step.

    Raises:
        EngineRefused: 401 the registry wants another login; 404 there is no such image; 500 anything else.
        EngineAway: the engine does not answer.
    """
    progress = PullProgress()
    headers = {} if login is None else {AUTH_HEADER: auth_header(login, registry_of(image))}
    async for line in _pulled(engine, image, headers):
        if "error" in line:
            raise _failure(str(line["error"]))
        progress.heard(line)
        tell(progress)
    return str((await engine.get(f"/images/{image}/json"))["Id"])


async def _pulled(engine: Engine, image: str, headers: Mapping[str, str]) -> AsyncIterator[dict[str, Any]]:
    """A name with neither tag nor digest would be pulled with every tag that it has."""
    name = image if has_tag(image) else f"{image}:latest"
    lines = engine.lines("POST", "/images/create", headers=headers, fromImage=name)
    try:
        while True:
            async with asyncio.timeout(STALLED_S):
                line = await anext(lines, None)
            if line is None:
                return
            yield line
    except TimeoutError as stalled:
        raise EngineRefused(500, f"nothing more has come for {STALLED_S:g} s") from stalled
    except EngineRefused as refused:  # some engines say it by the status
        raise _failure(refused.message) from refused


def _failure(message: str) -> EngineRefused:
    said = message.lower()
    status = next((status for words, status in _FAILURES if any(word in said for word in words)), 500)
    return EngineRefused(status, message[:500])


def auth_header(login: RegistryLogin, registry: str) -> str:
    """As the engine reads it: JSON in base64, with the alphabet for URLs."""
    content = {"username": login.username, "password": login.password, "serveraddress": registry}
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode()


def has_tag(image: str) -> bool:
    """Whether a reference names a tag or a digest."""
    return "@" in image or ":" in image.rpartition("/")[2]


def registry_of(image: str) -> str:
    """Host of a reference's registry: the first part, where it has a dot or a port or is `localhost`."""
    first, slash, _ = image.partition("/")
    is_host = bool(slash) and ("." in first or ":" in first or first == "localhost")
    return first if is_host else DEFAULT_REGISTRY
