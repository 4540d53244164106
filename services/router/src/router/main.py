"""Composition root: settings in, a router out."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
import time
from collections.abc import Coroutine
from functools import partial
from typing import Any

from router.api import RouterMetricsCollector
from router.clients import ReconnectingBus, RoutesBucket, SnapshotFile
from router.dataplane import DataPlane, DataPlaneLimits
from router.dataplane.client.certificate import Certificate
from router.domain.demand import Demand
from router.domain.routes.table import RouteTable
from router.domain.traffic_counters import TrafficTallies
from router.loops.heartbeat import HeartbeatLoop
from router.loops.routes import RouteSyncLoop
from router.loops.traffic import TrafficReportLoop
from router.reach import reach
from router.settings import RouterSettings
from router.shipper.process import ShipperProcess
from router.spool import SpoolState, SpoolWriter
from router.spool.counts import CountsWriter
from router.spool.files import SpoolFiles
from router.spool.sealing import BodySealer, spool_key
from shared.app import run_app
from shared.bus import Bus
from shared.bus.status import StatusReporter
from shared.clock import Clock, SystemClock
from shared.contracts.rpc.router import REACH
from shared.contracts.rpc.status import SpoolFill
from shared.errors import InvalidInput, Unavailable
from shared.http import admin_app, serve
from shared.telemetry import Telemetry

logger = logging.getLogger(__name__)

FIRST_ROUTES_S = 3.0
"""A router without a snapshot waits this long for routes before it answers 404 to everything."""

NEW_ROUTE_MARGIN_S = 0.5
"""From the issue of a key or the start of a service until the bucket has it and is read, on a busy machine."""
SPOOL_PREPARE_INTERVAL_S = 0.05
"""How often the spool checks whether it needs another file soon: one holds more records than come meanwhile."""
COUNTS_TIDY_INTERVAL_S = 5.0
SHIPPER_STOP_MARGIN_S = 1.0
"""What the shipper has at the end beside the time of its flush: for the last counts, and to close."""
REPORT_TIMEOUT_S = 0.5


class App:
    """A router, ready to run."""

    def __init__(self, settings: RouterSettings, telemetry: Telemetry, clock: Clock) -> None:
        self.settings = settings
        self.telemetry = telemetry
        self.traffic = TrafficTallies()
        self.table = RouteTable(self.traffic)
        self.spool = SpoolWriter(SpoolFiles(settings.folder / "spool"), cap_bytes=settings.spool_max_bytes)
        url, status = settings.nats_url.get_secret_value(), self._status(clock)
        self.bus = ReconnectingBus(lambda: self._connected(Bus("router", url, clock=clock, status=status)))
        self.counts = CountsWriter(settings.folder / "counts")
        self.plane = DataPlane(self.table, self.spool, _limits(settings), self.counts)
        snapshot = SnapshotFile(settings.folder / "routes.json")
        self.routes = RouteSyncLoop(settings, RoutesBucket(self.bus), self.table, snapshot, clock)
        self.shipper = ShipperProcess(clock)
        self.reporter = TrafficReportLoop(settings, self.traffic, self.table, self.bus, clock)
        demand = Demand(self.table, self.plane.context.hold_queue.count)
        self.heartbeat = HeartbeatLoop(settings, self.bus, self.table, demand, clock)
        self.plane.context.on_hold = self.heartbeat.beat_soon
        self.certificate = _certificate(settings)
        self.is_listening = False
        telemetry.registry.register(
            RouterMetricsCollector(self.traffic, self.spool.state, lambda: self.routes.is_current)
        )

    async def run(self, listening: socket.socket | None = None) -> int:
        """Serve until SIGTERM; returns the exit status. Raises Unavailable where the spool or port is taken."""
        self.spool.open()
        self.spool.sealer = BodySealer(spool_key(self.settings.folder))
        self.counts.open()
        try:
            has_routes = self.routes.restore()
            listening = listening or _listen(self.settings.host, self.settings.port)
            gc.collect()
            gc.freeze()  # objects made at start-up stay for good: no collection needs to visit them again
            loops = self._loops(listening, has_routes=has_routes)
            return await run_app(loops, drain=self._drain(), drain_timeout_s=self._longest_drain_s + 1.0)
        finally:
            self.counts.close()
            self.spool.close()

    def _connected(self, bus: Bus) -> Bus:
        """With what it answers over it."""
        bus.serve_each(REACH, partial(reach, f"router-{self.settings.id}"))
        return bus

    def _status(self, clock: Clock) -> StatusReporter:
        return StatusReporter(f"router-{self.settings.id}", clock.now(), spool=lambda: spool_fill(self.spool.state()))

    @property
    def is_ready(self) -> bool:
        """It accepts clients and has routes, from the bus or the snapshot."""
        return self.is_listening and (self.routes.synced.is_set() or bool(self.table.services))

    def _loops(self, listening: socket.socket, *, has_routes: bool) -> dict[str, Coroutine[Any, Any, None]]:
        admin = admin_app(self.telemetry, lambda: self.is_ready)
        return {
            "bus": self.bus.run(),
            "routes": self.routes.run(),
            "data plane": self._serve(listening, has_routes=has_routes),
            "spool": self._keep_spool_ready(),
            "counts": self._keep_counts_tidy(),
            "shipper": self.shipper.run(),
            "samples": self.reporter.run(),
            "heartbeat": self.heartbeat.run(),
            "admin": serve(admin, self.settings.admin_host, self.settings.admin_port),
        }

    async def _serve(self, listening: socket.socket, *, has_routes: bool) -> None:
        if not has_routes:
            try:
                async with asyncio.timeout(FIRST_ROUTES_S):
                    await self.routes.synced.wait()
            except TimeoutError:
                logger.warning("no routes yet: neither a snapshot nor the bus")
        await self.plane.listen(listening, self.certificate)
        self.is_listening = True
        logger.info("data plane on %s:%s", *listening.getsockname()[:2])
        await self.plane.sweep()

    async def _keep_spool_ready(self) -> None:
        while True:
            self.spool.prepare()
            await asyncio.sleep(SPOOL_PREPARE_INTERVAL_S)

    async def _keep_counts_tidy(self) -> None:
        while True:
            await asyncio.sleep(COUNTS_TIDY_INTERVAL_S)
            self.counts.tidy(time.time_ns())

    @property
    def _longest_drain_s(self) -> float:
        settings = self.settings
        given = settings.drain_timeout + settings.flush_timeout
        return given.total_seconds() + SHIPPER_STOP_MARGIN_S + REPORT_TIMEOUT_S

    async def _drain(self) -> None:
        self.is_listening = False
        await self.plane.drain(self.settings.drain_timeout.total_seconds())
        await self.shipper.stop(self.settings.flush_timeout.total_seconds() + SHIPPER_STOP_MARGIN_S)
        try:
            await asyncio.wait_for(self.reporter.report_once(), REPORT_TIMEOUT_S)
        except TimeoutError:
            logger.info("the last traffic sample could not be sent")


def build_app(settings: RouterSettings, telemetry: Telemetry, *, clock: Clock | None = None) -> App:
    """Put a router together; nothing is opened yet."""
    return App(settings, telemetry, clock or SystemClock())


def spool_fill(state: SpoolState) -> SpoolFill:
    """The spool as the platform shows it."""
    return SpoolFill(bytes=state.bytes_used, max_bytes=state.bytes_cap, oldest_age_s=state.oldest_age_s)


def _limits(settings: RouterSettings) -> DataPlaneLimits:
    return DataPlaneLimits(
        header_timeout_s=settings.header_timeout.total_seconds(),
        body_timeout_s=settings.body_timeout.total_seconds(),
        connect_timeout_s=settings.connect_timeout.total_seconds(),
        ejection_s=settings.ejection.total_seconds(),
        held_requests=settings.max_held_requests,
        base_domain=settings.base_domain.encode(),
        unknown_s=settings.routes_poll.total_seconds() + NEW_ROUTE_MARGIN_S,
        buffered_bytes=settings.max_buffered_bytes,
    )


def _certificate(settings: RouterSettings) -> Certificate | None:
    if settings.tls_certificate is None and settings.tls_key is None:
        return None
    if settings.tls_certificate is None or settings.tls_key is None:
        raise InvalidInput("ROUTER_TLS_CERTIFICATE and ROUTER_TLS_KEY go together; one of them is missing")
    return Certificate(settings.tls_certificate, settings.tls_key)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise Unavailable(f"the data plane's address {host}:{port} cannot be used: {error.strerror}") from error
