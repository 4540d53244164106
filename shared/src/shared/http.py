"""HTTP servers: the error tree's mapping to status codes, the admin port, and running uvicorn inside a task group.

Admin ports are Starlette alone: FastAPI is only imported by a service that has an API of its own.
"""

from __future__ import annotations

import asyncio
import logging
import math
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import uvicorn
from prometheus_client import generate_latest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match

from shared import errors
from shared.errors import Detail, PenstockError
from shared.ids import new_id
from shared.telemetry import Telemetry

if TYPE_CHECKING:
    from fastapi import FastAPI

log = logging.getLogger("penstock.http")

STATUS: Mapping[type[PenstockError], int] = {
    errors.InvalidInput: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.PreconditionFailed: 412,
    errors.LimitExceeded: 429,
    errors.UpstreamFailed: 502,
    errors.NotReady: 503,
    errors.Unavailable: 503,
}
"""Every error that is raised has a status; a test walks the tree."""

_METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")

_CODES = {
    400: "BAD_REQUEST",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "RESOURCE_DOES_NOT_EXIST",
    405: "METHOD_NOT_ALLOWED",
    408: "REQUEST_TIMEOUT",
    413: "PAYLOAD_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    429: "REQUEST_LIMIT_EXCEEDED",
    503: "TEMPORARILY_UNAVAILABLE",
}


def status_of(error: PenstockError) -> int:
    """The status of an error: its own, or its nearest ancestor's; 500 for what is not in the table."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def error_body(code: str, message: str, request_id: str, details: Sequence[Detail] = ()) -> dict[str, Any]:
    """The body of every error response."""
    return {
        "error_code": code,
        "message": message,
        "request_id": request_id,
        "details": [{"loc": list(detail.loc), "msg": detail.msg} for detail in details],
    }


def request_id_of(request: HTTPConnection) -> str:
    """The request's id: the caller's `X-Request-Id` when it is plain and short, else a new one, the same all along."""
    known: str | None = getattr(request.state, "request_id", None)
    if known is None:
        given = request.headers.get("x-request-id", "")
        known = given if 0 < len(given) <= 128 and given.isascii() and given.isprintable() else str(new_id())
        request.state.request_id = known
    return known


ErrorFormatter = Callable[[Request, Mapping[str, Any]], str]
"""The sentence for one error of validation, as pydantic describes it."""


def _validation_message(_: Request, item: Mapping[str, Any]) -> str:
    return str(item["msg"])


def install_error_handlers(app: FastAPI, format_error: ErrorFormatter = _validation_message) -> None:
    """Answer every error of the tree, of validation and of the framework in one shape."""
    from fastapi.exceptions import RequestValidationError  # noqa: PLC0415 - see above

    async def validation_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return _validation_response(
            request, [Detail(tuple(item["loc"]), format_error(request, item)) for item in error.errors()]
        )

    app.add_exception_handler(RequestValidationError, validation_error)
    _answer_errors(app)


def _answer_errors(app: Starlette) -> None:
    app.add_exception_handler(PenstockError, _penstock_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unexpected)


def _response(
    request: Request, status: int, body: dict[str, Any], headers: Mapping[str, str] | None = None
) -> JSONResponse:
    return JSONResponse(body, status, {"X-Request-Id": request_id_of(request), **(headers or {})})


async def _penstock_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, PenstockError)
    status = status_of(error)
    headers = {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status in (429, 503):
        headers["Retry-After"] = str(math.ceil(error.retry_after_s or 1))
    body = error_body(error.code, error.message, request_id_of(request), error.details)
    return _response(request, status, body, headers)


def _validation_response(request: Request, found: Sequence[Detail]) -> Response:
    where = ".".join(str(part) for part in found[0].loc) if found else "request"
    message = f"{where}: {found[0].msg}" if found else "the request is not valid"
    return _response(request, 400, error_body("INVALID_PARAMETER_VALUE", message, request_id_of(request), found))


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, UnicodeDecodeError):
        return _validation_response(request, [Detail(("body",), "the text is not UTF-8")])
    code = _CODES.get(error.status_code, "BAD_REQUEST" if error.status_code < 500 else "INTERNAL_ERROR")
    body = error_body(code, str(error.detail), request_id_of(request))
    headers = {**(error.headers or {}), **({"Allow": _allowed(request)} if error.status_code == 405 else {})}
    return _response(request, error.status_code, body, headers)


def _allowed(request: Request) -> str:
    """What may be done with the path: the framework itself names the methods of one of its routes only."""
    return ", ".join(method for method in _METHODS if _is_allowed(request, method))


def _is_allowed(request: Request, method: str) -> bool:
    scope = {**request.scope, "method": method}
    return any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)


async def _unexpected(request: Request, error: Exception) -> Response:
    log.error("unexpected error on %s %s", request.method, request.url.path, exc_info=error)
    body = error_body(
        "INTERNAL_ERROR", "an internal error; the log has it under this request id", request_id_of(request)
    )
    return _response(request, 500, body)


def add_admin_routes(
    app: Starlette,
    telemetry: Telemetry,
    ready: Callable[[], bool],
    details: Callable[[], Mapping[str, Any]] = dict,
) -> None:
    """`/metrics` (Prometheus), `/healthz` (the process lives), `/readyz` (it can do its work, with `details`)."""

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(telemetry.registry), media_type="text/plain; version=0.0.4")

    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(_: Request) -> Response:
        is_ready = ready()
        return JSONResponse({"ready": is_ready, **details()}, 200 if is_ready else 503)

    for path, endpoint in (("/metrics", metrics), ("/healthz", healthz), ("/readyz", readyz)):
        app.add_route(path, endpoint, methods=["GET"], include_in_schema=False)


def admin_app(
    telemetry: Telemetry, ready: Callable[[], bool], details: Callable[[], Mapping[str, Any]] = dict
) -> Starlette:
    """The app of a service's admin port."""
    app = Starlette()
    _answer_errors(app)
    add_admin_routes(app, telemetry, ready, details)
    return app


class _Server(uvicorn.Server):
    """uvicorn without signal handlers of its own: the task group ends it."""

    def capture_signals(self) -> Any:
        """Leave signals to the process."""
        return nullcontext()


WEBSOCKETS: Mapping[str, Any] = {
    # One message at a time is read for the app, and written as far as the peer takes it. Compression stays off: proxies
    # break it, and output that an attacker chooses beside a secret could tell the secret. A peer that is not read from
    # for lack of room cannot answer a ping in time, so that is no reason to end it.
    "ws": "websockets-sansio",
    "ws_max_size": 128 * 1024,
    "ws_per_message_deflate": False,
    "ws_ping_interval": 20.0,
    "ws_ping_timeout": None,
}


async def serve(app: Starlette, host: str, port: int, fd: int | None = None, *, websockets: bool = False) -> None:
    """Serve until cancelled; then stop accepting, finish what is in flight, return.

    `fd` is a listening socket that somebody else holds open (systemd-style): connections queue in it over a restart.
    Raises `OSError` when the port is taken.
    """
    sockets = [socket.socket(fileno=fd)] if fd is not None else [_listen(host, port)]
    if sockets[0].family in {socket.AF_INET, socket.AF_INET6}:
        # Connections inherit it. asyncio sets it only where the listening socket names its protocol, and ours do not:
        # without it the body of a small answer waits for the caller's delayed ACK of the head, 40 ms.
        sockets[0].setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=5,
            **(WEBSOCKETS if websockets else {"ws": "none"}),
        )
    )
    running = asyncio.create_task(server.serve(sockets=sockets), name="uvicorn")
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        server.should_exit = True
        await asyncio.wait({running}, timeout=7)
        raise


def _listen(host: str, port: int) -> socket.socket:
    sock = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=512)
    sock.setblocking(False)
    return sock


def inherited_socket(environ: Mapping[str, str]) -> int | None:
    """The descriptor of a listening socket that the launcher handed over (`LISTEN_FDS`), else None."""
    return 3 if environ.get("LISTEN_FDS", "0") not in ("", "0") else None
