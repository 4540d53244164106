"""What is answered on which path, from the first moment on; predictions once a model is there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING
from uuid import uuid4

from penstock_runtime.batching.batcher import Batcher
from penstock_runtime.errors import Refused, busy, too_large, unsupported
from penstock_runtime.http.connection import Connection
from penstock_runtime.http.exchange import Exchange
from penstock_runtime.inference.jobs import Job
from penstock_runtime.options import Options
from penstock_runtime.payloads.parsing import client_request_id_of
from penstock_runtime.v2.metadata import metadata_of
from penstock_runtime.v2.protocol import PREFIX, Named, check_named, read_path

if TYPE_CHECKING:
    from penstock_runtime.inference.reading import Reader, Reading
    from penstock_runtime.report import PodReport
from penstock_runtime.messages import SCORING, Asked, Outcome

Handler = Callable[[Exchange], None]

IDLE_SECONDS = 120.0
SWEEPS = 4
_OK = b'{"status":"ok"}'
_SERVER = b'{"name":"penstock","version":"2","extensions":[]}'


class Door:
    """All connections, and the way from a request to its answer."""

    def __init__(self, options: Options, token: bytes | None = None) -> None:
        """`token`: what every request has to have; None: anybody is answered."""
        self.options = options
        self.token = token
        self.max_body_bytes = options.max_body_bytes
        self.connections: set[Connection] = set()
        self.is_draining = False
        self.all_left = asyncio.Event()
        self._reader: Reader | None = None
        self._batcher: Batcher | None = None
        self._report: PodReport | None = None
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

    def open(self, reader: Reader, batcher: Batcher, report: PodReport) -> None:
        """The model is loaded: predictions are answered from now on; `report` is what is found out about it."""
        self._reader, self._batcher, self._report = reader, batcher, report

    def open_sockets(self) -> set[int]:
        """The descriptors of the connections."""
        socks = [connection.socket for connection in self.connections]
        return {sock.fileno() for sock in socks if sock is not None}

    def drain(self) -> None:
        """Finish what is in flight; each connection is closed after its last answer."""
        self.is_draining = True
        for connection in list(self.connections):
            if connection.is_idle:
                connection.close()
        self._look_whether_all_left()

    async def sweep(self, idle_seconds: float = IDLE_SECONDS) -> None:
        """Close connections that nobody has used for that long, for as long as the pod lives."""
        while True:
            await asyncio.sleep(idle_seconds / SWEEPS)
            for connection in list(self.connections):
                connection.sweep(SWEEPS)

    def left(self, connection: Connection) -> None:
        """A connection is gone."""
        self.connections.discard(connection)
        self._look_whether_all_left()

    def _look_whether_all_left(self) -> None:
        if self.is_draining and not self.connections:
            self.all_left.set()

    def handle(self, exchange: Exchange) -> None:
        """Answer a request, now or when the model has."""
        route = self._route(exchange.url.partition(b"?")[0])
        if route is None:
            exchange.refuse(Refused(404, "RESOURCE_DOES_NOT_EXIST", "There is nothing at this path."))
        elif exchange.method == route[0]:
            route[1](exchange)
        elif exchange.method == b"OPTIONS":
            exchange.respond(204, b"", b"Allow: %b, OPTIONS\r\n" % route[0])
        else:
            refused = Refused(405, "METHOD_NOT_ALLOWED", f"Only {route[0].decode()} is allowed here.")
            exchange.refuse(refused, b"Allow: %b, OPTIONS\r\n" % route[0])

    def _route(self, path: bytes) -> tuple[bytes, Handler] | None:
        if (route := self._routes.get(path)) is not None or not path.startswith(PREFIX):
            return route
        named = read_path(path.decode("latin-1"))
        if named is None:
            return None
        if named.rest == "/infer":
            return b"POST", partial(self._infer, named)
        return b"GET", partial(self._describe, named)

    def _live(self, exchange: Exchange) -> None:
        exchange.respond(200, _OK)

    def _ready(self, exchange: Exchange) -> None:
        if self._report is not None and not self.is_draining:
            exchange.respond(200, _OK, b"" if exchange.is_from_router else self._report.header())
        else:
            exchange.refuse(busy("The pod is stopping." if self.is_draining else "The model is being loaded."))

    def _check(self, exchange: Exchange) -> None:
        if self._report is not None:
            exchange.respond(200, self._report.body())
        else:
            exchange.refuse(busy("The model is being loaded."))

    def _describe(self, named: Named, exchange: Exchange) -> None:
        try:
            check_named(named, self.options)
        except Refused as refused:
            exchange.refuse(refused)
            return
        if named.rest or self._reader is None:
            self._ready(exchange)
        else:
            exchange.respond(200, metadata_of(self._reader.model.metadata, named, self.options.model_version))

    def _predict(self, exchange: Exchange) -> None:
        self._answer(exchange, SCORING)

    def _infer(self, named: Named, exchange: Exchange) -> None:
        try:
            check_named(named, self.options)
        except Refused as refused:
            exchange.refuse(refused)
        else:
            self._answer(exchange, exchange.url.partition(b"?")[0].decode("latin-1"))

    def _answer(self, exchange: Exchange, form: str) -> None:
        try:
            self._submit(exchange, form)
        except Refused as refused:
            exchange.refuse(refused)
        except Exception as error:  # noqa: BLE001 — a payload that trips this server up gets an answer all the same
            said = {"message": f"request_id={exchange.request_id}", "exception": error}
            asyncio.get_running_loop().call_exception_handler(said)
            exchange.refuse(Refused(500, "INTERNAL_ERROR", "The request could not be handled."))

    def _submit(self, exchange: Exchange, form: str) -> None:
        if self._reader is None or self._batcher is None:
            raise busy("The model is being loaded.")
        asked, reading = self._read(exchange, form, self._reader)
        rows = reading.prepared.rows
        if rows > self.options.max_request_rows:
            raise too_large(f"{rows} rows are more than the limit of {self.options.max_request_rows}.")

        def deliver(outcome: Outcome) -> None:
            if not exchange.is_gone:
                exchange.respond(outcome.status, outcome.body)

        if rows == 0:
            deliver(Outcome(200, reading.dialect.answer([])))
            return
        self._batcher.submit(Job(exchange.request_id, reading, asked, deliver, lambda: exchange.is_gone))

    def _read(self, exchange: Exchange, form: str, reader: Reader) -> tuple[Asked, Reading]:
        if exchange.headers.get(b"content-encoding", b"identity").lower() != b"identity":
            raise unsupported("The body must not be compressed.")
        content_type = exchange.headers.get(b"content-type", b"").decode("latin-1")
        body = exchange.body[0] if len(exchange.body) == 1 else b"".join(exchange.body)
        exchange.body = []
        asked = Asked(form, content_type, body, exchange.request_id)
        try:
            request = reader.parse(asked)
        except Refused as refused:
            if refused.code == "INVALID_PARAMETER_VALUE":
                exchange.client_request_id = client_request_id_of(body)
            raise
        exchange.client_request_id = request.client_request_id
        if exchange.client_request_id is None and not exchange.is_from_router:
            exchange.client_request_id = str(uuid4())
        return asked, reader.check(request, asked)
