"""The data plane as the controller calls it: one request to one version, on its direct path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from shared.clock import Clock
from shared.contracts.debug import DEBUG_HEADER
from shared.errors import Unavailable

MAX_ANSWER_BYTES = 4 * 1024 * 1024
"""What of an answer is read."""


@dataclass(frozen=True)
class RouterResponse:
    """What came back; `is_truncated`: the body was longer than what is kept of it."""

    status_code: int
    duration_ms: float
    headers: Mapping[str, str]
    body: bytes
    is_truncated: bool


class RouterClient:
    """One router, or whatever stands before several. It is asked directly: no proxy, no redirect."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._url = url
        self._clock = clock
        self._http = httpx.AsyncClient(base_url=url, trust_env=False, follow_redirects=False)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def predict(
        self, path: str, body: str, ticket: str, headers: Mapping[str, str], timeout_s: float
    ) -> RouterResponse:
        """POST `body` to `path`, let in by `ticket`; `Unavailable` where no answer comes."""
        started = self._clock.monotonic()
        sent = {"Content-Type": "application/json", **headers, DEBUG_HEADER: ticket}
        timeout = httpx.Timeout(timeout_s, connect=3.0)
        try:
            async with self._http.stream("POST", path, content=body, headers=sent, timeout=timeout) as answer:
                kept = bytearray()
                async for chunk in answer.aiter_bytes():
                    kept += chunk
                    if len(kept) > MAX_ANSWER_BYTES:
                        break
        except httpx.HTTPError as failure:
            raise Unavailable(f"The router at {self._url} does not answer ({type(failure).__name__})") from failure
        took = (self._clock.monotonic() - started) * 1000
        whole = bytes(kept[:MAX_ANSWER_BYTES])
        return RouterResponse(answer.status_code, round(took, 3), answer.headers, whole, len(kept) > len(whole))
