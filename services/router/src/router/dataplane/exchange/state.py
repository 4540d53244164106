"""The state of an exchange: its request, its version and pod, its response."""

from __future__ import annotations

import time
from collections.abc import Hashable
from time import monotonic
from uuid import UUID

import uuid_utils

from router.dataplane.exchange.context import DataPlaneContext, UnknownKind
from router.dataplane.http.body import BodyPieces
from router.dataplane.http.refusals import Refusal
from router.dataplane.http.request_head import RequestHead
from router.dataplane.http.response_head import ResponseHead
from router.dataplane.pods.connection import PodConnection
from router.domain.outcome import is_valid_request_id
from router.domain.routes.entities import RoutedPod, RoutedVersion, RouteTarget


class ExchangeState:
    """Fields that most exchanges never change are class attributes: an instance sets eight of them."""

    target: RouteTarget | None = None
    api_key_id: UUID | None = None
    refusal: Refusal | None = None
    version: RoutedVersion | None = None
    pod: RoutedPod | None = None
    reason = b""
    trace_id = b""
    connection: PodConnection | None = None
    tried_pods: tuple[RoutedPod, ...] = ()
    is_resent = False
    response: ResponseHead | None = None
    delayed_piece: bytes | None = None
    recorded_response: BodyPieces | None = None
    """The response's body for the record; None: it is not recorded."""
    recorded_bytes = 0
    """How many of its bytes are counted in `buffered`."""
    is_response_omitted = False
    """The response's body is larger than `MAX_LOGGED_BYTES`, or did not fit into `buffered_bytes`."""
    sent_bytes = 0
    body_size = 0
    is_debug = False
    """It carries a debug ticket: key and rate limit do not apply, it is recorded only where the ticket says so."""
    unknown: UnknownKind | None = None
    """Which of its names is unknown: it waits for the next read of the routes."""
    hold_key: Hashable = None
    """The key of the hold queue under which it waits for that."""
    hold_until = 0.0
    """Monotonic time until which it may be held for a pod; 0: it was never held."""
    sent_at = 0.0
    """Monotonic time at which a debug request was last sent to a pod."""
    is_unreachable = False
    """No pod of its version accepted a connection at the last try."""
    is_waiting = False
    """In the hold queue, or in the queue of the rate limit."""
    is_at_pod = False
    is_finished = False
    closes = False

    def __init__(self, context: DataPlaneContext, head: RequestHead) -> None:
        self.context = context
        self.head = head
        self.body: BodyPieces = []
        self.received_ns = time.time_ns()
        self.started = monotonic()
        identity = uuid_utils.uuid7()
        self.record_id: bytes = identity.bytes
        given = head.request_id
        self.request_id = given if given and is_valid_request_id(given) else str(identity).encode()
