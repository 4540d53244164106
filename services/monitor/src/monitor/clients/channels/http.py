"""POSTs to receivers: to addresses that the rule allows, without redirects, and reading a bounded part of the answer.

A connection for each request: a kept one belongs to an address, and two names may share it. Nothing is logged: URLs
hold keys and signatures.
"""

from __future__ import annotations

import ssl

import httpx

from monitor.domain.notifications.request import Answer, HttpRequest
from shared.errors import UpstreamFailed
from shared.security.addresses import AddressRule
from shared.security.pinned_transport import PinnedTransport

READ_BYTES = 64 * 1024
"""Of an answer; what a firewall says may be a whole page."""
_WORDS: tuple[tuple[type[Exception], str], ...] = (
    (httpx.ConnectTimeout, "the connection was not made in time"),
    (httpx.TimeoutException, "there was no answer in time"),
    (httpx.ConnectError, "no connection"),
    (httpx.DecodingError, "a compressed answer, which was not asked for"),
    (httpx.RequestError, "the connection ended before the answer"),
)


class HttpPoster:
    """Posts; closed by who made it."""

    def __init__(self, rule: AddressRule, tls: ssl.SSLContext, timeout_s: float) -> None:
        self._transport = PinnedTransport(rule, tls=tls, limits=httpx.Limits(max_keepalive_connections=0))
        self._timeout = httpx.Timeout(timeout_s).as_dict()

    async def post(self, request: HttpRequest) -> Answer:
        """The answer, whatever its status.

        Raises `InvalidInput` for a host that the rule forbids, `UpstreamFailed` where there was no answer; neither
        shows more of the URL than the host.
        """
        headers = {"user-agent": "Penstock", "accept": "*/*", **request.headers}
        try:
            sent = httpx.Request(
                "POST", request.url, headers=headers, content=request.body, extensions={"timeout": self._timeout}
            )
            response = await self._transport.handle_async_request(sent)
            try:
                return Answer(response.status_code, await _start_of(response), _headers(response))
            finally:
                await response.aclose()
        except httpx.RequestError as failure:
            raise UpstreamFailed(_said(failure)) from None
        except (httpx.InvalidURL, ValueError):
            raise UpstreamFailed("the URL cannot be called") from None

    async def close(self) -> None:
        """Close connections."""
        await self._transport.aclose()


async def _start_of(response: httpx.Response) -> bytes:
    found = bytearray()
    async for chunk in response.aiter_raw():
        found += chunk
        if len(found) >= READ_BYTES:
            break
    return bytes(found[:READ_BYTES])


def _headers(response: httpx.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _said(failure: httpx.RequestError) -> str:
    words = next(words for kind, words in _WORDS if isinstance(failure, kind))
    if isinstance(failure, httpx.ConnectError) and "certificate" in str(failure).lower():
        return "the receiver's certificate is not trusted"
    if isinstance(failure, httpx.ConnectError) and "has no address" in str(failure):
        return "its host has no address"
    return words
