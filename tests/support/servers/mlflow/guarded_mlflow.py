"""A password in front of a tracking server: what is not let in gets no further."""

from __future__ import annotations

import base64
import threading
from http.server import BaseHTTPRequestHandler

import httpx

from servers.threaded_server import ThreadedServer

HOP_BY_HOP = ("transfer-encoding", "connection", "content-length", "content-encoding", "server", "date")


def basic(username: str, password: str) -> str:
    """Value of the `Authorization` header."""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


class GuardedMlflow(ThreadedServer):
    """Passes on what carries `authorization`; `asked` and `refused` count requests. Hangs while not `answers`."""

    def __init__(self, upstream: str, authorization: str) -> None:
        super().__init__(_Handler)
        self.authorization = authorization
        self.upstream = httpx.Client(base_url=upstream, timeout=30)
        self.asked = self.refused = 0
        self.answers = threading.Event()
        self.answers.set()

    def stop(self) -> None:
        self.answers.set()
        super().stop()
        self.upstream.close()


class _Handler(BaseHTTPRequestHandler):
    server: GuardedMlflow

    def do_GET(self) -> None:
        self.server.asked += 1
        self.server.answers.wait(60)
        if self.headers["authorization"] != self.server.authorization:
            self.server.refused += 1
            self._say(401, {}, b"You are not authenticated")
            return
        answer = self.server.upstream.get(self.path)
        self._say(answer.status_code, dict(answer.headers), answer.content)

    def _say(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name not in HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""
