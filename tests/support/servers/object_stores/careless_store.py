"""A store that speaks some S3 and looks for an object before it writes one, as careless stores do: two may win."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs

from servers.threaded_server import ThreadedServer


class _Store(BaseHTTPRequestHandler):
    objects: dict[str, bytes]
    looked: threading.Barrier

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.headers.get("if-none-match") == "*":
            is_there = self.path in self.objects
            if not is_there:
                with suppress(threading.BrokenBarrierError):
                    self.looked.wait(1)  # until another has looked as well
            if is_there:
                self._answer(412)
                return
        self.objects[self.path] = body
        self._answer(200)

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        if query:
            prefix = parse_qs(query)["prefix"][0]
            keys = [key for key in (name.split("/", 2)[2] for name in self.objects) if key.startswith(prefix)]
            self._answer(200, "".join(f"<Key>{key}</Key>" for key in keys).encode())
            return
        found = self.objects.get(path)
        self._answer(404 if found is None else 200, found or b"")

    def do_DELETE(self) -> None:
        self.objects.pop(self.path, None)
        self._answer(204)

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the library
        pass


@contextmanager
def careless_store() -> Iterator[str]:
    """URL of a running one."""
    handler = type("Store", (_Store,), {"objects": {}, "looked": threading.Barrier(2)})
    server = ThreadedServer(handler)
    server.start()
    try:
        yield server.url
    finally:
        server.stop()
