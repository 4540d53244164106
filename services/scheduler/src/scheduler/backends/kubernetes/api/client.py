"""HTTP to an API server: about ten verbs over plain objects, errors mapped, answers streamed where they do not end."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from scheduler.backends.kubernetes.api.calls import ApiCalls
from scheduler.backends.kubernetes.api.credentials import Connection, Credentials
from scheduler.backends.kubernetes.api.errors import ApiAway, Silent, error_of

Object = dict[str, Any]

CALL_TIMEOUT_S = 30.0
CONNECT_TIMEOUT_S = 5.0
LISTED_AT_ONCE = 500
FIELD_MANAGER = "penstock-scheduler"
APPLY, MERGE = "application/apply-patch+yaml", "application/merge-patch+json"
EXEC_PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
UNAUTHORIZED = 401
WITHIN_LIMIT = aiohttp.ClientTimeout(total=CALL_TIMEOUT_S, sock_connect=CONNECT_TIMEOUT_S)
KEEPALIVE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}
"""A peer that is gone without a word is noticed after 25 s, on every connection."""


class KubernetesApi:
    """One API server. Calls raise `ApiAway` and `ApiRefused`, and nothing else."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._connection: Connection | None = None
        self._http: aiohttp.ClientSession | None = None
        self._connecting = asyncio.Lock()
        self.calls = ApiCalls()

    async def get(self, path: str, **query: str) -> Object:
        """One object."""
        return await self._json("GET", path, query)

    async def text(self, path: str, **query: str) -> bytes:
        """An answer as it is, such as a log."""
        async with self._answer("GET", path, query) as answer:
            return await answer.read()

    async def list_all(self, path: str, **query: str) -> tuple[list[Object], str]:
        """Every object, read page by page, and the version that a watch goes on from. Raises `Expired` in between."""
        found: list[Object] = []
        page = {"limit": str(LISTED_AT_ONCE)}
        while True:
            listed = await self._json("GET", path, {**query, **page})
            found += listed.get("items") or []
            metadata = listed["metadata"]
            if not metadata.get("continue"):
                return found, str(metadata["resourceVersion"])
            page["continue"] = metadata["continue"]

    async def apply(self, path: str, wanted: Mapping[str, Any], *, dry_run: bool = False) -> Object:
        """Server-side apply: fields that are named are ours; those of ours that no longer are, go.

        `dry_run`: what it would become, and nothing is done.
        """
        query = {"fieldManager": FIELD_MANAGER, "force": "true", **({"dryRun": "All"} if dry_run else {})}
        return await self._json("PATCH", path, query, wanted, APPLY)

    async def merge(self, path: str, changes: Mapping[str, Any]) -> Object:
        """Change some fields, without owning them."""
        return await self._json("PATCH", path, {"fieldManager": FIELD_MANAGER}, changes, MERGE)

    async def create(self, path: str, body: Mapping[str, Any]) -> Object:
        """Make an object, or an eviction."""
        return await self._json("POST", path, {}, body)

    async def delete(self, path: str, **options: Any) -> None:
        """Delete an object; `options` of `DeleteOptions`."""
        await self._json("DELETE", path, {}, {"apiVersion": "v1", "kind": "DeleteOptions", **options})

    @asynccontextmanager
    async def stream(self, path: str, silence_s: float, **query: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """Whole lines of an answer that need not end; more than `silence_s` without a byte raises `ApiAway`."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S, sock_read=silence_s)
        async with self._answer("GET", path, query, timeout=timeout) as answer:
            yield _lines(answer)

    @asynccontextmanager
    async def websocket(
        self, path: str, query: list[tuple[str, str]]
    ) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """A session of `pods/exec`; its protocol is the newest that both sides know."""
        session, connection = await self._session()
        try:
            async with session.ws_connect(
                f"{connection.host}{path}",
                params=query,
                headers=await self._headers(),
                protocols=EXEC_PROTOCOLS,
                autoping=True,
                heartbeat=20.0,
                max_msg_size=0,
                ssl=connection.tls or True,
                proxy=connection.proxy,
            ) as opened:
                yield opened
        except aiohttp.WSServerHandshakeError as refused:
            raise error_of(refused.status, {"message": refused.message}) from refused
        except (aiohttp.ClientError, OSError, TimeoutError) as away:
            raise _away(away) from away

    async def close(self) -> None:
        """Give the connections back."""
        if self._http is not None:
            await self._http.close()
            self._http = None

    async def _json(
        self, method: str, path: str, query: Mapping[str, str], body: Mapping[str, Any] | None = None, kind: str = ""
    ) -> Object:
        async with self._answer(method, path, query, body=body, kind=kind) as answer:
            content = await answer.read()
        try:
            found = json.loads(content)
        except ValueError as error:
            raise ApiAway(f"the API server's answer to {method} {path} is no JSON") from error
        return found if isinstance(found, dict) else {}

    @asynccontextmanager
    async def _answer(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        *,
        body: Mapping[str, Any] | None = None,
        kind: str = "",
        timeout: aiohttp.ClientTimeout = WITHIN_LIMIT,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        headers = {"Content-Type": kind or "application/json"} if body is not None else {}
        content = json.dumps(body).encode() if body is not None else None
        try:
            for is_last in (False, True):
                session, connection = await self._session()
                self.calls.count(method, path, query)
                async with session.request(
                    method,
                    f"{connection.host}{path}",
                    params=query,
                    data=content,
                    headers={**headers, **await self._headers()},
                    timeout=timeout,
                    ssl=connection.tls or True,
                    server_hostname=connection.server_name,
                    proxy=connection.proxy,
                ) as answer:
                    if answer.status == UNAUTHORIZED and not is_last:  # a token may have been replaced a moment ago
                        await self.close()
                        continue
                    if answer.status >= 400:
                        raise error_of(answer.status, await answer.read())
                    yield answer
                    return
        except (aiohttp.ClientError, OSError, TimeoutError) as away:
            raise _away(away) from away

    async def _headers(self) -> dict[str, str]:
        token = await self._credentials.authorization()
        return {"Authorization": token} if token else {}

    async def _session(self) -> tuple[aiohttp.ClientSession, Connection]:
        async with self._connecting:
            if self._http is None or self._connection is None:
                self._connection = await self._credentials.connect()
                self._http = aiohttp.ClientSession(
                    connector=aiohttp.TCPConnector(limit=0, socket_factory=_socket),
                    trust_env=False,
                    auto_decompress=True,
                )
            return self._http, self._connection


async def _lines(answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """Lines without their newline; what is cut off at the end is left out. Raises `ApiAway`."""
    rest = b""
    try:
        async for chunk in answer.content.iter_any():
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                yield line
    except aiohttp.SocketTimeoutError as silence:
        raise Silent("the API server's stream says nothing any more") from silence
    except aiohttp.ClientPayloadError:  # it has ended the stream in the middle of a chunk, as it does when it restarts
        return
    except (aiohttp.ClientError, OSError, TimeoutError) as away:
        raise _away(away) from away


def _away(why: Exception) -> ApiAway:
    words = re.sub(r" ssl:(<[^>]*>|\S+)", "", str(why)) or type(why).__name__  # aiohttp names an object of Python's
    return ApiAway(f"the API server does not answer: {words}")


def _socket(address: Any) -> socket.socket:
    family, kind, protocol, _, _ = address
    made = socket.socket(family, kind, protocol)
    made.setblocking(False)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEPALIVE.items():
        if hasattr(socket, name):
            made.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    return made
