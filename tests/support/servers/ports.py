"""Ports for servers that a test starts, and perhaps kills and starts again on the same one.

Below those that the kernel gives to outgoing connections (`ip_local_port_range`): a connection of anybody's could take
a port that is free only while its server is away.
"""

from __future__ import annotations

import random
import socket
from contextlib import suppress

FIRST, LAST = 12_000, 32_000

_chance = random.SystemRandom()
_given: set[int] = set()


def free_port() -> int:
    """A port that nobody listens on, given once; by chance, since other processes of tests ask at the same time."""
    while True:
        port = _chance.randrange(FIRST, LAST)
        if port not in _given:
            with suppress(OSError), socket.create_server(("127.0.0.1", port)):
                _given.add(port)
                return port
