"""A control plane of prepared answers, in a thread, for what the command line makes of them."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler
from typing import Any

from servers.threaded_server import ThreadedServer

Answers = dict[str, list[Any]]


class ScriptedApi:
    """`answers`: `GET /services/shop` → its answers, one after the other; the last one stays. `asked`: all bodies."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.asked: list[tuple[str, Any]] = []
        self._server = ThreadedServer(_handler(self))
        self.url = self._server.url

    def __enter__(self) -> ScriptedApi:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()

    def bodies(self, route: str) -> list[Any]:
        return [body for asked, body in self.asked if asked == route]

    def answer(self, route: str, body: Any) -> tuple[int, Any]:
        self.asked.append((route, body))
        known = self.answers.get(route)
        if not known:
            return 404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": f"no {route}"}
        found = known.pop(0) if len(known) > 1 else known[0]
        return found if isinstance(found, tuple) else (200, found)


def _handler(api: ScriptedApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _reply(self) -> None:
            sent = self.rfile.read(int(self.headers.get("content-length") or 0))
            route = f"{self.command} {self.path.partition('?')[0].removeprefix('/api/v1')}"
            status, answer = api.answer(route, json.loads(sent) if sent else None)
            told = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _reply

        def log_message(self, *_: object) -> None:
            """No line for each request."""

    return Handler
