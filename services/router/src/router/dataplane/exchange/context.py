"""What all requests share: routes, recorder, limits, the pool's connecting half, and counts."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from enum import Enum
from typing import Any, Protocol
from uuid import UUID

from router.dataplane.exchange.hold_queue import Held
from router.dataplane.http.head_cache import SeenHeads, SeenSecretHeads
from router.dataplane.http.refusals import Refusal
from router.dataplane.http.request_head import RequestHead
from router.dataplane.http.response_head import ResponseHead
from router.dataplane.limits import Limits
from router.dataplane.pods.connection import PodConnection
from router.domain.access.debug_tickets import DebugDoor
from router.domain.access.keys import Door
from router.domain.outcome import Outcome, Recorder
from router.domain.routes.entities import Pod, Service, Target, Version
from router.domain.routes.table import RouteTable

logger = logging.getLogger(__name__)

RECORDER_FAILED = "recorder_failed"


class Connecting(Protocol):
    """Who waits for a connection to a pod."""

    def connected(self, connection: PodConnection) -> None:
        """Here it is."""
        ...

    def connect_failed(self, pod: Pod) -> None:
        """There is none to be had."""
        ...


class Unknown(Enum):
    """What nobody knows of a request, as long as the routes have not been looked at once more."""

    KEY = "key"
    SERVICE = "service"
    """Or a version of it, named in the path."""


class Core:
    """Shared by every caller's connection; used on the event loop only."""

    def __init__(self, table: RouteTable, recorder: Recorder, limits: Limits) -> None:
        self.table = table
        self.recorder = recorder
        self.limits = limits
        self.debug = DebugDoor()
        self.is_draining = False
        self.buffered = 0
        self.in_flight = 0
        self.queued = 0
        """Requests that wait for their limit's turn."""
        self.unknown = dict.fromkeys(Unknown, 0)
        """Requests whose key or service is not known, and may be soon."""
        self.admit: Callable[[Any], Refusal | None] = lambda _: None
        """Admits an exchange once more; set by who admits."""
        self.heads: SeenHeads[RequestHead] = SeenSecretHeads()
        self.answers: SeenHeads[ResponseHead] = SeenHeads()
        self.held = Held(limits.held_requests)
        table.changed = self.held.look
        self.is_wanted: Callable[[], None] = lambda: None
        """Called when a request has begun to wait for a pod."""
        self._draw = time.time_ns() & 0x7FFFFFFF
        self._connecting: set[asyncio.Task[None]] = set()

    def draw(self) -> int:
        """A cheap pseudo-random number (a linear congruence; the low bits are left out, they alternate)."""
        self._draw = (self._draw * 1103515245 + 12345) & 0x7FFFFFFF
        return self._draw >> 8

    def current(self, version: Version) -> Version | None:
        """The version as the route table has it now: whoever waited must see what came since."""
        service = self.table.services.get(version.service)
        return service.versions.get(version.name) if service else None

    def ask_door(self, target: Target, head: RequestHead) -> UUID | Door:
        """The id of the key that was presented, if it opens the target's service; else why not."""
        digest = head.key_digest
        if digest is None:
            return Door.UNKNOWN
        return self.table.keys.check(target.service.name, digest, time.time(), target.version is not None)

    def has_room_for(self, unknown: Unknown, head: RequestHead) -> bool:
        """Whether a request with an unknown key, or for an unknown service, may wait to see whether that is new."""
        limits = self.limits
        is_small = not head.is_chunked and head.content_length <= limits.discarded_body_bytes and head.expect is None
        has_place = bool(limits.unknown_s) and self.unknown[unknown] < limits.unknown_requests
        return is_small and has_place and not self.is_draining

    def service_of(self, target: Target) -> Service | None:
        """The target's service as the route table has it now."""
        return self.table.services.get(target.service.name)

    def record(self, outcome: Outcome) -> str | None:
        """Hand an outcome to the recorder; None, or why it was dropped."""
        try:
            return self.recorder.append(outcome)
        except Exception:
            logger.exception("an outcome could not be recorded")
            return RECORDER_FAILED

    def connect(self, pod: Pod, waiter: Connecting) -> None:
        """Open a connection to a pod; the only task that a request may need."""
        task = asyncio.get_running_loop().create_task(self._connect(pod, waiter), name=f"connect {pod.name}")
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _connect(self, pod: Pod, waiter: Connecting) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self.limits.connect_timeout_s):
                _, connection = await loop.create_connection(
                    lambda: PodConnection(pod, self.answers), pod.host, pod.port
                )
        except (OSError, TimeoutError):
            pod.ejected_until = loop.time() + self.limits.ejection_s
            waiter.connect_failed(pod)
        else:
            pod.ejected_until = 0.0
            waiter.connected(connection)
