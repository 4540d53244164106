"""Authentication, before every route: Host, Origin, and token or session. Deny by default; `open_paths.py` lists what
is open.

Host and Origin are checked because a page in a browser can make its own name resolve to 127.0.0.1 (DNS rebinding). A
session's cookie is sent by the browser on its own, so what comes with it must be from a page of the console itself.
A WebSocket's first message is a ticket that says whose it is; its Origin, which every browser sends, is the console's.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from controller.api.open_paths import SESSION_COOKIE, is_open, is_page
from controller.domain.access.sessions import cookie_value, is_cross_site, is_csrf_token, is_same_origin
from controller.handlers.access.authentication import Authenticator
from shared.errors import Forbidden, PenstockError, Temporary, Unauthenticated
from shared.http import error_body, request_id_of, status_of

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
CSRF_HEADER = "x-penstock-session"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class AuthMiddleware:
    """ASGI middleware. `is_public`: whether a request asks for a page that anybody may see."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        credentials: Authenticator,
        allowed_hosts: frozenset[str],
        own_url: str | None,
        is_public: Callable[[str, str, str], bool],
    ) -> None:
        self._app = app
        self._credentials = credentials
        self._hosts = LOCAL_HOSTS | {host.lower() for host in allowed_hosts}
        self._own_url = own_url
        self._is_public = is_public

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
        if scope["type"] == "websocket":
            require_same_origin(scope, self._own_url)
            return
        method, path, accept = scope["method"], scope["path"], headers.get("accept", "")
        if is_open(method, path) or is_page(method, path, accept) or self._is_public(method, path, accept):
            return
        state = scope.setdefault("state", {})
        secret = None if "authorization" in headers else session_cookie(scope)
        if secret is not None:
            await self._authenticate_session(scope, headers, secret)
            return
        token = bearer_token(headers)
        state["principal"], state["token"] = await self._credentials.authenticate(token), token
        state["current_principal"] = partial(self._credentials.authenticate, token)

    async def _authenticate_session(self, scope: Scope, headers: Headers, secret: str) -> None:
        if is_cross_site(headers.get("sec-fetch-site")):
            raise Forbidden("Requests with a session come from the console's own pages only")
        principal = await self._credentials.authenticate_session(secret)
        if scope["method"] not in SAFE_METHODS:
            require_same_origin(scope, self._own_url, is_needed=True)
            if not is_csrf_token(secret, headers.get(CSRF_HEADER, "")):
                raise Forbidden("A change with a session needs its X-Penstock-Session header")
        state = scope["state"]
        state["principal"], state["token"], state["session"] = principal, secret, secret
        # that a stream is open is no use of the session: it ends though a tab is left open
        state["current_principal"] = partial(self._credentials.authenticate_session, secret, is_use=False)

    def _check_host(self, headers: Headers) -> None:
        hosts = headers.getlist("host")
        if len(hosts) != 1 or host_name(hosts[0]) not in self._hosts:
            raise Forbidden("This host name is not one of the control plane's (CONTROLLER_ALLOWED_HOSTS)")

    def _check_origin(self, headers: Headers) -> None:
        for origin in headers.getlist("origin"):
            scheme, _, authority = origin.partition("://")
            if scheme.lower() not in {"http", "https"} or host_name(authority) not in self._hosts:
                raise Forbidden("Requests from this origin are refused")


def require_same_origin(scope: Scope, own_url: str | None, *, is_needed: bool = False) -> None:
    """Refuse what a page of another origin sends, and with `is_needed` what does not say where it comes from."""
    headers = Headers(scope=scope)
    origins = headers.getlist("origin")
    is_own = all(is_same_origin(each, scope["scheme"], headers["host"], own_url) for each in origins)
    if not is_own or (is_needed and not origins) or is_cross_site(headers.get("sec-fetch-site")):
        raise Forbidden("Requests with a session come from the console's own pages only")


def session_cookie(scope: Scope) -> str | None:
    """The session that a request names; None without one."""
    return cookie_value(Request(scope).cookies, SESSION_COOKIE)


def error_response(scope: Scope, refusal: PenstockError) -> Response:
    """The answer to a refused request."""
    request_id = request_id_of(HTTPConnection(scope))
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
