"""State that all requests share: routes, recorder, limits, caches, queues, counts; and connecting to pods."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from enum import Enum
from typing import Any, Protocol
from uuid import UUID

from router.dataplane.exchange.hold_queue import HoldQueue
from router.dataplane.http.head_cache import HashedHeadCache, HeadCache
from router.dataplane.http.refusals import Refusal
from router.dataplane.http.request_head import RequestHead
from router.dataplane.http.response_head import ResponseHead
from router.dataplane.limits import DataPlaneLimits
from router.dataplane.pods.connection import PodConnection
from router.domain.access.debug_tickets import DebugTicketVerifier
from router.domain.access.keys import KeyRefusal
from router.domain.outcome import OutcomeCounter, OutcomeRecorder, RequestOutcome
from router.domain.routes.entities import RoutedPod, RoutedService, RoutedVersion, RouteTarget
from router.domain.routes.table import RouteTable

logger = logging.getLogger(__name__)

RECORDER_FAILED = "recorder_failed"


class ConnectListener(Protocol):
    """Receives a connection to a pod."""

    def pod_connected(self, connection: PodConnection) -> None:
        """The connection is open."""
        ...

    def pod_connect_failed(self, pod: RoutedPod) -> None:
        """The connection could not be opened."""
        ...


class UnknownKind(Enum):
    """Which name in a request is unknown, and may be newer than the routes."""

    KEY = "key"
    SERVICE = "service"
    """Or a version of it, named in the path."""


class DataPlaneContext:
    """Shared by all connections of clients; used on the event loop only."""

    def __init__(
        self, table: RouteTable, recorder: OutcomeRecorder, limits: DataPlaneLimits, counts: OutcomeCounter
    ) -> None:
        self.table = table
        self.recorder = recorder
        self.counts = counts
        self.limits = limits
        self.debug = DebugTicketVerifier()
        self.is_draining = False
        self.buffered = 0
        self.in_flight = 0
        self.queued = 0
        """Requests in the queues of the rate limits."""
        self.unknown = dict.fromkeys(UnknownKind, 0)
        """How many requests wait for an unknown key or service to appear in the routes."""
        self.readmit: Callable[[Any], Refusal | None] = lambda _: None
        """Admits an exchange once more; set to `admission.admit`."""
        self.request_heads: HeadCache[RequestHead] = HashedHeadCache()
        self.response_heads: HeadCache[ResponseHead] = HeadCache()
        self.hold_queue = HoldQueue(limits.held_requests)
        table.changed = self.hold_queue.release_all
        self.on_hold: Callable[[], None] = lambda: None
        """Called when a request is put into the hold queue."""
        self._draw = time.time_ns() & 0x7FFFFFFF
        self._connecting: set[asyncio.Task[None]] = set()

    def draw(self) -> int:
        """A cheap pseudo-random number (a linear congruence; the low bits are left out, they alternate)."""
        self._draw = (self._draw * 1103515245 + 12345) & 0x7FFFFFFF
        return self._draw >> 8

    def current(self, version: RoutedVersion) -> RoutedVersion | None:
        """The version as the route table has it now: a request that was held must see later changes."""
        service = self.table.services.get(version.service)
        return service.versions.get(version.name) if service else None

    def check_key(self, target: RouteTarget, head: RequestHead) -> UUID | KeyRefusal:
        """The id of the key that was presented, if it opens the target's service; else why not."""
        digest = head.key_digest
        if digest is None:
            return KeyRefusal.UNKNOWN
        return self.table.keys.check(target.service.name, digest, time.time(), target.version is not None)

    def has_room_for(self, unknown: UnknownKind, head: RequestHead) -> bool:
        """Whether a request with an unknown key or service may wait for the next read of the routes."""
        limits = self.limits
        is_small = not head.is_chunked and head.content_length <= limits.discarded_body_bytes and head.expect is None
        has_place = bool(limits.unknown_s) and self.unknown[unknown] < limits.unknown_requests
        return is_small and has_place and not self.is_draining

    def service_of(self, target: RouteTarget) -> RoutedService | None:
        """The target's service as the route table has it now."""
        return self.table.services.get(target.service.name)

    def record(self, outcome: RequestOutcome) -> str | None:
        """Hand an outcome to the recorder; None, or why it was dropped."""
        try:
            return self.recorder.append(outcome)
        except Exception:
            logger.exception("an outcome could not be recorded")
            return RECORDER_FAILED

    def connect(self, pod: RoutedPod, listener: ConnectListener) -> None:
        """Open a connection to a pod; the only task that a request may need."""
        task = asyncio.get_running_loop().create_task(self._connect(pod, listener), name=f"connect {pod.name}")
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _connect(self, pod: RoutedPod, listener: ConnectListener) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self.limits.connect_timeout_s):
                _, connection = await loop.create_connection(
                    lambda: PodConnection(pod, self.response_heads), pod.host, pod.port
                )
        except (OSError, TimeoutError):
            pod.ejected_until = loop.time() + self.limits.ejection_s
            listener.pod_connect_failed(pod)
        else:
            pod.ejected_until = 0.0
            listener.pod_connected(connection)
