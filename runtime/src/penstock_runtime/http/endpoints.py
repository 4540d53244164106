"""What is answered on which path, from the first moment on; predictions once a model is there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING
from uuid import uuid4

from penstock_runtime.batching.batcher import Batcher
from penstock_runtime.errors import RequestRefused, too_large, unavailable, unsupported_media_type
from penstock_runtime.http.connection import HttpConnection
from penstock_runtime.http.exchange import TIMINGS, HttpExchange
from penstock_runtime.inference.jobs import PredictJob, PredictTiming
from penstock_runtime.messages import SCORING, EncodedResponse, RawRequest
from penstock_runtime.options import ServerOptions
from penstock_runtime.payloads.parsing import client_request_id_of_body
from penstock_runtime.v2.metadata import metadata_body
from penstock_runtime.v2.protocol import PREFIX, ModelPath, check_model_path, parse_model_path

if TYPE_CHECKING:
    from penstock_runtime.inference.requests import CheckedRequest, RequestReader
    from penstock_runtime.report import RuntimeReport

Handler = Callable[[HttpExchange], None]

IDLE_SECONDS = 120.0
SWEEPS = 4
_OK = b'{"status":"ok"}'
_SERVER = b'{"name":"penstock","version":"2","extensions":[]}'


class ModelEndpoints:
    """All connections, and the routes from a request to its response."""

    def __init__(self, options: ServerOptions, token: bytes | None = None) -> None:
        """`token`: the pod token that every request must carry; None: no token is required."""
        self.options = options
        self.token = token
        self.max_body_bytes = options.max_body_bytes
        self.connections: set[HttpConnection] = set()
        self.is_draining = False
        self.drained = asyncio.Event()
        self._reader: RequestReader | None = None
        self._batcher: Batcher | None = None
        self._report: RuntimeReport | None = None
        self._routes: dict[bytes, tuple[bytes, Handler]] = {
            b"/predict": (b"POST", self._predict),
            b"/invocations": (b"POST", self._predict),
            b"/ping": (b"GET", self._ready),
            b"/health": (b"GET", self._ready),
            b"/health/ready": (b"GET", self._ready),
            b"/health/live": (b"GET", self._live),
            b"/check": (b"GET", self._check),
            PREFIX: (b"GET", lambda exchange: exchange.respond(200, _SERVER)),
            PREFIX + b"/health/live": (b"GET", self._live),
            PREFIX + b"/health/ready": (b"GET", self._ready),
        }

    def enable_predictions(self, reader: RequestReader, batcher: Batcher, report: RuntimeReport) -> None:
        """The model is loaded: predictions are answered from now on; `report` is what is found out about it."""
        self._reader, self._batcher, self._report = reader, batcher, report

    def socket_descriptors(self) -> set[int]:
        """The descriptors of the connections."""
        socks = [connection.socket for connection in self.connections]
        return {sock.fileno() for sock in socks if sock is not None}

    def drain(self) -> None:
        """Finish what is in flight; each connection is closed after its last answer."""
        self.is_draining = True
        for connection in list(self.connections):
            if connection.is_idle:
                connection.close()
        self._check_drained()

    async def close_idle_connections(self, idle_seconds: float = IDLE_SECONDS) -> None:
        """Close connections that were idle for that long, for as long as the pod runs."""
        while True:
            await asyncio.sleep(idle_seconds / SWEEPS)
            for connection in list(self.connections):
                connection.close_if_idle(SWEEPS)

    def connection_closed(self, connection: HttpConnection) -> None:
        """A connection is gone."""
        self.connections.discard(connection)
        self._check_drained()

    def _check_drained(self) -> None:
        if self.is_draining and not self.connections:
            self.drained.set()

    def handle(self, exchange: HttpExchange) -> None:
        """Answer a request, now or when the model has."""
        route = self._route(exchange.url.partition(b"?")[0])
        if route is None:
            exchange.refuse(RequestRefused(404, "RESOURCE_DOES_NOT_EXIST", "There is nothing at this path."))
        elif exchange.method == route[0]:
            route[1](exchange)
        elif exchange.method == b"OPTIONS":
            exchange.respond(204, b"", b"Allow: %b, OPTIONS\r\n" % route[0])
        else:
            refused = RequestRefused(405, "METHOD_NOT_ALLOWED", f"Only {route[0].decode()} is allowed here.")
            exchange.refuse(refused, b"Allow: %b, OPTIONS\r\n" % route[0])

    def _route(self, path: bytes) -> tuple[bytes, Handler] | None:
        if (route := self._routes.get(path)) is not None or not path.startswith(PREFIX):
            return route
        model_path = parse_model_path(path.decode("latin-1"))
        if model_path is None:
            return None
        if model_path.rest == "/infer":
            return b"POST", partial(self._infer, model_path)
        return b"GET", partial(self._describe, model_path)

    def _live(self, exchange: HttpExchange) -> None:
        exchange.respond(200, _OK)

    def _ready(self, exchange: HttpExchange) -> None:
        if self._report is not None and not self.is_draining:
            exchange.respond(200, _OK, b"" if exchange.is_from_router else self._report.header())
        else:
            exchange.refuse(unavailable("The pod is stopping." if self.is_draining else "The model is being loaded."))

    def _check(self, exchange: HttpExchange) -> None:
        if self._report is not None:
            exchange.respond(200, self._report.body())
        else:
            exchange.refuse(unavailable("The model is being loaded."))

    def _describe(self, model_path: ModelPath, exchange: HttpExchange) -> None:
        try:
            check_model_path(model_path, self.options)
        except RequestRefused as refused:
            exchange.refuse(refused)
            return
        if model_path.rest or self._reader is None:
            self._ready(exchange)
        else:
            exchange.respond(200, metadata_body(self._reader.model.metadata, model_path, self.options.model_version))

    def _predict(self, exchange: HttpExchange) -> None:
        self._answer(exchange, SCORING)

    def _infer(self, model_path: ModelPath, exchange: HttpExchange) -> None:
        try:
            check_model_path(model_path, self.options)
        except RequestRefused as refused:
            exchange.refuse(refused)
        else:
            self._answer(exchange, exchange.url.partition(b"?")[0].decode("latin-1"))

    def _answer(self, exchange: HttpExchange, endpoint: str) -> None:
        try:
            self._submit(exchange, endpoint)
        except RequestRefused as refused:
            exchange.refuse(refused)
        except Exception as error:  # noqa: BLE001 — a payload that trips this server up gets an answer all the same
            said = {"message": f"request_id={exchange.request_id}", "exception": error}
            asyncio.get_running_loop().call_exception_handler(said)
            exchange.refuse(RequestRefused(500, "INTERNAL_ERROR", "The request could not be handled."))

    def _submit(self, exchange: HttpExchange, endpoint: str) -> None:
        if self._reader is None or self._batcher is None:
            raise unavailable("The model is being loaded.")
        raw, request = self._read(exchange, endpoint, self._reader)
        rows = request.prepared.rows
        if rows > self.options.max_request_rows:
            raise too_large(f"{rows} rows are more than the limit of {self.options.max_request_rows}.")

        timing = PredictTiming(time.perf_counter()) if TIMINGS in exchange.headers else None

        def deliver(response: EncodedResponse) -> None:
            if not exchange.is_disconnected:
                extra = b"" if timing is None else timing.header(time.perf_counter())
                exchange.respond(response.status, response.body, extra)

        if rows == 0:
            deliver(EncodedResponse(200, request.encoder.encode([])))
            return
        self._batcher.submit(
            PredictJob(exchange.request_id, request, raw, deliver, lambda: exchange.is_disconnected, timing)
        )

    def _read(self, exchange: HttpExchange, endpoint: str, reader: RequestReader) -> tuple[RawRequest, CheckedRequest]:
        if exchange.headers.get(b"content-encoding", b"identity").lower() != b"identity":
            raise unsupported_media_type("The body must not be compressed.")
        content_type = exchange.headers.get(b"content-type", b"").decode("latin-1")
        body = exchange.body[0] if len(exchange.body) == 1 else b"".join(exchange.body)
        exchange.body = []
        raw = RawRequest(endpoint, content_type, body, exchange.request_id)
        try:
            request = reader.parse(raw)
        except RequestRefused as refused:
            if refused.code == "INVALID_PARAMETER_VALUE":
                exchange.client_request_id = client_request_id_of_body(body)
            raise
        exchange.client_request_id = request.client_request_id
        if exchange.client_request_id is None and not exchange.is_from_router:
            exchange.client_request_id = str(uuid4())
        return raw, reader.check(request, raw)
