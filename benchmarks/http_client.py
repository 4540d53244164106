"""One request at a time, for checks and for polling: cheap, so that asking does not slow down what is asked."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from benchmarks.load import Request


@dataclass(frozen=True)
class Answer:
    """`status` 0: nobody answered."""

    status: int = 0
    body: bytes = b""


def post(request: Request, timeout_s: float = 10) -> Answer:
    """On a connection of its own."""
    url = urlsplit(request.url)
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=timeout_s)
    try:
        headers = {"Content-Type": "application/json", **request.headers}
        connection.request("POST", url.path, request.body, headers)
        answer = connection.getresponse()
        return Answer(answer.status, answer.read())
    except (OSError, http.client.HTTPException):
        return Answer()
    finally:
        connection.close()


def is_answering(request: Request) -> bool:
    """Whether it answers 200."""
    return post(request).status == 200


def as_json(value: Any) -> bytes:
    """As programs send it: no spaces."""
    return json.dumps(value, separators=(",", ":")).encode()
