"""What a refused request still sends is read and thrown away, within bounds: only then does its sender see the answer.

A connection that is closed with bytes unread is reset, and the sender's system throws away the answer that had come.
"""

from __future__ import annotations

import asyncio

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REFUSED = 400
DISCARDED_BYTES = 64 * 1024 * 1024
"""Twice the longest body that is taken; whoever sends more than that beyond it is cut off."""
DISCARDED_WITHIN_S = 10.0


class DiscardBodyMiddleware:
    """ASGI middleware: an error leaves once the body of its request has come, or enough of it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http" or not _has_body(Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        body = _Body(receive)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] >= REFUSED:
                await body.discard()
            await send(message)

        await self._app(scope, body.receive, sending)


class _Body:
    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._is_over = False

    async def receive(self) -> Message:
        """The next part, as the app asks for it."""
        message = await self._receive()
        self._is_over = not message.get("more_body", False)
        return message

    async def discard(self) -> None:
        """Read what is still to come, within bounds."""
        left = DISCARDED_BYTES
        try:
            async with asyncio.timeout(DISCARDED_WITHIN_S):
                while not self._is_over and left > 0:
                    left -= len((await self.receive()).get("body", b""))
        except TimeoutError:
            return


def _has_body(headers: Headers) -> bool:
    """Whether a body comes by itself: one that is announced by `Expect` is not sent to whom refuses."""
    is_announced = headers.get("expect", "").lower() == "100-continue"
    return not is_announced and ("transfer-encoding" in headers or headers.get("content-length", "0") != "0")
