"""The certificates of public authorities, parsed once in a process: every client of httpx would parse all of them anew.

That is 20 to 40 ms of the processor for each `httpx.get`, and a test asks until an answer comes.
"""

from __future__ import annotations

import ssl
from functools import cache
from typing import Any

import certifi

_create = ssl.create_default_context


@cache
def _public() -> ssl.SSLContext:
    return _create(cafile=certifi.where())


def _shared_or_new(*arguments: Any, **options: Any) -> ssl.SSLContext:
    is_default = not arguments and options == {"cafile": certifi.where()}
    return _public() if is_default else _create(*arguments, **options)


def parse_once() -> None:
    """From now on, whoever asks for a context with certifi's bundle and nothing else gets the same one."""
    ssl.create_default_context = _shared_or_new
