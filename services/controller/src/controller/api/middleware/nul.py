"""NUL in a path or a query is refused before any route: PostgreSQL cannot compare a text that holds one."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from controller.api.middleware.auth import error_response
from shared.errors import InvalidInput


class RejectNulMiddleware:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer 400."""
        if scope["type"] == "http" and ("\x00" in scope["path"] or b"%00" in scope["query_string"]):
            await error_response(scope, InvalidInput("NUL is no part of any text here"))(scope, receive, send)
            return
        await self._app(scope, receive, send)
