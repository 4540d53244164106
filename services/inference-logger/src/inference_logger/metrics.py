"""What the inference-logger counts of its tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge

from inference_logger.domain.accounting import Account
from inference_logger.domain.waiting import WaitingTable
from shared.contracts.inference_tables.label_sources import LabelRun, LabelSource

LABELS = ("table", "location")


class TableMetrics:
    """Gauges of the tables that wait, and what `/readyz` says of them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._blocked = Gauge(
            "penstock_table_blocked", "1 while an inference table cannot be written.", LABELS, registry=registry
        )
        self._waiting_rows = Gauge(
            "penstock_table_waiting_rows", "Records that wait for a table that is blocked.", LABELS, registry=registry
        )
        self._dropped = Counter(
            "penstock_table_rows_dropped",
            "Records that a blocked table lost, by reason.",
            (*LABELS, "reason"),
            registry=registry,
        )
        self._labelled = Counter(
            "penstock_labels_joined",
            "Inferences that have got a label, by whether it is their first (added) or another one (changed).",
            ("service", "change"),
            registry=registry,
        )
        self._waiting: dict[str, tuple[WaitingTable, ...]] = {}

    @property
    def _shown(self) -> tuple[WaitingTable, ...]:
        return tuple(table for tables in self._waiting.values() for table in tables)

    def set_waiting(self, waiting: Iterable[WaitingTable], owner: str = "") -> None:
        """These tables of `owner`, who writes them, wait, and no others of it."""
        self._waiting[owner] = tuple(waiting)
        self._blocked.clear()
        self._waiting_rows.clear()
        for table in self._shown:
            labels = (table.key.name, table.location)
            self._blocked.labels(*labels).set(1)
            self._waiting_rows.labels(*labels).set(table.rows)

    def count_dropped(self, table: WaitingTable, rows: int, reason: str) -> None:
        """Records of a table were dropped."""
        self._dropped.labels(table.key.name, table.location, reason).inc(rows)

    def count_labels(self, service: str, *, added: int, changed: int) -> None:
        """Inferences of a service were joined with labels."""
        for change, count in (("added", added), ("changed", changed)):
            self._labelled.labels(service, change).inc(count)

    def details(self) -> dict[str, Any]:
        """For `/readyz`: a table that waits does not make the service unready."""
        return {
            "blocked_tables": [
                {"table": table.key.name, "location": table.location, "reason": table.reason} for table in self._shown
            ]
        }


class DestinationMetrics:
    """Gauges of destinations in object stores."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._up = Gauge(
            "penstock_destination_up", "0 while a destination of tables fails.", ("destination",), registry=registry
        )
        self._single = Gauge(
            "penstock_destination_single_writer",
            "1 where a store does not keep simultaneous commits apart.",
            ("destination",),
            registry=registry,
        )

    def show(self, destination: str, *, is_up: bool, is_single_writer: bool) -> None:
        """After a check."""
        self._up.labels(destination).set(is_up)
        self._single.labels(destination).set(is_single_writer)

    def forget(self, destination: str) -> None:
        """It is defined no more."""
        for gauge in (self._up, self._single):
            with suppress(KeyError):
                gauge.remove(destination)


class LogMetrics:
    """What of the request log is on its way, and what is missing."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._on_the_way = Gauge(
            "penstock_request_log_on_the_way",
            "Records that are not in their table yet.",
            ["service"],
            registry=registry,
        )
        self._missing = Gauge(
            "penstock_request_log_missing",
            "Records that a router had, that are in no table and not on their way: 0 unless something is wrong.",
            ["service"],
            registry=registry,
        )

    def set_accounts(self, accounts: Mapping[str, Account]) -> None:
        """Of these services, and of no others."""
        self._on_the_way.clear()
        self._missing.clear()
        for service, account in accounts.items():
            self._on_the_way.labels(service).set(account.on_the_way)
            self._missing.labels(service).set(account.missing)


class SourceMetrics:
    """What label sources have given, and which of them fail."""

    def __init__(self, registry: CollectorRegistry) -> None:
        labels = ["service", "source"]
        self._failing = Gauge(
            "penstock_label_source_failing", "1 while a label source cannot be read.", labels, registry=registry
        )
        self._runs = Counter(
            "penstock_label_source_runs", "Readings of a label source.", [*labels, "state"], registry=registry
        )
        self._rows = Counter(
            "penstock_label_source_rows", "Rows that were read of a label source.", labels, registry=registry
        )
        self._changed = Counter(
            "penstock_label_source_labels",
            "Labels that a source has brought, by whether something was known of them (corrected) or not (new).",
            [*labels, "change"],
            registry=registry,
        )

    def show(self, failing: Mapping[tuple[str, str], bool]) -> None:
        """By service and source: these there are, and no others."""
        self._failing.clear()
        for names, is_failing in failing.items():
            self._failing.labels(*names).set(is_failing)

    def count(self, source: LabelSource, run: LabelRun) -> None:
        """A source was read."""
        names = (source.service, source.name)
        self._runs.labels(*names, run.state).inc()
        self._rows.labels(*names).inc(run.rows_read)
        self._changed.labels(*names, "new").inc(run.labels_new)
        self._changed.labels(*names, "corrected").inc(run.labels_corrected)


class ReplicaMetrics:
    """Gauges of a logger that shares the tables with others."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._live = Gauge("penstock_logger_replicas", "Inference-loggers that share the tables.", registry=registry)
        self._owned = Gauge(
            "penstock_logger_tables_owned", "Inference tables that this process writes.", registry=registry
        )

    def show(self, live: int, owned: int) -> None:
        """As they are shared now."""
        self._live.set(live)
        self._owned.set(owned)
