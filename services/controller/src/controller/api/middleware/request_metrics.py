"""Every request is a span (continuing the caller's `traceparent`), a sample in a histogram, and has an id."""

from __future__ import annotations

from opentelemetry.trace import SpanKind
from prometheus_client import CollectorRegistry, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.clock import Clock
from shared.http import request_id_of
from shared.telemetry import span_from_headers


class RequestMetricsMiddleware:
    """ASGI middleware, the outermost one."""

    def __init__(self, app: ASGIApp, *, clock: Clock, registry: CollectorRegistry) -> None:
        self._app = app
        self._clock = clock
        self._seconds = Histogram(
            "penstock_api_request_seconds",
            "Time from the head of a control-plane request to the end of its answer.",
            ("method", "route", "status"),
            registry=registry,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and measure it."""
        if scope["type"] != "http":  # a session that lasts for hours is no request; it has metrics of its own
            await self._app(scope, receive, send)
            return
        started, status = self._clock.monotonic(), 500
        request_id = request_id_of(Request(scope))

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message).setdefault("x-request-id", request_id)
            await send(message)

        name = f"{scope['method']} {scope['path']}"
        with span_from_headers(Headers(scope=scope), name, SpanKind.SERVER) as span:
            try:
                await self._app(scope, receive, sending)
            finally:
                route = _route(scope)
                span.update_name(f"{scope['method']} {route}")
                span.set_attribute("http.response.status_code", status)
                elapsed = self._clock.monotonic() - started
                self._seconds.labels(scope["method"], route, str(status)).observe(elapsed)


def _route(scope: Scope) -> str:
    """The route's template, so that names of services do not become labels."""
    return getattr(scope.get("route"), "path", "(none)")
