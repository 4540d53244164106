"""Composition root: from settings to the running service, used by production and tests alike."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor import loops
from monitor.consumers.bulk import pull_output, pull_samples
from monitor.consumers.calls import subscribe
from monitor.packing import Packer
from monitor.settings import MonitorSettings
from monitor.store.metrics.own import OwnStore
from shared.bus import Bus
from shared.clock import Clock
from shared.database import Database
from shared.filesystem.disk import DiskCheck
from shared.http import admin_app, serve
from shared.migrations import open_migrated
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

    def background(self) -> dict[str, Coroutine[Any, Any, None]]:
        """Everything that runs beside the admin port, by name."""
        return {
            "bus": self.bus.run(),
            "samples": pull_samples(self.bus, self.database),
            "output": pull_output(self.bus, self.database),
            "packing": Packer(self.database, self.clock, self.settings).run(),
            "retention": loops.run_retention(self.database, self.clock, self.settings),
        }

    def servers(self) -> dict[str, Coroutine[Any, Any, None]]:
        """The admin port."""
        disk = DiskCheck(self.settings.home, self.clock)
        app = admin_app(self.telemetry, lambda: self.bus.is_connected and not disk.problem(), disk.details)
        return {"admin": serve(app, self.settings.admin_host, self.settings.admin_port)}

    async def close(self) -> None:
        """Give connections back."""
        await self.database.close()
        self.telemetry.shutdown()


async def build_app(settings: MonitorSettings, telemetry: Telemetry, *, clock: Clock) -> App:
    """Migrate and open the store, wire the service. Raises `Unavailable` naming an unusable database."""
    database = await open_migrated(MIGRATIONS, settings.store_url)
    bus = Bus(
        "monitor", settings.nats_url.get_secret_value(), clock=clock, database=database, registry=telemetry.registry
    )
    subscribe(bus, database, clock, OwnStore(database, settings.metrics_minutes_kept))
    return App(settings, telemetry, database, bus, clock)
