"""Ports of `/metrics` and `/readyz`: the same at every start, so that a scraper's configuration stays true.

A service's `<SERVICE>_ADMIN_PORT` wins; else the port of its last run, kept in `ports.json` of the home; else 9101 to
9105. One that is busy is replaced by the next free one, which is kept from then on.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from penstock.launcher.files import read_object, write_private
from penstock.launcher.home import HOST, Home, LaunchError

DEFAULTS = {
    **{"controller": 9101, "scheduler": 9102, "router": 9103, "monitor": 9104, "inference-logger": 9105},
    "inference-logger-1": 9105,  # the first of several, where the only one was
}
FURTHER = range(9106, 9600)
"""Where the next free one is looked for; further processes of a service take theirs here."""


class AdminPorts:
    """The ports of one run. Hold it for as long as the run lasts: platforms that start at once see each other's.

    A service opens its port seconds after it was reserved, and cannot take another one then.
    """

    def __init__(self, home: Home, *, defaults: Mapping[str, int] = DEFAULTS, further: Sequence[int] = FURTHER) -> None:
        self._home = home
        self._defaults, self._further = defaults, further
        self._locks = contextlib.ExitStack()

    def __enter__(self) -> AdminPorts:
        return self

    def __exit__(self, *_: object) -> None:
        self._locks.close()

    def reserve(self, names: Iterable[str], environ: Mapping[str, str]) -> dict[str, int]:
        """A port for each process; raises LaunchError for one that the environment demands and that is busy."""
        known = read_object(self._file) or {}
        taken = {name: self._configured_port(name, environ) or self._find_port(name, known.get(name)) for name in names}
        if taken != known:
            write_private(self._file, json.dumps(taken, indent=2) + "\n")
        return taken

    @property
    def _file(self) -> Path:
        return self._home.path / "ports.json"

    def _configured_port(self, name: str, environ: Mapping[str, str]) -> int | None:
        variable = f"{name.upper().replace('-', '_')}_ADMIN_PORT"
        text = environ.get(variable) or "0"
        if not text.isdecimal() or int(text) > 65535:
            raise LaunchError(f"{variable} must be a port number, not {text!r}")
        if int(text) and not self._lock_if_free(int(text)):
            raise LaunchError(f"port {text} (admin port of the {name}) is in use; free it or set {variable}")
        return int(text) or None

    def _find_port(self, name: str, known: object) -> int:
        candidates = (known, self._defaults.get(name), *self._further)
        for port in candidates:
            if isinstance(port, int) and 0 < port < 65536 and self._lock_if_free(port):
                return port
        first, last = self._further[0], self._further[-1]
        raise LaunchError(f"no free port between {first} and {last} for the admin port of the {name}")

    def _lock_if_free(self, port: int) -> bool:
        """Whether nobody listens there, and no other platform is about to."""
        lock = open_lock(port)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return False
        self._locks.callback(os.close, lock)
        if sys.platform == "linux":
            claim = self._locks.enter_context(socket.socket(socket.AF_UNIX))
            try:  # another user, or a container on this host's network, has other files but the same abstract names
                claim.bind(f"\0penstock-port-{port}")
            except OSError:
                return False
        return is_free_port(port)


def open_lock(port: int) -> int:
    """A file whose lock says: a platform of this user has this port."""
    folder = Path(tempfile.gettempdir()) / f"penstock-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return os.open(folder / str(port), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def is_free_port(port: int) -> bool:
    """Whether a service could listen there now."""
    with socket.socket() as sock, contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((HOST, port))
        sock.listen(1)
        return True
    return False
