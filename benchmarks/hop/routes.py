"""What the platform would say on the bus: routes of so many services, written into the KV bucket by hand."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import TypeVar
from uuid import UUID, uuid5

import nats
from nats.aio.client import Client

from shared.bus.bootstrap import ensure_topology
from shared.contracts.routes import (
    ROUTES_BUCKET,
    Intent,
    KeyEntry,
    PodEndpoint,
    RateLimit,
    ServiceKeys,
    VersionEndpoints,
    VersionRoute,
    endpoints_key,
    intent_key,
    keys_key,
)

_SPACE = UUID(int=0x5EED)
_LIMIT = RateLimit(qps=1_000_000, burst=100_000)
Found = TypeVar("Found")


def service_name(number: int) -> str:
    """Of the service with that number."""
    return f"wine-{number:04d}"


def key_of(number: int) -> str:
    """A key that opens the service with that number."""
    return f"psk_{number:08d}.0123456789abcdef0123456789abcdef"


def service(
    number: int,
    upstream: int,
    *,
    keys: int = 1,
    key: str | None = None,
    revision: int = 1,
    versions: int = 2,
    is_logging: bool = True,
) -> Iterator[tuple[str, bytes]]:
    """Every entry of one service: `versions` versions with a pod each, the first with all the weight; `keys` keys.

    `key` stands in place of the service's first key.
    """
    name = service_name(number)
    routes = tuple(_version(name, at, revision, is_logging=is_logging) for at in range(1, versions + 1))
    intent = Intent(service_id=_id(name), service=name, revision=revision, auth_enabled=True, versions=routes)
    texts = [key or key_of(number), *(f"{key_of(number)}.{at}" for at in range(1, keys))]
    entries = tuple(KeyEntry(id=_id(f"{name}/{text}"), sha256=_hash(text)) for text in texts)
    yield keys_key(name), ServiceKeys(service=name, revision=revision, keys=entries).model_dump_json().encode()
    for route in routes:
        pod = PodEndpoint(pod=f"{name}-{route.version}-0", address=f"127.0.0.1:{upstream}")
        pods = VersionEndpoints(
            version_id=route.version_id, service=name, version=route.version, revision=revision, pods=(pod,)
        )
        yield endpoints_key(route.version_id), pods.model_dump_json().encode()
    yield intent_key(name), intent.model_dump_json().encode()


def _version(name: str, at: int, revision: int, *, is_logging: bool) -> VersionRoute:
    return VersionRoute(
        version_id=_id(f"{name}/v{at}"),
        version=f"v{at}",
        model=f"{name}/{at}",
        weight=100 if at == 1 else 0,
        log_enabled=is_logging,
        rate_limit=_LIMIT,
    )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _id(text: str) -> UUID:
    return uuid5(_SPACE, text)


def on_bus(url: str, work: Callable[[Client], Awaitable[Found]]) -> Found:
    """Do something with a connection to NATS."""

    async def connected() -> Found:
        client = await nats.connect(url, connect_timeout=5, max_reconnect_attempts=2)
        try:
            return await work(client)
        finally:
            await client.close()

    return asyncio.run(connected())


def prepare(url: str) -> None:
    """Make the bus what services expect."""
    on_bus(url, lambda client: ensure_topology(client.jetstream()))


def put(url: str, entries: Mapping[str, bytes]) -> float:
    """Write routes, in order; returns when the last one was sent (`time.monotonic`)."""

    async def write(client: Client) -> float:
        bucket = await client.jetstream().key_value(ROUTES_BUCKET)
        sent_at = time.monotonic()
        for key, value in entries.items():
            sent_at = time.monotonic()
            await bucket.put(key, value)
        return sent_at

    return on_bus(url, write)
