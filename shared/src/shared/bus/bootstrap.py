"""Creates and updates streams, buckets and durables as `topology` declares them; deletes nothing.

Streams and buckets belong to one service (`topology.STREAM_OWNER`), a durable to the service that reads it; no other
NATS user may touch them. Idempotent. Every service runs it at start and every few seconds from its watchdog, so that a
stream or durable that was deleted, or a server whose data was wiped, is created anew automatically.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig, KeyValueConfig, StreamConfig
from nats.js.errors import BadRequestError, NotFoundError

from shared.bus.topology import BUCKETS, DURABLES, STREAMS, Durable

log = logging.getLogger("penstock.bus.bootstrap")

_STREAM_FIELDS = ("subjects", "max_age", "max_bytes", "discard", "duplicate_window", "num_replicas", "allow_direct")
_CONSUMER_FIELDS = ("filter_subjects", "ack_wait", "max_deliver", "max_ack_pending")


async def ensure_topology(
    js: JetStreamContext, durables: Iterable[Durable] = DURABLES, *, owns_streams: bool = True, replicas: int = 1
) -> list[str]:
    """Create or update `durables`, and streams and buckets when they are ours; returns what was changed, in words.

    `replicas`: servers that keep each stream and bucket; a durable is kept by as many as its stream.
    Raises `NotFoundError` for a durable whose stream its owner has not made yet.
    """
    changed = await _ensure_streams(js, replicas) if owns_streams else []
    changed += [change for durable in durables if (change := await _ensure_durable(js, durable))]
    if changed:
        log.info("bus: %s", ", ".join(changed))
    return changed


async def _ensure_streams(js: JetStreamContext, replicas: int) -> list[str]:
    changed = [change for stream in STREAMS if (change := await _ensure_stream(js, stream.config(replicas)))]
    buckets = [bucket.evolve(replicas=replicas) for bucket in BUCKETS]
    return changed + [change for bucket in buckets if (change := await _ensure_bucket(js, bucket))]


async def _ensure_stream(js: JetStreamContext, wanted: StreamConfig) -> str | None:
    assert wanted.name
    try:
        found = (await js.stream_info(wanted.name)).config
    except NotFoundError:
        try:
            await js.add_stream(wanted)
        except BadRequestError:
            return None  # a process of this service that is just ending made it; the next pass compares it
        return f"stream {wanted.name} created"
    if not differs(found, wanted, _STREAM_FIELDS):
        return None
    await js.update_stream(wanted)
    return f"stream {wanted.name} updated"


async def _ensure_bucket(js: JetStreamContext, wanted: KeyValueConfig) -> str | None:
    try:
        found = (await js.stream_info(f"KV_{wanted.bucket}")).config
    except NotFoundError:
        await js.create_key_value(wanted)
        return f"bucket {wanted.bucket} created"
    limits = {
        "max_age": wanted.ttl or 0,
        "max_bytes": wanted.max_bytes,
        "max_msgs_per_subject": wanted.history,
        "num_replicas": wanted.replicas,
    }
    if all(getattr(found, name) == value for name, value in limits.items()):
        return None
    await js.update_stream(found.evolve(**limits))
    return f"bucket {wanted.bucket} updated"


async def _ensure_durable(js: JetStreamContext, durable: Durable) -> str | None:
    wanted = durable.config()
    try:
        found = (await js.consumer_info(durable.stream, durable.name)).config
    except NotFoundError:
        await js.add_consumer(durable.stream, wanted)
        return f"durable {durable.name} created"
    # A changed configuration for a durable that exists is ignored when subscribing, so it is compared here.
    if not differs(found, wanted, _CONSUMER_FIELDS):
        return None
    await js.add_consumer(durable.stream, wanted)
    return f"durable {durable.name} updated"


def differs(found: StreamConfig | ConsumerConfig, wanted: StreamConfig | ConsumerConfig, fields: Iterable[str]) -> bool:
    """Whether any of `fields` is not as wanted."""
    return any(getattr(found, name) != getattr(wanted, name) for name in fields)
