"""Authentication, before every route: Host, Origin and token. Deny by default; `open_paths.py` lists what is open.

Host and Origin are checked because a page in a browser can make its own name resolve to 127.0.0.1 (DNS rebinding).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from controller.api.open_paths import OPEN_PATHS, is_page
from controller.domain.access.roles import Principal
from shared.errors import Forbidden, PenstockError, Temporary, Unauthenticated
from shared.http import error_body, request_id_of, status_of

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


class AuthMiddleware:
    """ASGI middleware; `authenticate` returns the principal of a token."""

    def __init__(
        self, app: ASGIApp, *, authenticate: Callable[[str], Awaitable[Principal]], allowed_hosts: frozenset[str]
    ) -> None:
        self._app = app
        self._authenticate = authenticate
        self._hosts = LOCAL_HOSTS | {host.lower() for host in allowed_hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer why not."""
        try:
            await self._authenticate_request(scope)
        except PenstockError as refusal:
            await error_response(scope, refusal)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _authenticate_request(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        self._check_host(headers)
        self._check_origin(headers)
        if scope["path"] in OPEN_PATHS or is_page(scope["method"], scope["path"], headers.get("accept", "")):
            return
        token = bearer_token(headers)
        state = scope.setdefault("state", {})
        state["principal"], state["token"] = await self._authenticate(token), token
        state["current_principal"] = partial(self._authenticate, token)

    def _check_host(self, headers: Headers) -> None:
        hosts = headers.getlist("host")
        if len(hosts) != 1 or host_name(hosts[0]) not in self._hosts:
            raise Forbidden("This host name is not one of the control plane's (CONTROLLER_ALLOWED_HOSTS)")

    def _check_origin(self, headers: Headers) -> None:
        for origin in headers.getlist("origin"):
            scheme, _, authority = origin.partition("://")
            if scheme.lower() not in {"http", "https"} or host_name(authority) not in self._hosts:
                raise Forbidden("Requests from this origin are refused")


def error_response(scope: Scope, refusal: PenstockError) -> Response:
    """The answer to a refused request."""
    request_id = request_id_of(Request(scope))
    body = error_body(refusal.code, refusal.message, request_id, refusal.details)
    headers = {"x-request-id": request_id}
    if isinstance(refusal, Unauthenticated):
        headers["www-authenticate"] = "Bearer"
    if isinstance(refusal, Temporary):
        headers["retry-after"] = "1"
    return JSONResponse(body, status_of(refusal), headers)


def bearer_token(headers: Headers) -> str:
    """The one bearer token of a request; `Unauthenticated` where there is none."""
    given = headers.getlist("authorization")
    scheme, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("A token is needed: Authorization: Bearer <token>")
    return token.strip()


def host_name(authority: str) -> str:
    """The host of `host`, `host:port`, `[v6]` or `[v6]:port`, in lower case; empty when it is none."""
    try:
        parts = urlsplit(f"//{authority}")
        return "" if parts.username or parts.path else (parts.hostname or "").rstrip(".")
    except ValueError:
        return ""
