"""Composition root: from settings to the running parts, used by production and tests alike."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from fastapi import FastAPI

from controller.api.app import Access, build_api
from controller.api.door import Door
from controller.clients.mlflow import MlflowRegistry
from controller.clients.oidc import OidcIssuer, OidcOptions
from controller.clients.registries import RegistryClients, auth_of
from controller.clients.router import RouterClient
from controller.consumers import answer_registry_access, answer_secret_values, pull_key_use, subscribe
from controller.domain.destinations import TableRoot
from controller.domain.names import PLATFORM
from controller.domain.secrets import Vault
from controller.domain.tickets import TicketSigner
from controller.following_loop import FollowLoop
from controller.handlers.files import kept_key
from controller.handlers.registries import Registries
from controller.handlers.secrets import seal_anew, vault_of
from controller.handlers.signing_in import SigningIn
from controller.handlers.tokens import admit_admin
from controller.handlers.unit import Rules
from controller.loops import ForgettingLoop, MeteringLoop, ResyncLoop, RouteLoop
from controller.nodes_loop import NodesLoop
from controller.settings import ControllerSettings
from controller.store.audit import Actor, audit
from shared.bus import Bus
from shared.clock import Clock
from shared.database import Database
from shared.filesystem.disk import DiskCheck
from shared.http import admin_app, serve
from shared.migrations import migrate
from shared.telemetry import Telemetry

log = logging.getLogger(__name__)

ANY_ADDRESS = frozenset({"0.0.0.0", "::"})  # noqa: S104  (where a socket is bound; never a host to be called by)
MIGRATIONS = Path(__file__).parents[2] / "migrations"


@dataclass(frozen=True)
class App:
    """The parts of a controller that is built and not yet running."""

    settings: ControllerSettings
    telemetry: Telemetry
    door: Door
    api: FastAPI
    routes: RouteLoop
    resync: ResyncLoop
    forgetting: ForgettingLoop
    following: FollowLoop
    nodes: NodesLoop
    metering: MeteringLoop
    disk: DiskCheck
    identity: OidcIssuer | None = None

    def background(self) -> dict[str, Coroutine[Any, Any, None]]:
        """Everything that runs beside the HTTP doors, by name."""
        return {
            "bus": self.door.bus.run(),
            "routes": self.routes.run(),
            "resync": self.resync.run(),
            "forgetting": self.forgetting.run(),
            "metering": self.metering.run(),
            "key use": pull_key_use(self.door.bus, self.door.database),
            "following": self.following.run(),
            "nodes": self.nodes.run(),
        }

    def doors(self, fd: int) -> dict[str, Coroutine[Any, Any, None]]:
        """The control plane on the listening socket `fd`, and the admin port."""
        settings = self.settings
        admin = admin_app(self.telemetry, self.is_ready, self.disk.details)
        return {
            "api": serve(self.api, settings.host, settings.port, fd),
            "admin": serve(admin, settings.admin_host, settings.admin_port),
        }

    def is_ready(self) -> bool:
        """Whether changes reach the rest of the platform now."""
        return is_ready(self.door.bus, self.disk)

    async def drain(self) -> None:
        """End what would go on for ever: followed logs."""
        self.door.stopping.set()

    async def close(self) -> None:
        """Give connections back."""
        await self.door.registries.close()
        if self.identity is not None:
            await self.identity.close()
        await self.door.data_plane.close()
        await self.door.database.close()
        self.telemetry.shutdown()


def is_ready(bus: Bus, disk: DiskCheck) -> bool:
    """Whether the bus is there, and what is changed can be written."""
    return bus.is_connected and not disk.problem()


async def build_app(settings: ControllerSettings, telemetry: Telemetry, *, clock: Clock) -> App:
    """Migrate and open the store, make the admin token known, put the parts together.

    Raises `Unavailable` naming a database that cannot be used.
    """
    await asyncio.to_thread(migrate, MIGRATIONS, settings.store_url)
    database = Database.open(settings.store_url)
    await database.check()
    url = settings.nats_url.get_secret_value()
    bus = Bus("controller", url, clock=clock, database=database, registry=telemetry.registry)
    signer = TicketSigner(kept_key(settings.home / "debug-key"))
    routes = RouteLoop(database, bus, clock, settings.routes_interval, signer.public_key)
    subscribe(bus, database, clock, routes.touch)
    registries = registries_of(settings, database, clock)
    await _seal_anew(database, registries.vault, clock)
    answer_registry_access(bus, registries)
    answer_secret_values(bus, database, registries.vault)
    door = Door(
        database=database,
        bus=bus,
        registries=registries,
        vault=registries.vault,
        data_plane=RouterClient(settings.data_plane_url, clock),
        signer=signer,
        clock=clock,
        rules=rules_of(settings),
        public_url=settings.callers_url,
        routes_changed=routes.touch,
    )
    hosts = frozenset({settings.host, *settings.allowed_hosts} - ANY_ADDRESS)
    await _admit_admin(database, settings, clock)
    identity = identity_of(settings, clock)
    disk = DiskCheck(settings.home, clock)
    access = Access(SigningIn(database, clock, identity).caller, hosts)
    return App(
        settings=settings,
        telemetry=telemetry,
        door=door,
        api=build_api(door, telemetry, access, lambda: is_ready(bus, disk)),
        disk=disk,
        routes=routes,
        resync=ResyncLoop(database, bus, clock, settings.resync_interval, routes.touch),
        forgetting=ForgettingLoop(database, clock),
        metering=MeteringLoop(database, bus, clock, settings.resync_interval),
        nodes=NodesLoop(database, bus, clock, door.rules),
        identity=identity,
        following=FollowLoop(
            database, registries, clock, settings.alias_interval, rules=door.rules, routes_changed=routes.touch
        ),
    )


def rules_of(settings: ControllerSettings) -> Rules:
    """The installation's limits."""
    own = TableRoot(PurePosixPath(settings.home.resolve() / "tables"), is_platform=True)
    roots = (own, *(TableRoot.parse(root) for root in settings.table_roots))
    return Rules(settings.max_active_versions, roots, settings.token_lifetime, settings.currency)


def registries_of(settings: ControllerSettings, database: Database, clock: Clock) -> Registries:
    """The platform's tracking server, and those that secrets describe."""
    timeout_s = settings.mlflow_timeout.total_seconds()
    password, token = (
        given.get_secret_value() if given else None for given in (settings.mlflow_password, settings.mlflow_token)
    )
    auth = auth_of(settings.mlflow_username, password, token)
    own = MlflowRegistry(settings.mlflow_url, clock, timeout_s=timeout_s, auth=auth)
    clients = RegistryClients(clock, timeout_s)
    return Registries(own, clients, database, _vault(settings), settings.allowed_registries)


def identity_of(settings: ControllerSettings, clock: Clock) -> OidcIssuer | None:
    """The identity provider, where one is configured."""
    if settings.oidc_issuer is None:
        return None
    options = OidcOptions(
        settings.oidc_issuer, settings.oidc_audience, settings.oidc_name_claim, settings.oidc_roles_claim
    )
    return OidcIssuer(options, clock)


def _vault(settings: ControllerSettings) -> Vault:
    given = bytes.fromhex(settings.secret_key.get_secret_value()) if settings.secret_key else None
    older = [bytes.fromhex(key.get_secret_value()) for key in settings.old_secret_keys]
    return vault_of(given, older, settings.home / "secret-key")


async def _seal_anew(database: Database, vault: Vault, clock: Clock) -> None:
    async with database.unit_of_work() as session:
        audit(session, Actor(PLATFORM, "seal_secrets_anew", ""), clock.now())
        sealed, lost = await seal_anew(session, vault)
    if sealed:
        log.info("sealed anew with key %s: %s", vault.first_key_id, ", ".join(sealed))
    if lost:
        log.warning("no key opens these secrets (CONTROLLER_OLD_SECRET_KEYS; or give them anew): %s", ", ".join(lost))


async def _admit_admin(database: Database, settings: ControllerSettings, clock: Clock) -> None:
    given = settings.admin_token.get_secret_value() if settings.admin_token else None
    async with database.unit_of_work() as session:
        audit(session, Actor(PLATFORM, "admit_admin", ""), clock.now())
        await admit_admin(session, given, settings.home / "admin-token", clock.now())
