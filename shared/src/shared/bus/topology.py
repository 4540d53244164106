"""What the bus consists of: streams, durable consumers, buckets. Data only; `bootstrap` makes it so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    KeyValueConfig,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)

from shared.contracts.routes import ROUTERS_BUCKET, ROUTES_BUCKET

EVENTS, REQUESTS, LOGS, METRICS, DEAD = "EVENTS", "REQUESTS", "LOGS", "METRICS", "DEAD"
LOGTOPICS = "LOGTOPICS"
GIB = 1024**3

DEAD_PREFIX = "penstock.dead.v1"
"""The consumer's name follows: what it could not process."""

STREAM_OWNER = "controller"
"""The one service whose NATS user may create and update streams and buckets."""

DUPLICATE_WINDOW = timedelta(seconds=120)
"""How long the server remembers message ids. A later retry must be marked, and found by its sink."""


@dataclass(frozen=True)
class Stream:
    """One stream and its bounds."""

    name: str
    subjects: tuple[str, ...]
    max_age: timedelta | None
    max_bytes: int
    discard: DiscardPolicy = DiscardPolicy.OLD

    def config(self, replicas: int) -> StreamConfig:
        """As the server wants it."""
        return StreamConfig(
            name=self.name,
            subjects=list(self.subjects),
            retention=RetentionPolicy.LIMITS,
            storage=StorageType.FILE,
            max_age=self.max_age.total_seconds() if self.max_age else 0,
            max_bytes=self.max_bytes,
            discard=self.discard,
            duplicate_window=DUPLICATE_WINDOW.total_seconds(),
            num_replicas=replicas,
            allow_direct=True,
        )


@dataclass(frozen=True)
class Durable:
    """One durable pull consumer and the service that it belongs to."""

    name: str
    service: str
    stream: str
    subjects: tuple[str, ...]
    ack_wait: timedelta = timedelta(seconds=3)
    """How long a message of a killed process waits for its next one; a process that lives says so while it works."""
    attempts: int = 5
    """Deliveries of a message whose handler fails for no known reason; then it is a dead letter."""
    max_deliver: int = 20
    """Deliveries of a message whose handler fails temporarily: about six minutes; then it is a dead letter."""
    max_ack_pending: int = 1
    """1 keeps the order of facts: the next one is handed out when this one is done."""

    def config(self) -> ConsumerConfig:
        """As the server wants it."""
        return ConsumerConfig(
            durable_name=self.name,
            ack_policy=AckPolicy.EXPLICIT,
            deliver_policy=DeliverPolicy.ALL,
            filter_subjects=list(self.subjects),
            ack_wait=self.ack_wait.total_seconds(),
            max_deliver=self.max_deliver,
            max_ack_pending=self.max_ack_pending,
        )


STREAMS: tuple[Stream, ...] = (
    Stream(EVENTS, ("penstock.events.>",), timedelta(days=30), 4 * GIB),
    # Nothing ages out: the logger purges what it has committed, and a full stream refuses, so that the spool keeps it.
    Stream(REQUESTS, ("penstock.requests.v1.>",), None, 16 * GIB, DiscardPolicy.NEW),
    Stream(LOGTOPICS, ("penstock.logtopics.v1.>",), timedelta(days=7), 4 * GIB),
    Stream(LOGS, ("penstock.logs.v1.>",), timedelta(days=15), 4 * GIB),
    Stream(METRICS, ("penstock.metrics.v1.>",), timedelta(hours=1), GIB),
    Stream(DEAD, ("penstock.dead.v1.>",), timedelta(days=30), GIB),
)


def _bulk(name: str, stream: str, subject: str, service: str = "monitor") -> Durable:
    """Read in batches, each of which may take a while to store; never given up on."""
    patience = timedelta(seconds=10)
    return Durable(name, service, stream, (subject,), ack_wait=patience, max_deliver=-1, max_ack_pending=2000)


def facts(*names: str) -> tuple[str, ...]:
    """`version.ready` → `penstock.events.version.ready.*` (every version of the schema)."""
    return tuple(f"penstock.events.{name}.*" for name in names)


DURABLES: tuple[Durable, ...] = (
    Durable(
        "controller-facts",
        "controller",
        EVENTS,
        facts(
            *("version.ready", "version.failed", "version.drained", "version.scaled", "version.rolloutfailed"),
            *("pod.ready", "pod.checked", "pod.notready"),
            *("run.started", "run.ended", "erasure.finished"),
        ),
    ),
    Durable(
        "scheduler-intent",
        "scheduler",
        EVENTS,
        facts(
            *("version.started", "version.stopped", "version.updated", "version.rolledback", "version.deleted"),
            *("node.added", "node.updated", "node.released"),
        ),
    ),
    Durable(
        "monitor-events",
        "monitor",
        EVENTS,
        facts(
            *("service.*", "traffic.*", "version.*", "pod.*", "monitor.*"),
            *("table.blocked", "table.recovered", "table.rowsdropped"),
            *("retrain.started", "retrain.ended"),
        ),
    ),
    Durable("monitor-retraining", "monitor", EVENTS, facts("alert.raised", "alert.updated", "service.deleted")),
    Durable(
        "inference-logger-events", "inference-logger", EVENTS, facts("service.deleted", "pod.ready", "pod.checked")
    ),
    _bulk("monitor-logs", LOGS, "penstock.logs.v1.>"),
    _bulk("monitor-metrics", METRICS, "penstock.metrics.v1.>"),
    _bulk("controller-key-use", METRICS, "penstock.metrics.v1.>", service="controller"),
)

BUCKETS: tuple[KeyValueConfig, ...] = (
    KeyValueConfig(bucket=ROUTES_BUCKET, history=1, storage=StorageType.FILE, max_bytes=GIB),
    KeyValueConfig(bucket=ROUTERS_BUCKET, history=1, storage=StorageType.FILE, ttl=30, max_bytes=GIB // 64),
)


def durable(name: str) -> Durable:
    """The durable of that name; `KeyError` for one that the topology does not know."""
    return {known.name: known for known in DURABLES}[name]


def durables_of(service: str) -> tuple[Durable, ...]:
    """What a service reads."""
    return tuple(known for known in DURABLES if known.service == service)
