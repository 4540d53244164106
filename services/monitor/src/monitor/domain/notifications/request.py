"""What goes over HTTP to a channel, and what comes back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class HttpRequest:
    """A POST; the URL may hold a key or a signature and is shown nowhere."""

    url: str = field(repr=False)
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Answer:
    """What the receiver said; `body` may be cut, names of `headers` are lower case."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def fields(self) -> Mapping[str, Any]:
        """The body where it is a JSON object, else nothing."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


def as_json(value: Any) -> bytes:
    """UTF-8, not escaped: limits are counted in bytes, and Chinese takes three instead of six. Takes any text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def json_request(url: str, value: Any, headers: Mapping[str, str] | None = None) -> HttpRequest:
    """A POST of JSON."""
    return HttpRequest(url, as_json(value), {"content-type": "application/json; charset=utf-8", **(headers or {})})
