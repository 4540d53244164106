"""Composition root: from settings to the running service, used by production and tests alike."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inference_logger import loops
from inference_logger.consumers.calls import (
    serve_destinations,
    serve_erasures,
    serve_metric_tables,
    serve_signatures,
    subscribe,
)
from inference_logger.consumers.controller import ControllerOverBus
from inference_logger.consumers.labels import serve_handed_labels, serve_label_sources, serve_labels
from inference_logger.consumers.requests import CommitPolicy, RequestSink
from inference_logger.consumers.waiting import WaitingTableRetries
from inference_logger.domain.derivations import DerivationSchedule
from inference_logger.handlers.derived.inferences import InferenceTables
from inference_logger.handlers.erase import Erasures
from inference_logger.handlers.labels.intake import LabelIntake
from inference_logger.handlers.labels.labelled import LabelledTables
from inference_logger.handlers.maintenance import Keeping
from inference_logger.handlers.reading.accounting import LogAccounting
from inference_logger.handlers.reading.reader import QueryLimits, TableReader
from inference_logger.handlers.replicas.ownership import SoleOwner
from inference_logger.handlers.replicas.replica import Replica
from inference_logger.handlers.sources.reading import SourceLimits, SourceReader
from inference_logger.handlers.sources.schedule import LabelSources
from inference_logger.handlers.stores import DerivationWakeups, Stores
from inference_logger.metrics import DestinationMetrics, LogMetrics, ReplicaMetrics, SourceMetrics, TableMetrics
from inference_logger.settings import InferenceLoggerSettings
from inference_logger.store.delta.payload import PayloadTables
from inference_logger.store.delta.writer import TableWriter
from inference_logger.store.derived.runner import DerivationRunner
from inference_logger.store.derived.tables import derive_next
from inference_logger.store.destinations.registry import DestinationRegistry
from inference_logger.store.labels.labelled import derive_labelled
from inference_logger.store.parking import ParkingArea
from inference_logger.store.replicas.members import load_assignment
from inference_logger.store.replicas.sessions import bound_sessions
from inference_logger.store.storage import Storages
from shared.bus import Bus
from shared.bus.status import StatusReporter
from shared.clock import Clock
from shared.contracts.inference_tables.erasures import ErasureTerms
from shared.database import Database
from shared.errors import PenstockError, Unavailable
from shared.filesystem.disk import DiskCheck
from shared.http import admin_app, serve
from shared.migrations import open_migrated
from shared.storage.destinations import DestinationDefinitions
from shared.telemetry import Telemetry

MIGRATIONS = Path(__file__).parents[2] / "migrations"


@dataclass(frozen=True)
class App:
    """An inference-logger that is built and not yet running."""

    settings: InferenceLoggerSettings
    telemetry: Telemetry
    database: Database
    bus: Bus
    sink: RequestSink
    inferences: InferenceTables
    labelled: LabelledTables
    sources: LabelSources
    destinations: DestinationRegistry
    erasures: Erasures
    clock: Clock
    reader: TableReader
    accounting: LogAccounting

    def background(self) -> dict[str, Coroutine[Any, Any, None]]:
        """Everything that runs beside the admin port, by name."""
        settings, stores = self.settings, self.sink.stores
        kept = Keeping(
            settings.files_kept, settings.rows_kept, settings.commits_kept, settings.object_store_commits_kept
        )
        return {
            "bus": self.bus.run(),
            "replica": stores.ownership.run(),
            "sink": self.sink.run(),
            "destinations": self.destinations.run(),
            "tidy": loops.run_compaction(stores, self.clock, settings.tidy_interval, kept),
            "merges": loops.run_merges(stores, self.clock, settings.merge_interval),
            "erasures": loops.run_erasures(self.erasures, self.clock),
            "inferences": loops.run_derivation(self.inferences, self.clock),
            "labelled": loops.run_derivation(self.labelled, self.clock),
            "label sources": self.sources.run(),
            "removal": loops.run_removal(stores, self.clock),
            "accounting": loops.run_accounting(self.accounting, stores.ownership, self.clock),
            "purge": loops.run_purge(self.bus, stores, self.clock, settings.requests_kept),
        }

    def servers(self) -> dict[str, Coroutine[Any, Any, None]]:
        """The admin port."""
        disk, metrics = DiskCheck(self.settings.home, self.clock), self.sink.stores.metrics
        app = admin_app(
            self.telemetry,
            lambda: self.bus.is_connected and not disk.problem(),
            lambda: metrics.details() | self.destinations.details() | disk.details(),
        )
        return {"admin": serve(app, self.settings.admin_host, self.settings.admin_port)}

    async def close(self) -> None:
        """Give connections back."""
        self.destinations.close()
        await self.database.close()
        self.telemetry.shutdown()


async def build_app(settings: InferenceLoggerSettings, telemetry: Telemetry, *, clock: Clock) -> App:
    """Migrate and open the store, wire the service. Raises `Unavailable` naming an unusable database."""
    database = await open_migrated(MIGRATIONS, settings.store_url)
    bus = Bus(
        "inference-logger",
        settings.nats_url.get_secret_value(),
        clock=clock,
        database=database,
        registry=telemetry.registry,
        status=StatusReporter(settings.process_name, clock.now(), database=database),
    )
    controller = ControllerOverBus(bus)
    definitions = DestinationDefinitions(controller, clock)
    destinations = DestinationRegistry(definitions, clock, DestinationMetrics(telemetry.registry))
    reader = TableReader(database, destinations, _query_limits(settings))
    accounting = LogAccounting(database, reader, LogMetrics(telemetry.registry))
    subscribe(bus, database, reader, accounting)
    serve_signatures(bus, database)
    serve_metric_tables(bus, database, clock)
    serve_destinations(bus, database, destinations, clock)
    try:
        ownership = await _ownership(settings, telemetry, database, clock)
    except PenstockError:
        await database.close()
        raise
    stores = _stores(settings, telemetry, ownership, destinations, clock)
    policy = CommitPolicy(settings.commit_interval, settings.commit_bytes)
    sink = RequestSink(bus, stores, WaitingTableRetries(stores, settings.waiting_bytes), policy)
    bus.status.backlog = sink.backlog
    inferences = InferenceTables(stores, DerivationRunner(settings.derive_timeout, destinations, derive_next))
    labelled = LabelledTables(stores, DerivationRunner(settings.derive_timeout, destinations, derive_labelled))
    intake = LabelIntake(stores, bus.hold_chunks)
    serve_labels(bus, intake)
    sources = _label_sources(settings, telemetry, intake, controller)
    serve_label_sources(bus, sources)
    if isinstance(ownership, Replica):
        ownership.before = (bus.connected, destinations.settled)
        serve_handed_labels(bus, intake, settings.process_name)
    erasures = Erasures(stores, controller.erasures, settings.files_kept)
    serve_erasures(bus, erasures, terms_of(settings))
    derived = (inferences, labelled, sources)
    return App(settings, telemetry, database, bus, sink, *derived, destinations, erasures, clock, reader, accounting)


def terms_of(settings: InferenceLoggerSettings) -> ErasureTerms:
    """How long rows may outlive an erasure."""
    return ErasureTerms(
        stream_s=settings.requests_kept.total_seconds(),
        files_s=settings.files_kept.total_seconds() + settings.tidy_interval.total_seconds(),
    )


def _query_limits(settings: InferenceLoggerSettings) -> QueryLimits:
    return QueryLimits(
        at_once=settings.queries,
        within_s=settings.query_timeout.total_seconds(),
        download_within_s=settings.download_timeout.total_seconds(),
        memory_bytes=settings.query_memory,
    )


def _label_sources(
    settings: InferenceLoggerSettings, telemetry: Telemetry, intake: LabelIntake, controller: ControllerOverBus
) -> LabelSources:
    limits = SourceLimits(settings.sources_root, settings.source_bytes, settings.source_timeout.total_seconds())
    return LabelSources(SourceReader(intake, controller, limits), SourceMetrics(telemetry.registry))


def _wakeups(settings: InferenceLoggerSettings, clock: Clock) -> DerivationWakeups:
    return DerivationWakeups(DerivationSchedule(settings.derive_interval.total_seconds()), clock)


async def _ownership(
    settings: InferenceLoggerSettings, telemetry: Telemetry, database: Database, clock: Clock
) -> SoleOwner | Replica:
    """Raises `Unavailable` where it cannot share what others write."""
    async with database.read() as session:
        is_shared = await load_assignment(session) is not None
    if not settings.replica and not is_shared:
        return SoleOwner(database)
    if database.path is not None:
        raise Unavailable(
            "INFERENCE_LOGGER_REPLICA is set, but several inference-loggers need PostgreSQL: set "
            "INFERENCE_LOGGER_DATABASE_URL to postgresql+psycopg://… for all of them"
        )
    await bound_sessions(database)
    lease_s, metrics = settings.replica_lease.total_seconds(), ReplicaMetrics(telemetry.registry)
    replica = Replica(settings.process_name, database, clock, lease_s, settings.parking_root, metrics)
    await replica.join()
    return replica


def _stores(
    settings: InferenceLoggerSettings,
    telemetry: Telemetry,
    ownership: SoleOwner | Replica,
    storages: Storages,
    clock: Clock,
) -> Stores:
    tables = PayloadTables(settings.tables_root)
    tables.fence.lease = ownership
    stores = Stores(
        tables=tables,
        storages=storages,
        writer=TableWriter(tables, settings.write_timeout, storages),
        database=ownership.database,
        derivations=_wakeups(settings, clock),
        labelled=_wakeups(settings, clock),
        parking=ParkingArea(settings.parking_root, settings.parking_bytes),
        metrics=TableMetrics(telemetry.registry),
        clock=clock,
        ownership=ownership,
    )
    ownership.on_change += [stores.derivations.services_changed, stores.labelled.services_changed]
    return stores
