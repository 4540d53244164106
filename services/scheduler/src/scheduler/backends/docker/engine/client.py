"""HTTP to a container engine: the version of its API negotiated, errors mapped, answers streamed where they do not end.

The path of every call carries the version: what an engine answers then does not change when the engine does.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from scheduler.backends.docker.engine.errors import EngineAway, EngineError, EngineRefused, EngineUnsuited

OLDEST, NEWEST = (1, 41), (1, 52)
"""Versions of the API that this backend knows: Docker 20.10 to 29."""
CALL_TIMEOUT_S = 60.0
CONNECT_TIMEOUT_S = 5.0
MAX_MESSAGE = 500
STREAMED = httpx.Timeout(CONNECT_TIMEOUT_S, read=None, pool=None)
"""Of answers that may have nothing to say for hours."""


@dataclass(frozen=True)
class EngineVersion:
    """What an engine says that it is. `api`: the version that is spoken with it."""

    name: str
    version: str
    api: tuple[int, int]

    @property
    def is_podman(self) -> bool:
        """Whether it is Podman behind Docker's API."""
        return "podman" in self.name.lower()

    def __str__(self) -> str:
        return f"{self.name} {self.version} (API {self.api[0]}.{self.api[1]})"


class Engine:
    """One engine, by its address: `unix:///var/run/docker.sock`, or `http://host:port`."""

    def __init__(self, address: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.address = address
        socket = address.removeprefix("unix://") if address.startswith("unix://") else None
        self._http = httpx.AsyncClient(
            base_url="http://engine" if socket else address,
            transport=transport or httpx.AsyncHTTPTransport(uds=socket, limits=httpx.Limits(max_connections=None)),
            timeout=httpx.Timeout(CALL_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
            trust_env=False,
        )
        self._version: EngineVersion | None = None

    async def version(self) -> EngineVersion:
        """Which engine answers; asked once. Raises `EngineAway`, `EngineUnsuited`."""
        if self._version is None:
            said = _json(await self._sent("GET", "/version"))
            self._version = negotiate(said if isinstance(said, dict) else {}, self.address)
        return self._version

    def forget_version(self) -> None:
        """The engine was away: it may be another one when it is back."""
        self._version = None

    async def close(self) -> None:
        """Give its connections back."""
        await self._http.aclose()

    # ── calls ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def get(self, path: str, /, **query: Any) -> Any:
        """The JSON that it answers. Raises `EngineError`; likewise below."""
        return _json(await self._sent("GET", await self._path(path), query=query))

    async def post(self, path: str, body: Any = None, /, *, timeout_s: float | None = None, **query: Any) -> Any:
        """The JSON that it answers; None where it answers none."""
        return _json(await self._sent("POST", await self._path(path), query=query, body=body, timeout_s=timeout_s))

    async def delete(self, path: str, /, **query: Any) -> None:
        """Remove something."""
        await self._sent("DELETE", await self._path(path), query=query)

    @asynccontextmanager
    async def stream(
        self, method: str, path: str, body: Any = None, /, *, headers: Mapping[str, str] | None = None, **query: Any
    ) -> AsyncIterator[httpx.Response]:
        """An answer whose body is still to come, or (101) a connection that is the caller's from now on."""
        request = self._http.build_request(
            method, await self._path(path), params=_query(query), json=body, headers=headers, timeout=STREAMED
        )
        try:
            answer = await self._http.send(request, stream=True)
        except httpx.TransportError as error:
            raise self._away(error) from error
        try:
            if answer.status_code >= 300:
                await answer.aread()
                raise _refusal(answer)
            yield answer
        except httpx.TransportError as error:
            raise self._away(error) from error
        finally:
            await answer.aclose()

    async def lines(
        self, method: str, path: str, /, *, headers: Mapping[str, str] | None = None, **query: Any
    ) -> AsyncIterator[dict[str, Any]]:
        """JSON objects, one a line, until the engine ends them."""
        async with self.stream(method, path, headers=headers, **query) as answer:
            async for line in answer.aiter_lines():
                if line.strip():
                    yield _parsed(line)

    # ── parts ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _path(self, path: str) -> str:
        major, minor = (await self.version()).api
        return f"/v{major}.{minor}{path}"

    async def _sent(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        timeout_s: float | None = None,
    ) -> httpx.Response:
        timeout = httpx.Timeout(timeout_s or CALL_TIMEOUT_S, connect=CONNECT_TIMEOUT_S)
        try:
            answer = await self._http.request(method, path, params=_query(query or {}), json=body, timeout=timeout)
        except httpx.TransportError as error:
            raise self._away(error) from error
        if answer.status_code >= 300 and answer.status_code != 304:
            raise _refusal(answer)
        return answer

    def _away(self, error: httpx.TransportError) -> EngineAway:
        why = str(error) or type(error).__name__
        return EngineAway(f"the container engine at {self.address} does not answer: {why}")


def negotiate(said: Mapping[str, Any], address: str) -> EngineVersion:
    """The newest version of the API that both sides know, from an answer to `GET /version`. Raises `EngineUnsuited`."""
    newest = _numbers(str(said.get("ApiVersion") or "0.0"))
    oldest = _numbers(str(said.get("MinAPIVersion") or "0.0"))
    parts = [str(each.get("Name", "")) for each in said.get("Components") or ()]
    name = "Podman" if any("podman" in part.lower() for part in parts) else "Docker"
    found = EngineVersion(name, str(said.get("Version", "of no version")), min(newest, NEWEST))
    spoken = f"API {newest[0]}.{newest[1]}"
    if newest < OLDEST:
        raise EngineUnsuited(
            f"{name} {found.version} at {address} speaks {spoken}; pods need 1.41 or newer: Docker 20.10, Podman 4"
        )
    if oldest > NEWEST:
        raise EngineUnsuited(
            f"{name} {found.version} at {address} speaks nothing older than API {oldest[0]}.{oldest[1]}; this release "
            f"of Penstock knows {NEWEST[0]}.{NEWEST[1]}: update it"
        )
    return found


def _numbers(version: str) -> tuple[int, int]:
    major, _, minor = version.partition(".")
    return (int(major), int(minor)) if major.isdecimal() and minor.isdecimal() else (0, 0)


def _query(query: Mapping[str, Any]) -> dict[str, str]:
    """As the engine reads it: filters are JSON, truth is 1 or 0."""
    return {name: _written(value) for name, value in query.items() if value is not None}


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return json.dumps(value) if isinstance(value, dict) else str(value)


def _json(answer: httpx.Response) -> Any:
    return _parsed(answer.text) if answer.content.strip() else None


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise EngineError(f"the container engine answers what is no JSON: {text[:100]!r}") from error


def _refusal(answer: httpx.Response) -> EngineRefused:
    try:
        message = str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        message = answer.text.strip() or f"status {answer.status_code}"
    return EngineRefused(answer.status_code, message[:MAX_MESSAGE])
