"""Composition root: from settings to the running parts, used by production and tests alike."""

from __future__ import annotations

import logging
from collections.abc import Coroutine
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from controller.api.app import build_api
from controller.api.dependencies import ApiDependencies
from controller.clients.oidc import OidcIssuer
from controller.clients.router import RouterClient
from controller.configuration import (
    access_of,
    identity_of,
    limits_of,
    provider_of,
    registries_of,
    terminal_limits_of,
)
from controller.consumers import events, inference_logger, monitor, router, scheduler
from controller.domain.changes import ChangeLog
from controller.domain.names import PLATFORM_ACTOR
from controller.domain.platform import KnownProcesses
from controller.domain.registries.secrets import Vault
from controller.domain.services.debug_tickets import TicketSigner
from controller.domain.services.terminals import TerminalTickets
from controller.handlers.access.authentication import Authenticator
from controller.handlers.access.first_admin import ensure_admin
from controller.handlers.canaries.preflight import PreflightReplay
from controller.handlers.inference_tables.masking_keys import reseal_masking_keys
from controller.handlers.registries.secrets import reseal_secrets
from controller.loops.bus_changes import BusChangesLoop
from controller.loops.canaries import CanaryLoop
from controller.loops.followed_aliases import AliasLoop
from controller.loops.idempotency import AnswerExpiryLoop
from controller.loops.metering import MeteringLoop
from controller.loops.nodes import NodesLoop
from controller.loops.resync import ResyncLoop
from controller.loops.retraining_results import RetrainingResultsLoop
from controller.loops.routes import RouteLoop
from controller.settings import ControllerSettings
from controller.store.audit import Actor, audit_changes
from controller.store.changes import publish_changes
from shared.bus import Bus
from shared.clock import Clock
from shared.database import Database
from shared.filesystem.disk import DiskCheck
from shared.filesystem.private_files import read_or_create_key_file
from shared.http import admin_app, serve
from shared.migrations import open_migrated
from shared.telemetry import Telemetry

log = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parents[2] / "migrations"


@dataclass(frozen=True)
class App:
    """The parts of a controller that is built and not yet running."""

    settings: ControllerSettings
    telemetry: Telemetry
    dependencies: ApiDependencies
    api: FastAPI
    routes: RouteLoop
    resync: ResyncLoop
    answer_expiry: AnswerExpiryLoop
    aliases: AliasLoop
    canaries: CanaryLoop
    nodes: NodesLoop
    metering: MeteringLoop
    bus_changes: BusChangesLoop
    results: RetrainingResultsLoop
    disk: DiskCheck
    identity: OidcIssuer | None = None

    def background(self) -> dict[str, Coroutine[Any, Any, None]]:
        """Everything that runs beside the HTTP servers, by name."""
        return {
            "bus": self.dependencies.bus.run(),
            "routes": self.routes.run(),
            "resync": self.resync.run(),
            "answer expiry": self.answer_expiry.run(),
            "metering": self.metering.run(),
            "key use": router.pull_key_use(self.dependencies.bus, self.dependencies.database),
            "aliases": self.aliases.run(),
            "canaries": self.canaries.run(),
            "nodes": self.nodes.run(),
            "changes": self.bus_changes.run(),
            "retraining results": self.results.run(),
        }

    def servers(self, fd: int) -> dict[str, Coroutine[Any, Any, None]]:
        """The control plane on the listening socket `fd`, and the admin port."""
        settings = self.settings
        admin = admin_app(self.telemetry, self.is_ready, self.disk.details)
        return {
            "api": serve(self.api, settings.host, settings.port, fd, websockets=True),
            "admin": serve(admin, settings.admin_host, settings.admin_port),
        }

    def is_ready(self) -> bool:
        """Whether changes reach the rest of the platform now."""
        return is_ready(self.dependencies.bus, self.disk)

    async def drain(self) -> None:
        """End the responses that have no end of their own: followed logs and changes."""
        self.dependencies.stopping.set()

    async def close(self) -> None:
        """Close every connection."""
        await self.dependencies.registries.close()
        if self.identity is not None:
            await self.identity.close()
        await self.dependencies.data_plane.close()
        await self.dependencies.database.close()
        self.telemetry.shutdown()


def is_ready(bus: Bus, disk: DiskCheck) -> bool:
    """Whether the bus is connected and the disk has room."""
    return bus.is_connected and not disk.problem()


async def build_app(settings: ControllerSettings, telemetry: Telemetry, *, clock: Clock) -> App:
    """Migrate and open the store, prepare what it must hold, and connect the parts; nothing runs yet.

    Raises `Unavailable` naming a database that cannot be used.
    """
    database = await open_migrated(MIGRATIONS, settings.store_url)
    url = settings.nats_url.get_secret_value()
    bus = Bus(
        "controller",
        url,
        clock=clock,
        database=database,
        registry=telemetry.registry,
        stream_replicas=settings.stream_replicas,
    )
    signer = TicketSigner(read_or_create_key_file(settings.home / "debug-key"))
    changes = _changes_of(database, clock)
    routes = RouteLoop(database, bus, clock, settings.routes_interval, signer.public_key)
    registries = registries_of(settings, database, clock)
    results = RetrainingResultsLoop(
        database,
        bus,
        registries,
        clock,
        settings.retraining_interval,
        limits=limits_of(settings),
        routes_changed=routes.touch,
    )
    await _reseal_secrets(database, registries.vault, clock)
    await _ensure_admin(database, settings, clock)
    identity = identity_of(settings, clock)
    dependencies = ApiDependencies(
        database=database,
        bus=bus,
        registries=registries,
        vault=registries.vault,
        data_plane=RouterClient(settings.data_plane_url, clock),
        signer=signer,
        authenticator=Authenticator(database, clock, identity),
        clock=clock,
        limits=limits_of(settings),
        public_url=settings.callers_url,
        mlflow_url=settings.peoples_mlflow_url,
        routes_changed=routes.touch,
        registry_changed=results.touch,
        console_url=settings.console_url,
        changes=changes,
        known_processes=KnownProcesses(settings.routers, settings.inference_loggers),
        provider=provider_of(settings, identity),
        terminals=TerminalTickets(terminal_limits_of(settings)),
    )
    _serve_bus(dependencies, settings)
    return _app_of(settings, telemetry, dependencies, routes, results, identity=identity)


def _app_of(
    settings: ControllerSettings,
    telemetry: Telemetry,
    dependencies: ApiDependencies,
    routes: RouteLoop,
    results: RetrainingResultsLoop,
    *,
    identity: OidcIssuer | None,
) -> App:
    """The API and the loops, on what they share."""
    database, bus, clock = dependencies.database, dependencies.bus, dependencies.clock
    disk = DiskCheck(settings.home, clock)
    return App(
        settings=settings,
        telemetry=telemetry,
        dependencies=dependencies,
        api=build_api(dependencies, telemetry, access_of(settings), lambda: is_ready(bus, disk)),
        routes=routes,
        resync=ResyncLoop(database, bus, clock, settings.resync_interval, routes.touch),
        answer_expiry=AnswerExpiryLoop(database, clock),
        aliases=_alias_loop(settings, dependencies),
        canaries=CanaryLoop(
            database,
            bus,
            clock,
            settings.canary_interval,
            replay=PreflightReplay(database, bus, clock, dependencies.data_plane, dependencies.signer).run,
            limits=dependencies.limits,
            routes_changed=dependencies.routes_changed,
        ),
        nodes=NodesLoop(database, bus, clock, dependencies.limits),
        metering=MeteringLoop(database, bus, clock, settings.resync_interval),
        bus_changes=BusChangesLoop(database, bus, clock, dependencies.changes),
        results=results,
        disk=disk,
        identity=identity,
    )


def _changes_of(database: Database, clock: Clock) -> ChangeLog:
    """A log of changes that every unit of work tells of its own."""
    changes = ChangeLog(clock.now())
    database.on_unit_of_work.append(partial(publish_changes, log=changes))
    return changes


def _serve_bus(dependencies: ApiDependencies, settings: ControllerSettings) -> None:
    """Declare every consumer and every RPC method of this service."""
    bus, database = dependencies.bus, dependencies.database
    events.subscribe(bus, database, dependencies.clock, dependencies.routes_changed)
    scheduler.serve_deployments(bus, database)
    scheduler.serve_registry_access(bus, dependencies.registries)
    scheduler.serve_secret_values(bus, database, dependencies.vault)
    scheduler.serve_image_secrets(bus, database, dependencies.vault)
    inference_logger.serve_destinations(bus, database, dependencies.vault)
    inference_logger.serve_erasures(bus, database, dependencies.vault)
    inference_logger.serve_label_sources(bus, database, dependencies.vault, settings.allowed_databases)
    monitor.serve_monitors(bus, database, dependencies.registries, dependencies.limits)
    monitor.serve_retraining(bus, database, dependencies.vault, settings.allowed_retrainers)
    console_url = settings.console_url or f"http://127.0.0.1:{settings.port}"
    monitor.serve_alerting(bus, database, dependencies.vault, dependencies.clock, console_url)
    router.serve_masking_keys(bus, database, dependencies.vault, dependencies.clock)


def _alias_loop(settings: ControllerSettings, dependencies: ApiDependencies) -> AliasLoop:
    return AliasLoop(
        dependencies.database,
        dependencies.registries,
        dependencies.clock,
        settings.alias_interval,
        limits=dependencies.limits,
        routes_changed=dependencies.routes_changed,
    )


async def _reseal_secrets(database: Database, vault: Vault, clock: Clock) -> None:
    async with database.unit_of_work() as session:
        audit_changes(session, Actor(PLATFORM_ACTOR, "seal_secrets_anew", ""), clock.now())
        sealed, lost = await reseal_secrets(session, vault)
        lost_keys = await reseal_masking_keys(session, vault)
    if sealed:
        log.info("secrets sealed again with key %s: %s", vault.first_key_id, ", ".join(sealed))
    if lost:
        log.warning("no key opens these secrets (CONTROLLER_OLD_SECRET_KEYS; or give them anew): %s", ", ".join(lost))
    if lost_keys:
        log.warning("no key opens the keys of hashed columns of these projects: %s", ", ".join(lost_keys))


async def _ensure_admin(database: Database, settings: ControllerSettings, clock: Clock) -> None:
    given = settings.admin_token.get_secret_value() if settings.admin_token else None
    async with database.unit_of_work() as session:
        audit_changes(session, Actor(PLATFORM_ACTOR, "admit_admin", ""), clock.now())
        await ensure_admin(session, given, settings.home / "admin-token", clock.now())
