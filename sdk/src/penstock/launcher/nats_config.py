"""NATS for one platform: a user per service with allow-lists, made at first start.

Every service may say only what is its own to say: its facts, its half of the routes, its answers. The `subscriber`
reads events and the request log and can change nothing. A contract test holds `PRODUCES` to the event catalogue.
Core NATS has no per-message checks, so these subject lists are the whole of the bus' authorisation.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from penstock.launcher.home import Home, write_private

PRODUCES: dict[str, tuple[str, ...]] = {
    "controller": (
        "service.created", "service.updated", "service.deleted", "traffic.changed", "apikey.issued", "apikey.revoked",
        "version.created", "version.updated", "version.started", "version.stopped", "version.deleted",
        "version.rolledback",
        "node.added", "node.updated", "node.released",
    ),
    "scheduler": (
        "version.ready", "version.failed", "version.drained", "version.scaled", "version.rolloutfailed",
        "pod.scheduled", "pod.ready", "pod.checked", "pod.notready", "pod.exited", "pod.terminated", "pod.noted",
        "run.started", "run.ended",
    ),
    "router": (),
    "monitor": (),
    "inference-logger": ("table.committed", "table.blocked", "table.recovered", "table.rowsdropped"),
}  # fmt: skip
"""Service → the facts under `penstock.events.` that it alone may publish."""

ALSO_PUBLISHES: dict[str, tuple[str, ...]] = {
    "controller": ("$KV.routes.intent.>", "$KV.routes.keys.>"),
    "scheduler": ("$KV.routes.endpoints.>", "penstock.logs.v1.>", "penstock.metrics.v1.>"),
    "router": ("$KV.routers.>", "penstock.requests.v1.>", "penstock.metrics.v1.>"),
    "monitor": (),
    "inference-logger": ("$JS.API.STREAM.PURGE.REQUESTS",),
}

ALSO_HEARS: dict[str, tuple[str, ...]] = {
    "controller": ("penstock.logs.v1.>",),  # passed on, as they come, to those who follow logs
    "scheduler": ("$KV.routers.>",),
}

ONLY_ASKED_BY: dict[str, str] = {
    "penstock.rpc.controller.registry_access": "scheduler",
    "penstock.rpc.controller.secret_values": "scheduler",
}
"""Questions whose answers are credentials: nobody but this service may ask them."""

SERVICES = tuple(PRODUCES)
SUBSCRIBER = "subscriber"

JETSTREAM_OF_SERVICES = (
    "$JS.API.INFO",
    "$JS.API.STREAM.CREATE.*",
    "$JS.API.STREAM.UPDATE.*",
    "$JS.API.STREAM.INFO.*",
    "$JS.API.STREAM.NAMES",
    "$JS.API.STREAM.LIST",
    "$JS.API.STREAM.MSG.GET.*",
    "$JS.API.DIRECT.GET.>",
    "$JS.API.CONSUMER.>",
    "$JS.ACK.>",
    "$JS.FC.>",
)
"""Every service runs the same bootstrap (create, compare, update); none may delete a stream or a message."""

READABLE_STREAMS = ("EVENTS", "REQUESTS")
MAX_PAYLOAD = 8 * 1024 * 1024
MAX_STORE = 64 * 1024**3
"""Ceiling over all streams, bytes; each stream has its own, far lower."""


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
    """Its own facts, its own answers; questions to anybody; what JetStream needs."""
    facts = tuple(f"penstock.events.{fact}.*" for fact in PRODUCES[service])
    talk = ("penstock.rpc.>", "penstock.dead.>", "_INBOX.>")
    return Permissions(
        publish=(*facts, *ALSO_PUBLISHES[service], *talk, *JETSTREAM_OF_SERVICES),
        subscribe=(
            inbox_of(service),
            f"penstock.rpc.{service}.>",
            "penstock.events.>",
            "$JS.EVENT.ADVISORY.>",
            *ALSO_HEARS.get(service, ()),
        ),
        publish_deny=tuple(subject for subject, asker in ONLY_ASKED_BY.items() if service != asker),
    )


def of_subscriber(durables: Mapping[str, Sequence[str]]) -> Permissions:
    """Core subscriptions and consumers of its own on the readable streams.

    `durables` (stream → the services' durable consumers) are denied by name: creating a consumer of a name that exists
    would change it, pulling from it would take a service's messages away. The subject that creates a consumer without
    naming it is not allowed either: the server would take the name of a durable from the body. Answers to services it
    cannot hear: a denied subject is filtered out of a wider subscription too.
    """
    allowed = ["$JS.API.INFO", "$JS.API.STREAM.NAMES"]
    for stream in READABLE_STREAMS:
        allowed += [f"$JS.API.STREAM.INFO.{stream}", f"$JS.FC.{stream}.>"]
        allowed += [f"$JS.API.CONSUMER.{verb}.{stream}.>" for verb in ("CREATE", "INFO", "MSG.NEXT")]
    denied = [
        subject
        for stream in READABLE_STREAMS
        for durable in durables.get(stream, ())
        for subject in (
            f"$JS.API.CONSUMER.CREATE.{stream}.{durable}",
            f"$JS.API.CONSUMER.CREATE.{stream}.{durable}.>",
            f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}",
        )
    ]
    return Permissions(
        publish=tuple(allowed),
        subscribe=("penstock.events.>", "penstock.requests.>", "_INBOX.>"),
        publish_deny=tuple(denied),
        subscribe_deny=tuple(inbox_of(service) for service in SERVICES),
    )


DURABLES: dict[str, tuple[str, ...]] = {
    "EVENTS": ("controller-facts", "scheduler-intent", "monitor-events", "inference-logger-events"),
    "REQUESTS": (),
}
"""Durable consumers on the streams that outsiders may read; a contract test holds it to the topology."""


@dataclass(frozen=True)
class Credentials:
    """User → password. Made once; a platform keeps its passwords over restarts."""

    passwords: dict[str, str] = field(repr=False)

    @classmethod
    def load_or_make(cls, path: Path) -> Credentials:
        """Read `path`; users that it lacks get a password, and the file is written again."""
        known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        passwords = {user: known.get(user) or secrets.token_urlsafe(32) for user in (*SERVICES, SUBSCRIBER)}
        if passwords != known:
            write_private(path, json.dumps(passwords, indent=2))
        return cls(passwords)

    def url(self, user: str, address: str) -> str:
        """`nats://user:password@host:port`; passwords are URL-safe."""
        return f"nats://{user}:{self.passwords[user]}@{address}"


def render(listen: str, store: str, credentials: Credentials) -> str:
    """The server's configuration file. Values are JSON, which its grammar contains."""
    users = [
        {
            "user": user,
            "password": password,
            "permissions": (of_subscriber(DURABLES) if user == SUBSCRIBER else of_service(user)).rendered(),
        }
        for user, password in credentials.passwords.items()
    ]
    settings: dict[str, Any] = {
        "listen": listen,
        "server_name": "penstock",
        "max_payload": MAX_PAYLOAD,
        "max_pending": 4 * MAX_PAYLOAD,
        # An acknowledged message is on disk: by default it would only be there two minutes later.
        "jetstream": {"store_dir": store, "sync_interval": "always", "max_file_store": MAX_STORE},
        "authorization": {"users": users},
        "lame_duck_duration": "30s",
    }
    return "".join(f"{key}: {json.dumps(value, indent=2)}\n" for key, value in settings.items())


def write(home: Home) -> tuple[Path, Credentials]:
    """Write the configuration and the subscriber's address; returns the file and the credentials."""
    credentials = Credentials.load_or_make(home.path / "nats" / "credentials.json")
    address = f"127.0.0.1:{home.ports.nats}"
    path = home.path / "nats" / "nats.conf"
    write_private(path, render(address, str(home.path / "nats" / "store"), credentials))
    write_private(home.path / "nats-subscriber-url", credentials.url(SUBSCRIBER, address) + "\n")
    return path, credentials
