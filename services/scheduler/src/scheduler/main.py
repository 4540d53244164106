"""Composition root: from settings to the running parts, used by production and tests alike."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from scheduler import consumers, loops
from scheduler.api import build_admin
from scheduler.backends.artifacts import ModelCache
from scheduler.backends.confinement.availability import Confinement
from scheduler.backends.environments.store import Environments
from scheduler.backends.limits import Limits, NotPermitted, find_limits
from scheduler.backends.mlflow_model import MlflowPreparation
from scheduler.backends.model_bounds import GIB, ModelLimits
from scheduler.backends.preparation import Preparation
from scheduler.backends.process import ProcessBackend
from scheduler.backends.tokens import PodTokens
from scheduler.backends.zygotes import Zygotes
from scheduler.clients import RouteTable, access_from, secrets_from
from scheduler.domain.requirements.sources import SourceRule, own_indexes
from scheduler.handlers.observations import Place
from scheduler.metering_loop import meter
from scheduler.settings import SchedulerSettings
from scheduler.store.lease import Lease
from shared.bus import Bus
from shared.clock import Clock, SteadyClock
from shared.database import Database
from shared.filesystem.disk import DiskCheck
from shared.http import serve
from shared.migrations import migrate
from shared.security.addresses import AddressRule
from shared.telemetry import Telemetry

log = logging.getLogger("penstock.scheduler")

MIGRATIONS = Path(__file__).parents[2] / "migrations"


@dataclass(frozen=True)
class App:
    """The parts of a scheduler that is built and not yet running."""

    settings: SchedulerSettings
    telemetry: Telemetry
    parts: loops.Parts
    admin: FastAPI
    limits: Limits | None = None

    def loops(self) -> dict[str, Coroutine[Any, Any, None]]:
        """Everything that runs: the admin port at once, the rest once this scheduler leads."""
        settings = self.settings
        return {"admin": serve(self.admin, settings.admin_host, settings.admin_port), "lead": self._lead()}

    async def _lead(self) -> None:
        """Wait for the lease, then work until it is lost. What only a leader may do does not begin before."""
        await self.parts.lease.acquire()
        async with asyncio.TaskGroup() as group:
            for name, work in self._work().items():
                group.create_task(work, name=name)

    def _work(self) -> dict[str, Coroutine[Any, Any, None]]:
        settings, parts = self.settings, self.parts
        return {
            "lease": parts.lease.keep(),
            "bus": parts.bus.run(),
            "backend": parts.backend.run(),
            "observe": loops.observe(parts),
            "reconcile": loops.reconcile(parts, settings.reconcile_interval.total_seconds()),
            "resync": loops.resync(parts, settings.resync_interval.total_seconds()),
            "routes": loops.publish_routes(parts),
            "autoscale": loops.autoscale(parts, settings.autoscaling_interval.total_seconds()),
            "output": loops.send_output(parts),
            "meter": meter(parts, settings.metering_interval.total_seconds()),
            "usage": loops.measure(parts, settings.usage_interval.total_seconds()),
        }

    async def close(self) -> None:
        """Give connections back. Pods stay: they are adopted by the next scheduler."""
        if self.limits is not None:
            self.limits.close()
        await self.parts.lease.database.close()
        self.telemetry.shutdown()


async def build_app(
    settings: SchedulerSettings,
    telemetry: Telemetry,
    *,
    clock: Clock,
    environ: Mapping[str, str],
    preparation: Preparation | None = None,
) -> App:
    """Migrate and open the store, put the parts together. Raises `Unavailable` naming an unusable database.

    `environ`: what short-lived children (uv, the fetching of models) may be told some of.
    """
    await asyncio.to_thread(migrate, MIGRATIONS, settings.store_url)
    database = Database.open(settings.store_url)
    await database.check()
    lease = Lease(database, clock, ttl_s=settings.lease_ttl.total_seconds())
    bus = Bus(
        "scheduler",
        settings.nats_url.get_secret_value(),
        clock=clock,
        database=database,
        registry=telemetry.registry,
    )
    routes = RouteTable(bus, clock)
    home = settings.home.resolve()
    limits = _limits(settings)
    confinement = settings.find_confinement()
    log.log(logging.INFO if confinement.rules else logging.WARNING, "pods and builds are %s", confinement.says)
    tokens = PodTokens(home / "pods")
    backend = ProcessBackend(
        home / "pods",
        preparation or _mlflow(settings, environ, bus, confinement),
        replace(settings.pod_options, pod_limits=limits, confinement=confinement, tokens=tokens),
        clock=clock,
        routes=routes,
        fence=lease.check,
        zygotes=_zygotes(settings, confinement),
        ask_for_secrets=secrets_from(bus),
    )
    place = Place(settings.node, settings.verdict_limits)
    steady = SteadyClock(clock)
    parts = loops.Parts(
        lease,
        backend,
        bus,
        routes,
        clock,
        steady,
        place,
        loops.Gauges(telemetry.registry),
        settings.pace,
        follow_new_controller=settings.follow_new_controller,
    )
    parts.token_of = tokens.of
    consumers.listen(bus, lease, steady, parts.changed.ring)
    consumers.answer(bus, database, backend, parts.latest)
    consumers.answer_nodes(bus, backend, settings.machine)
    consumers.answer_runs(bus, database, lambda: parts.open_runs is not None)
    disk = DiskCheck(home, clock)
    admin = build_admin(
        telemetry,
        database,
        parts.latest,
        lambda: lease.is_held and bus.is_connected and not disk.problem(),
        confinement,
        details=disk.details,
    )
    return App(settings, telemetry, parts, admin, limits)


def _limits(settings: SchedulerSettings) -> Limits | None:
    """Control groups for pods; None, and why, where there can be none."""
    if settings.limits == "off":
        return None
    try:
        return find_limits(settings.home.resolve())
    except NotPermitted as why:
        log.warning("pods are not kept to their limits: %s", why)
        return None


def _zygotes(settings: SchedulerSettings, confinement: Confinement) -> Zygotes | None:
    if not settings.warm_starts:
        return None
    folder, idle_s = settings.home.resolve() / "zygotes", settings.warm_idle.total_seconds()
    return Zygotes(folder, idle_s, only_own=confinement.rules is not None)


def _mlflow(
    settings: SchedulerSettings, environ: Mapping[str, str], bus: Bus, confinement: Confinement
) -> MlflowPreparation:
    home = settings.home.resolve()
    limits = ModelLimits(int(settings.max_model_gb * GIB), settings.max_model_files, settings.max_model_depth)
    models = ModelCache(home / "models", settings.mlflow_url, environ, access_from(bus), confinement, limits=limits)
    limit_s, rule = settings.environment_timeout.total_seconds(), _rule(settings, environ)
    environments = Environments(home / "envs", environ, limit_s=limit_s, rule=rule, confinement=confinement)
    return MlflowPreparation(models, environments)


def _rule(settings: SchedulerSettings, environ: Mapping[str, str]) -> SourceRule:
    """Where the packages of models' environments may come from."""
    return SourceRule(
        allowed=AddressRule.of(settings.allowed_indexes),
        own=own_indexes(environ),
        paths=tuple(path.resolve() for path in settings.allowed_package_paths),
        is_public_allowed=settings.public_indexes,
    )
