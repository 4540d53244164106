"""Composition root: from settings to the running service, used by production and tests alike."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from monitor.clients.channels.sender import ChannelSender
from monitor.clients.peers.alerting import AlertingOverBus
from monitor.clients.peers.retraining import ControllerOverBus, LoggerOverBus
from monitor.clients.peers.rules import PeersOverBus
from monitor.clients.retraining.http import HttpSystem
from monitor.clients.retraining.jobs import JobSystem
from monitor.consumers.alerts import serve_alerts
from monitor.consumers.bulk import pull_output, pull_samples
from monitor.consumers.calls import subscribe
from monitor.consumers.canaries import serve_canaries
from monitor.consumers.retraining import subscribe_retraining
from monitor.consumers.rules import serve_rules
from monitor.domain.metrics.port import MetricStore
from monitor.handlers.alerts.delivery_loop import DeliveryLoop
from monitor.handlers.alerts.metrics import AlertMetrics
from monitor.handlers.alerts.testing import ChannelTester
from monitor.handlers.canaries.quality import CanaryQuality
from monitor.handlers.retraining.driving import RetrainingDriver
from monitor.handlers.retraining.following import RetrainingLoop
from monitor.handlers.rules.build import reports_of, rules_of
from monitor.handlers.rules.rules import QualityRules
from monitor.handlers.rules.sources import RowSources
from monitor.loops.packing import Packer
from monitor.loops.retention import run_retention
from monitor.settings import MonitorSettings
from monitor.store.metrics.own import OwnStore
from monitor.store.metrics.prometheus import PrometheusStore
from shared.bus import Bus
from shared.clock import Clock
from shared.database import Database
from shared.filesystem.disk import DiskCheck
from shared.http import admin_app, serve
from shared.migrations import open_migrated
from shared.security.addresses import AddressRule
from shared.storage.destinations import DestinationDefinitions
from shared.telemetry import Telemetry

MIGRATIONS = Path(__file__).parents[2] / "migrations"


@dataclass(frozen=True)
class App:
    """A monitor that is built and not yet running."""

    settings: MonitorSettings
    telemetry: Telemetry
    database: Database
    bus: Bus
    clock: Clock
    store: MetricStore
    deliveries: DeliveryLoop
    sender: ChannelSender
    rules: QualityRules
    retraining: RetrainingLoop

    def background(self) -> dict[str, Coroutine[Any, Any, None]]:
        """Everything that runs beside the admin port, by name."""
        return {
            "bus": self.bus.run(),
            "samples": pull_samples(self.bus, self.database),
            "output": pull_output(self.bus, self.database),
            "packing": Packer(self.database, self.clock, self.settings).run(),
            "alerts": self.deliveries.run(),
            "rules": self.rules.run(),
            "retraining": self.retraining.run(),
            "retention": run_retention(self.database, self.clock, self.settings),
        }

    def servers(self) -> dict[str, Coroutine[Any, Any, None]]:
        """The admin port."""
        disk = DiskCheck(self.settings.home, self.clock)
        app = admin_app(self.telemetry, lambda: self.bus.is_connected and not disk.problem(), disk.details)
        return {"admin": serve(app, self.settings.admin_host, self.settings.admin_port)}

    async def close(self) -> None:
        """Give connections back."""
        await self.sender.close()
        await self.store.close()
        await self.database.close()
        self.telemetry.shutdown()


async def build_app(settings: MonitorSettings, telemetry: Telemetry, *, clock: Clock) -> App:
    """Migrate and open the store, wire the service. Raises `Unavailable` naming an unusable database."""
    database = await open_migrated(MIGRATIONS, settings.store_url)
    bus = Bus(
        "monitor", settings.nats_url.get_secret_value(), clock=clock, database=database, registry=telemetry.registry
    )
    peers, store = PeersOverBus(bus), _metric_store(settings, database)
    rules = rules_of(peers, database, clock)
    subscribe(bus, database, clock, store, rules.changed)
    serve_canaries(bus, store, CanaryQuality(RowSources(peers, DestinationDefinitions(peers, clock))), clock)
    serve_rules(bus, database, rules, reports_of(rules))
    calls, sender = AlertingOverBus(bus), ChannelSender(AddressRule.of(settings.allowed_channels))
    deliveries = DeliveryLoop(database, calls, sender, clock, AlertMetrics(telemetry.registry))
    serve_alerts(bus, database, clock, ChannelTester(database, calls, sender, clock))
    retraining = _retraining(settings, bus, database, clock)
    subscribe_retraining(bus, retraining)
    return App(settings, telemetry, database, bus, clock, store, deliveries, sender, rules, retraining)


def _metric_store(settings: MonitorSettings, database: Database) -> MetricStore:
    if settings.metrics_store == "own":
        return OwnStore(database)
    url = settings.prometheus_url.get_secret_value().rstrip("/")
    return PrometheusStore(httpx.AsyncClient(trust_env=False), url)


def _retraining(settings: MonitorSettings, bus: Bus, database: Database, clock: Clock) -> RetrainingLoop:
    driver = RetrainingDriver(
        database,
        clock,
        definitions=ControllerOverBus(bus),
        surroundings=LoggerOverBus(bus),
        jobs=JobSystem(bus),
        http=HttpSystem(clock),
        poll_s=settings.retraining_interval.total_seconds(),
    )
    return RetrainingLoop(driver, settings.retrainings_kept)
