"""A tracking server that answers as a test wants: rubbish, slowly, or with models that MLflow itself would not hold."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Answer = Callable[[str, Mapping[str, str]], tuple[int, bytes]]
"""Path below `/api/2.0/mlflow` (or the whole of it) and query → status and body."""


class OddMlflow(ThreadingHTTPServer):
    """Answers every GET with `answer`."""

    daemon_threads = True

    def __init__(self, answer: Answer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self._thread = threading.Thread(target=self.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


def said(body: Any, status: int = 200) -> tuple[int, bytes]:
    """`body` as JSON."""
    return status, json.dumps(body).encode()


class _Handler(BaseHTTPRequestHandler):
    server: OddMlflow

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        status, body = self.server.answer(parts.path.removeprefix("/api/2.0/mlflow"), dict(parse_qsl(parts.query)))
        with suppress(ConnectionError):  # whoever asked has seen enough
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""
