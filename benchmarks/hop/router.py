"""The router alone, as a process, beside a NATS of its own: everything on that a request of a platform meets."""

from __future__ import annotations

import shutil
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import httpx

from benchmarks.children import ChildProcess, free_port
from benchmarks.hop import routes
from benchmarks.hop.cores import Cores
from benchmarks.hop.measure import request
from benchmarks.http_client import is_answering
from benchmarks.load import Request

_ROUTES_WITHIN_S = 90
"""A router that missed routes at its start lists them again after a minute."""


class Router:
    """A context manager: NATS and the router live inside it, what they stored goes with it."""

    def __init__(self, folder: Path, cores: Cores) -> None:
        self.folder = folder
        self.cores = cores
        self.port = free_port()
        self.admin_port = free_port()
        self.nats_port = free_port()
        self.bus: ChildProcess | None = None
        self.child: ChildProcess | None = None

    def __enter__(self) -> Router:
        shutil.rmtree(self.folder, ignore_errors=True)
        try:
            self._start_bus()
            routes.prepare(self.nats_url)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def nats_url(self) -> str:
        """Of the bus."""
        return f"nats://127.0.0.1:{self.nats_port}"

    @property
    def pid(self) -> int:
        """Of the router."""
        assert self.child is not None
        return self.child.pid

    def stop(self) -> None:
        """End both, delete what they stored."""
        for child in (self.child, self.bus):
            if child is not None:
                child.stop()
        self.child = self.bus = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, entries: Mapping[str, bytes], number: int, key: str | None = None) -> Request:
        """Put the routes on the bus, start a router; returns a request to service `number`, which it has answered."""
        routes.put(self.nats_url, entries)
        environment = {
            "PENSTOCK_HOME": str(self.folder / "home"),
            "PENSTOCK_PORT": str(self.port),
            "ROUTER_PORT": str(self.port),
            "ROUTER_ADMIN_PORT": str(self.admin_port),
            "ROUTER_NATS_URL": self.nats_url,
        }
        command = [sys.executable, "-m", "router"]
        self.child = ChildProcess("router", command, self._log("router"), env=environment, core=self.cores.proxy)
        asked = request(self.port, routes.service_name(number), key or routes.key_of(number))
        self.child.wait_until(lambda: is_answering(asked), _ROUTES_WITHIN_S, f"routes of {len(entries)} entries")
        return asked

    def metrics(self) -> str:
        """What Prometheus would read; empty while it does not answer."""
        with suppress(httpx.HTTPError):
            return httpx.get(f"http://127.0.0.1:{self.admin_port}/metrics", timeout=30).text
        return ""

    def dropped(self) -> int:
        """Records that did not go into the spool, by the router's own count."""
        counts = (line for line in self.metrics().splitlines() if line.startswith("penstock_router_records_total"))
        return int(sum(float(line.rsplit(" ", 1)[1]) for line in counts if 'outcome="logged"' not in line))

    def _start_bus(self) -> None:
        self.folder.mkdir(parents=True)
        config = self.folder / "nats.conf"
        config.write_text(
            f'listen: "127.0.0.1:{self.nats_port}"\nmax_payload: 8388608\n'
            f'jetstream: {{ store_dir: "{self.folder}/nats", max_file_store: 64GB }}\n'
        )
        command: list[str | Path] = [Path(sys.executable).with_name("nats-server"), "-c", config]
        self.bus = ChildProcess("nats", command, self._log("nats"), core=self.cores.bus, niceness=10)
        self.bus.wait_until(self._is_bus_serving, 15, "serving")

    def _is_bus_serving(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.nats_port), 0.5) as connection:
            return connection.recv(4) == b"INFO"
        return False

    def _log(self, name: str) -> Path:
        return self.folder.parent / "logs" / f"hop-{name}.log"
