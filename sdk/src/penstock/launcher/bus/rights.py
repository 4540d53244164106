"""Who may say and hear what on the bus: an allow-list per NATS user, as small as its work needs.

A service publishes its own facts, its half of the routes, its answers; asks the questions that it has; reads the
streams and buckets that it works on, through its own durables. One service (`STREAM_OWNER`) creates and updates
streams; nobody deletes one, or another's consumer. The `subscriber` reads events, the request log and log topics, and
can change nothing. Contract tests hold the tables here to the event catalogue, the topology and the RPC methods. NATS
has no per-message checks, so these lists are the whole of the bus' authorisation but for one thing: `of_subscriber`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

PRODUCES: dict[str, tuple[str, ...]] = {
    "controller": (
        "service.created", "service.updated", "service.deleted", "traffic.changed", "apikey.issued", "apikey.revoked",
        "version.created", "version.updated", "version.started", "version.stopped", "version.deleted",
        "version.rolledback",
        "monitor.defined", "monitor.deleted",
        "version.rolledback", "version.canarystarted", "version.canarystepped", "version.canaryheld",
        "version.canarypromoted", "version.canaryrolledback", "version.canaryaborted",
        "node.added", "node.updated", "node.released",
    ),
    "scheduler": (
        "version.ready", "version.failed", "version.drained", "version.scaled", "version.rolloutfailed",
        "pod.scheduled", "pod.ready", "pod.checked", "pod.notready", "pod.exited", "pod.terminated", "pod.noted",
        "run.started", "run.ended",
    ),
    "router": (),
    "monitor": (
        "alert.raised", "alert.updated", "alert.resolved",
        "retrain.requested", "retrain.started", "retrain.ended",
    ),
    "inference-logger": (
        "table.committed", "table.blocked", "table.recovered", "table.rowsdropped", "labels.joined", "erasure.finished",
    ),
}  # fmt: skip
"""Service → the facts under `penstock.events.` that it alone may publish."""

ALSO_PUBLISHES: dict[str, tuple[str, ...]] = {
    "controller": (
        "$KV.routes.intent.>",
        "$KV.routes.keys.>",
        "penstock.chunks.v1.inference-logger.*",
        "penstock.chunks.v1.monitor.*",
        "penstock.terminals.v1.scheduler.*",
    ),
    "scheduler": (
        "$KV.routes.endpoints.>",
        "penstock.logs.v1.>",
        "penstock.metrics.v1.>",
        "penstock.terminals.v1.controller.*",
    ),
    "router": ("$KV.routers.>", "penstock.requests.v1.>", "penstock.metrics.v1.>"),
    "monitor": ("penstock.chunks.v1.controller.*",),  # asks for the next piece of training data
    "inference-logger": (
        "$JS.API.STREAM.PURGE.REQUESTS",
        "penstock.metrics.v1.>",
        "penstock.logtopics.v1.>",
        "penstock.chunks.v1.controller.*",  # labels that somebody sends to the controller
        "penstock.dead.v1.inference-logger",  # a message of REQUESTS that it cannot read
    ),
}

ALSO_HEARS: dict[str, tuple[str, ...]] = {
    # passed on, as they come, to those who follow logs, and to those who are told what changes
    "controller": (
        "penstock.logs.v1.>",
        "penstock.dead.v1.>",
        "penstock.chunks.v1.controller.*",
        "penstock.terminals.v1.controller.*",
    ),
    "scheduler": ("$KV.routers.>", "penstock.terminals.v1.scheduler.*"),
    "monitor": ("penstock.chunks.v1.monitor.*",),  # asked for the next piece of a report
    "inference-logger": ("penstock.chunks.v1.inference-logger.*",),  # asked for the next piece of a result
}

ASKS: dict[str, tuple[str, ...]] = {
    "controller": (
        "penstock.rpc.scheduler.>",
        "penstock.rpc.monitor.>",
        "penstock.rpc.inference-logger.>",
        "penstock.rpc.router.status",
        "penstock.rpc.controller.replay_dead_letter",
    ),
    "scheduler": (
        "penstock.rpc.controller.deployments",
        "penstock.rpc.controller.registry_access",
        "penstock.rpc.controller.secret_values",
        "penstock.rpc.controller.image_secret",
        "penstock.rpc.router.reach",
    ),
    "router": ("penstock.rpc.controller.masking_key",),
    "monitor": (
        "penstock.rpc.controller.monitors",
        "penstock.rpc.controller.training_data",
        "penstock.rpc.controller.destinations",
        "penstock.rpc.controller.storage_credentials",
        "penstock.rpc.inference-logger.tables",
        "penstock.rpc.inference-logger.note_metric_table",
        "penstock.rpc.controller.alerting",
        "penstock.rpc.controller.channel_credentials",
        "penstock.rpc.controller.retraining_triggers",
        "penstock.rpc.controller.retraining_access",
        "penstock.rpc.scheduler.run_job",
        "penstock.rpc.scheduler.job",
        "penstock.rpc.scheduler.cancel_job",
        "penstock.rpc.inference-logger.label_coverage",
        "penstock.rpc.inference-logger.tables",
        "penstock.rpc.inference-logger.table",
    ),
    "inference-logger": (
        "penstock.rpc.controller.destinations",
        "penstock.rpc.controller.storage_credentials",
        "penstock.rpc.controller.erasures",
        "penstock.rpc.controller.label_sources",
        "penstock.rpc.controller.label_source_access",
        "penstock.rpc.inference-logger.receive_labels.*",  # of several, one hands labels to the owner of the tables
    ),
}
"""Service → the questions that it asks. Some are answered with credentials: nobody else may ask those."""

STREAM_OWNER = "controller"
OWNED_STREAMS = ("EVENTS", "REQUESTS", "LOGTOPICS", "LOGS", "METRICS", "DEAD", "KV_routes", "KV_routers")

DURABLES: dict[str, dict[str, tuple[str, ...]]] = {
    "controller": {"EVENTS": ("controller-facts",), "METRICS": ("controller-key-use",)},
    "scheduler": {"EVENTS": ("scheduler-intent",)},
    "router": {},
    "monitor": {
        "EVENTS": ("monitor-events", "monitor-retraining"),
        "LOGS": ("monitor-logs",),
        "METRICS": ("monitor-metrics",),
    },
    "inference-logger": {"EVENTS": ("inference-logger-events",)},
}
"""Service → stream → its durable consumers."""

READS: dict[str, tuple[str, ...]] = {
    "controller": ("KV_routes",),
    "scheduler": ("KV_routes", "KV_routers"),
    "router": ("KV_routes", "KV_routers"),
    "monitor": (),
    "inference-logger": ("REQUESTS",),
}
"""Service → streams and buckets that it reads with consumers of its own, which live as long as it reads.

None of them has durables: whoever may create a consumer without naming it could change one whose name stands in the
body.
"""

SERVICES = tuple(PRODUCES)
SUBSCRIBER = "subscriber"
SUPERVISOR = "supervisor"
"""Asks the server itself how it is; a user of the system account, which has no part in the streams."""
READABLE_STREAMS = ("EVENTS", "REQUESTS", "LOGTOPICS")


@dataclass(frozen=True)
class Permissions:
    """What one user may publish to and subscribe to."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]
    publish_deny: tuple[str, ...] = ()
    subscribe_deny: tuple[str, ...] = ()

    def rendered(self) -> dict[str, Any]:
        """In nats-server's words. An empty deny list denies nothing."""
        return {
            "publish": {"allow": list(self.publish), "deny": list(self.publish_deny)},
            "subscribe": {"allow": list(self.subscribe), "deny": list(self.subscribe_deny)},
        }


def inbox_of(service: str) -> str:
    """Where answers to a service go (`shared.bus` connects with this prefix); nobody else may listen there."""
    return f"_INBOX.svc.{service}.>"


def of_service(service: str) -> Permissions:
    """Its own facts, its own answers; its questions; what JetStream needs for its streams."""
    facts = tuple(f"penstock.events.{fact}.*" for fact in PRODUCES[service])
    advisories = "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES"
    return Permissions(
        publish=(
            *facts,
            *ALSO_PUBLISHES[service],
            *ASKS.get(service, ()),
            *_answers(service),
            *_jetstream(service),
        ),
        subscribe=(
            inbox_of(service),
            f"penstock.rpc.{service}.>",
            "penstock.events.>",
            *(f"{advisories}.{stream}.{durable}" for stream, durable in _durables(service)),
            *ALSO_HEARS.get(service, ()),
        ),
    )


def _answers(service: str) -> Iterator[str]:
    """The inboxes of those who ask it something."""
    for asker, questions in ASKS.items():
        if any(question.startswith(f"penstock.rpc.{service}.") for question in questions):
            yield inbox_of(asker)


def _jetstream(service: str) -> Iterator[str]:
    yield "$JS.API.INFO"
    if service == STREAM_OWNER:
        yield from _of_owner()
    for stream in DURABLES[service]:
        yield from _reading(stream)
    if DURABLES[service]:
        yield from _reading("DEAD")
    for stream, durable in _durables(service):
        yield from _of_durable(stream, durable)
    for stream in READS[service]:
        yield from _reading(stream)
        yield from _of_own_consumers(stream)


def _durables(service: str) -> list[tuple[str, str]]:
    return [(stream, durable) for stream, durables in DURABLES[service].items() for durable in durables]


def _of_owner() -> Iterator[str]:
    for stream in OWNED_STREAMS:
        yield from (f"$JS.API.STREAM.{verb}.{stream}" for verb in ("CREATE", "UPDATE", "INFO"))


def _reading(stream: str) -> Iterator[str]:
    """What it holds: its state, single messages."""
    yield f"$JS.API.STREAM.INFO.{stream}"
    yield f"$JS.API.STREAM.MSG.GET.{stream}"
    yield from (f"$JS.API.DIRECT.GET.{stream}", f"$JS.API.DIRECT.GET.{stream}.>")


def _of_durable(stream: str, durable: str) -> Iterator[str]:
    """Create, compare, update, pull, acknowledge, and put with the dead letters what cannot be processed."""
    yield f"$JS.API.CONSUMER.DURABLE.CREATE.{stream}.{durable}"
    yield from (f"$JS.API.CONSUMER.CREATE.{stream}.{durable}", f"$JS.API.CONSUMER.CREATE.{stream}.{durable}.>")
    yield from (f"$JS.API.CONSUMER.{verb}.{stream}.{durable}" for verb in ("INFO", "MSG.NEXT"))
    yield from _acknowledging(stream, durable)
    yield f"penstock.dead.v1.{durable}"


def _of_own_consumers(stream: str) -> Iterator[str]:
    yield f"$JS.API.CONSUMER.CREATE.{stream}"
    yield from (f"$JS.API.CONSUMER.{verb}.{stream}.>" for verb in ("CREATE", "INFO", "MSG.NEXT", "DELETE"))
    yield from (*_acknowledging(stream, "*"), f"$JS.FC.{stream}.>")


def _acknowledging(stream: str, consumer: str) -> tuple[str, str]:
    """Servers of a later version put domain and account before the stream."""
    return (f"$JS.ACK.{stream}.{consumer}.>", f"$JS.ACK.*.*.{stream}.{consumer}.>")


def of_supervisor() -> Permissions:
    """How the server is, and how far its consumers are."""
    asked = ("HEALTHZ", "JSZ", "VARZ")
    return Permissions(
        publish=tuple(f"$SYS.REQ.SERVER.PING.{what}" for what in asked), subscribe=(inbox_of(SUPERVISOR),)
    )


def of_subscriber() -> Permissions:
    """Core subscriptions and consumers of its own on the readable streams.

    The services' durables are denied by name: creating a consumer of a name that exists would change it, pulling from
    it would take a service's messages away. The subject that creates a consumer without naming it is not allowed
    either: the server would take the name of a durable from the body. Answers to services it cannot hear: a denied
    subject is filtered out of a wider subscription too.

    What a list of subjects cannot forbid is a push consumer that delivers to a subject of somebody else. So what is
    delivered to a service's subject is refused there: `shared.bus.rpc` answers only requests whose reply is a
    service's inbox, `shared.bus.consumers.advisories` takes nothing that wants a reply. To subjects of streams and
    buckets nothing is delivered.
    """
    allowed = ["$JS.API.INFO", "$JS.API.STREAM.NAMES"]
    for stream in READABLE_STREAMS:
        allowed += [f"$JS.API.STREAM.INFO.{stream}", f"$JS.FC.{stream}.>"]
        allowed += [f"$JS.API.CONSUMER.{verb}.{stream}.>" for verb in ("CREATE", "INFO", "MSG.NEXT")]
    denied = [
        subject
        for service in SERVICES
        for stream, durable in _durables(service)
        if stream in READABLE_STREAMS
        for subject in (
            f"$JS.API.CONSUMER.CREATE.{stream}.{durable}",
            f"$JS.API.CONSUMER.CREATE.{stream}.{durable}.>",
            f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}",
        )
    ]
    return Permissions(
        publish=tuple(allowed),
        subscribe=("penstock.events.>", "penstock.requests.>", "penstock.logtopics.>", "_INBOX.>"),
        publish_deny=tuple(denied),
        subscribe_deny=tuple(inbox_of(service) for service in SERVICES),
    )
