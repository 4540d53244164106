"""Composition root: from settings to the running parts, used by production and tests alike."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from starlette.applications import Starlette

from scheduler import consumers
from scheduler.api import build_admin
from scheduler.backend_factory import BuiltBackend, build_backend
from scheduler.backends.environments.outlook import environment_outlook
from scheduler.backends.preparation.port import Preparation
from scheduler.clients import EndpointsPublisher, routers_over
from scheduler.handlers.observations import ObservationContext
from scheduler.loops.autoscaling import run_autoscaling
from scheduler.loops.dependencies import LoopDependencies
from scheduler.loops.jobs import run_jobs
from scheduler.loops.metering import run_metering
from scheduler.loops.metrics import SchedulerMetrics
from scheduler.loops.observation import run_observation
from scheduler.loops.output import run_output
from scheduler.loops.reach import RouterReach
from scheduler.loops.reconciliation import run_reconciliation
from scheduler.loops.resync import run_resync
from scheduler.loops.retry import retry_while_unavailable
from scheduler.loops.routes import run_routes
from scheduler.loops.terminals import TerminalSessions
from scheduler.loops.usage import run_usage
from scheduler.settings import SchedulerSettings
from scheduler.store import rows
from scheduler.store.lease import Lease
from shared.bus import Bus
from shared.clock import Clock, SteadyClock
from shared.contracts.nodes import ReadyBackend
from shared.filesystem.disk import DiskCheck
from shared.http import serve
from shared.migrations import open_migrated
from shared.telemetry import Telemetry

MIGRATIONS = Path(__file__).parents[2] / "migrations"


@dataclass(frozen=True)
class App:
    """The parts of a scheduler that is built and not yet running."""

    settings: SchedulerSettings
    telemetry: Telemetry
    dependencies: LoopDependencies
    admin: Starlette
    built: BuiltBackend
    terminals: TerminalSessions
    reach: RouterReach

    def loops(self) -> dict[str, Coroutine[Any, Any, None]]:
        """Everything that runs: the admin port at once, the rest once this scheduler leads."""
        settings = self.settings
        return {"admin": serve(self.admin, settings.admin_host, settings.admin_port), "lead": self._lead()}

    async def _lead(self) -> None:
        """Wait for the lease, then work until it is lost. What only a leader may do does not begin before."""
        await self.dependencies.lease.acquire()
        await retry_while_unavailable(self._note_reached, "reading what was reached", self.dependencies.clock)
        async with asyncio.TaskGroup() as group:
            for name, loop in self._leader_loops().items():
                group.create_task(loop, name=name)

    async def _note_reached(self) -> None:
        """Before the first pod is seen: nobody's callers are taken away to ask what was known."""
        async with self.dependencies.lease.unit_of_work() as session:
            self.reach.note_reached(await rows.named_backends_with_ready_pods(session))

    def _leader_loops(self) -> dict[str, Coroutine[Any, Any, None]]:
        settings, dependencies = self.settings, self.dependencies
        return {
            "lease": dependencies.lease.run_renewal(),
            "bus": dependencies.bus.run(),
            "backend": dependencies.backend.run(),
            "observe": run_observation(dependencies),
            "reconcile": run_reconciliation(dependencies, settings.reconcile_interval.total_seconds()),
            "resync": run_resync(dependencies, settings.resync_interval.total_seconds()),
            "reach": self.reach.run(),
            "routes": run_routes(dependencies),
            "autoscale": run_autoscaling(dependencies, settings.autoscaling_interval.total_seconds()),
            "output": run_output(dependencies, settings.pod_output_rate),
            "jobs": run_jobs(dependencies, self.built.jobs),
            "meter": run_metering(dependencies, settings.metering_interval.total_seconds()),
            "terminals": self.terminals.run(),
            "usage": run_usage(dependencies, settings.usage_interval.total_seconds()),
        }

    async def close(self) -> None:
        """Give connections back. Pods stay: they are adopted by the next scheduler."""
        self.built.close()
        await self.dependencies.lease.database.close()
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
    database = await open_migrated(MIGRATIONS, settings.store_url)
    lease = Lease(database, clock, ttl_s=settings.lease_ttl.total_seconds())
    url = settings.nats_url.get_secret_value()
    bus = Bus("scheduler", url, clock=clock, database=database, registry=telemetry.registry)
    routes = EndpointsPublisher(bus, clock)
    reach = RouterReach(routers_over(bus), settings.backend, clock)
    built = build_backend(
        settings,
        bus,
        clock=clock,
        routes=routes,
        fence=lease.check,
        environ=environ,
        preparation=preparation,
        reach=reach,
    )
    dependencies = LoopDependencies(
        lease,
        built.backend,
        bus,
        routes,
        clock,
        SteadyClock(clock),
        ObservationContext(settings.node, settings.verdict_limits),
        SchedulerMetrics(telemetry.registry),
        settings.autoscaler_timing,
        token_of=built.token_of,
        follow_new_controller=settings.follow_new_controller,
    )
    bus.status.problem = partial(_problem, built, reach)
    if built.collector is not None:
        telemetry.registry.register(built.collector)
    terminals = TerminalSessions(bus, built.backend, dependencies.metrics)
    _attach_consumers(dependencies, built, terminals, reach)
    admin = _build_admin(settings, telemetry, dependencies, built)
    return App(settings, telemetry, dependencies, admin, built, terminals, reach)


def _problem(built: BuiltBackend, reach: RouterReach) -> str | None:
    """Of what runs pods, and of the way to them."""
    return "; ".join(filter(None, (built.backend.problem(), reach.problem()))) or None


def _ready(built: BuiltBackend, reach: RouterReach) -> tuple[ReadyBackend, ...]:
    """What groups may name, with what keeps pods of each from running or from callers."""
    return tuple(
        each.model_copy(update={"problem": each.problem or reach.problem(each.name)}) for each in built.ready()
    )


def _attach_consumers(
    dependencies: LoopDependencies, built: BuiltBackend, terminals: TerminalSessions, reach: RouterReach
) -> None:
    """Subscribe to the controller's events, answer calls."""
    bus, backend, lease = dependencies.bus, dependencies.backend, dependencies.lease
    consumers.consume_intent(bus, lease, dependencies.steady_clock, dependencies.reconcile_wakeup.notify)
    consumers.serve_pods(bus, lease.database, backend, dependencies.usage)
    consumers.serve_terminals(bus, lease.database, backend, terminals.open)
    consumers.serve_nodes(bus, backend, partial(_ready, built, reach))
    consumers.serve_environments(bus, partial(environment_outlook, built.environments))
    consumers.serve_jobs(bus, lease, dependencies.clock, dependencies.jobs_wakeup.notify)
    consumers.serve_runs(bus, lease.database, lambda: dependencies.open_runs is not None)


def _build_admin(
    settings: SchedulerSettings, telemetry: Telemetry, dependencies: LoopDependencies, built: BuiltBackend
) -> Starlette:
    lease, bus = dependencies.lease, dependencies.bus
    disk = DiskCheck(settings.home.resolve(), dependencies.clock)
    return build_admin(
        telemetry,
        lease.database,
        dependencies.usage,
        lambda: lease.is_held and bus.is_connected and not disk.problem(),
        confinement=built.confinement.report(),
        details=lambda: {"problem": found} if (found := disk.problem() or bus.status.problem()) else {},
    )
