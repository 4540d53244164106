"""A tracking server that answers as a test wants: rubbish, slowly, or with models that MLflow itself would not hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from servers.threaded_server import ThreadedServer

Answer = Callable[[str, Mapping[str, str]], tuple[int, bytes]]
"""Path below `/api/2.0/mlflow` (or the whole of it) and query → status and body."""


class OddMlflow(ThreadedServer):
    """Answers every GET with `answer`."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(_Handler)
        self.answer = answer


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
