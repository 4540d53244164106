"""The certificates of public authorities, parsed once in a process: every client of httpx would parse all of them anew.

That is 20 to 40 ms of the processor for each `httpx.get`, and a test asks until an answer comes.
"""

from __future__ import annotations

import os
import ssl
from functools import cache
from typing import Any

import certifi

_create = ssl.create_default_context
_of_environment = {"cafile": os.environ.get("SSL_CERT_FILE"), "capath": os.environ.get("SSL_CERT_DIR")}
PUBLIC = ({"cafile": certifi.where()}, *({name: value} for name, value in _of_environment.items() if value))
"""What httpx asks for: certifi's bundle, or the bundle that the environment of the test run names."""


@cache
def _public(kind: int) -> ssl.SSLContext:
    options: dict[str, Any] = PUBLIC[kind]
    return _create(**options)


def _shared_or_new(*arguments: Any, **options: Any) -> ssl.SSLContext:
    is_public = not arguments and options in PUBLIC
    return _public(PUBLIC.index(options)) if is_public else _create(*arguments, **options)


def parse_once() -> None:
    """From now on, whoever asks for a context with one of these bundles and nothing else gets the same one."""
    ssl.create_default_context = _shared_or_new
