"""HTTP to servers that users name: only to addresses that may be connected to, to no other server, and not for ever.

A name is resolved once per request, every address that it has is checked, and one of those is connected to: what the
name means a moment later does not matter. Redirects are not followed, and no proxy of the environment is used, since
a proxy would resolve the name anew.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator

import httpx

from shared.security.addresses import AddressRule

LARGEST_ANSWER = 16 * 1024 * 1024
"""Bytes."""


class PinnedTransport(httpx.AsyncBaseTransport):
    """Connects to addresses that `rule` allows; raises `InvalidInput` for others."""

    def __init__(
        self,
        rule: AddressRule,
        *,
        tls: ssl.SSLContext | None = None,
        limits: httpx.Limits | None = None,
        largest_answer: int = LARGEST_ANSWER,
    ) -> None:
        self._rule = rule
        self._largest_answer = largest_answer
        self._inner = httpx.AsyncHTTPTransport(verify=tls or True, limits=limits or httpx.Limits())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send it to the first address of its host that takes a connection."""
        host = request.url.raw_host.decode().strip("[]")
        addresses = await checked_addresses(host, self._rule)
        for address in addresses[:-1]:
            try:
                return await self._send(request, host, address)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await self._send(request, host, addresses[-1])

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()

    async def _send(self, request: httpx.Request, host: str, address: str) -> httpx.Response:
        headers = httpx.Headers(request.headers)  # the `Host` in them is the name
        headers["accept-encoding"] = "identity"
        pinned = httpx.Request(
            request.method,
            request.url.copy_with(host=address),
            headers=headers,
            stream=request.stream,
            extensions=request.extensions | {"sni_hostname": host},
        )
        answer = await self._inner.handle_async_request(pinned)
        assert isinstance(answer.stream, httpx.AsyncByteStream)
        if answer.headers.get("content-encoding", "identity") != "identity":
            await answer.aclose()
            raise httpx.DecodingError("a compressed answer, which was not asked for", request=request)
        answer.stream = _Bounded(answer.stream, self._largest_answer)
        return answer


class _Bounded(httpx.AsyncByteStream):
    """A body that ends with an error where it gets too large."""

    def __init__(self, inner: httpx.AsyncByteStream, largest: int) -> None:
        self._inner = inner
        self._largest = largest

    async def __aiter__(self) -> AsyncIterator[bytes]:
        seen = 0
        async for chunk in self._inner:
            seen += len(chunk)
            if seen > self._largest:
                raise httpx.ReadError("the answer is too large")
            yield chunk

    async def aclose(self) -> None:
        await self._inner.aclose()


async def checked_addresses(host: str, rule: AddressRule) -> list[str]:
    """What a name means now; raises `InvalidInput` where the rule forbids one of its addresses, else `ConnectError`."""
    addresses = await _resolved(host)
    rule.check(host, addresses)
    return addresses


async def _resolved(host: str) -> list[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as failure:
        raise httpx.ConnectError(f"{host} has no address") from failure
    return list(dict.fromkeys(str(address[0]) for *_, address in found))
