"""The listening side: accepts clients, keeps their deadlines, drains."""

from __future__ import annotations

import asyncio
import socket
from time import monotonic

from router.dataplane.client.certificate import Certificate
from router.dataplane.client.connection import ClientConnection
from router.dataplane.exchange.admission import admit
from router.dataplane.exchange.context import DataPlaneContext
from router.dataplane.limits import DataPlaneLimits
from router.domain.outcome import OutcomeCounter, OutcomeRecorder, Uncounted
from router.domain.routes.table import RouteTable

SWEEP_S = 0.1
"""Deadlines are kept to this resolution by one timer for all connections: a timer per request costs more than it."""


class DataPlane:
    """Accepts clients on one listening socket."""

    def __init__(
        self,
        table: RouteTable,
        recorder: OutcomeRecorder,
        limits: DataPlaneLimits | None = None,
        counts: OutcomeCounter | None = None,
    ) -> None:
        self.context = context = DataPlaneContext(table, recorder, limits or DataPlaneLimits(), counts or Uncounted())
        context.readmit = lambda exchange: admit(context, exchange)
        self.clients: set[ClientConnection] = set()
        self._server: asyncio.Server | None = None
        self._certificate: Certificate | None = None
        self._swept_pools_at = 0.0

    async def listen(self, listening: socket.socket, certificate: Certificate | None = None) -> None:
        """Start accepting; HTTPS with a certificate."""
        loop = asyncio.get_running_loop()
        self._certificate = certificate
        self._server = await loop.create_server(
            lambda: ClientConnection(self.context, self),
            sock=listening,
            backlog=2048,
            ssl=certificate.context if certificate is not None else None,
            ssl_handshake_timeout=self.context.limits.header_timeout_s if certificate is not None else None,
        )

    def connection_opened(self, client: ClientConnection) -> None:
        """A client has connected."""
        self.clients.add(client)

    def connection_closed(self, client: ClientConnection) -> None:
        """A client has disconnected."""
        self.clients.discard(client)

    async def sweep(self) -> None:
        """Enforce every deadline until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_S)
            now = monotonic()
            for client in [client for client in self.clients if client.deadline <= now]:
                client.expire(now)
            if now - self._swept_pools_at > 1.0:
                self._swept_pools_at = now
                self._close_idle_pod_connections(now - self.context.limits.pod_idle_s)
                if self._certificate is not None:
                    self._certificate.reload_if_changed()

    async def drain(self, timeout_s: float) -> None:
        """Stop accepting, finish requests in flight, close.

        Whoever keeps the listening socket open lets new clients queue there. A kept connection answers one more
        request, with `Connection: close`, so that a client who is just sending one is not cut off.
        """
        self.context.is_draining = True
        if self._server is not None:
            self._server.close()
        deadline = monotonic() + timeout_s
        idle_until = monotonic() + min(1.0, timeout_s / 2)
        while self.clients and (now := monotonic()) < deadline:
            if now >= idle_until:
                for client in [client for client in self.clients if client.is_idle]:
                    client.abort()
            await asyncio.sleep(0.02)
        for client in list(self.clients):
            client.abort()
        for pod in self.context.table.pods():
            pod.retire()

    def _close_idle_pod_connections(self, before: float) -> None:
        for pod in self.context.table.pods():
            stale = [idle for idle in pod.idle if idle.idle_since < before]
            for connection in stale:
                pod.idle.remove(connection)
                connection.close()
