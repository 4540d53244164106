"""What is known of an exchange: the request, where it went, what came back."""

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
    """What most exchanges never change stands in the class: making one is cheap."""

    target: RouteTarget | None = None
    api_key_id: UUID | None = None
    refusal: Refusal | None = None
    version: RoutedVersion | None = None
    pod: RoutedPod | None = None
    reason = b""
    trace_id = b""
    connection: PodConnection | None = None
    tried: tuple[RoutedPod, ...] = ()
    is_resent = False
    response: ResponseHead | None = None
    held_back: bytes | None = None
    logged: BodyPieces | None = None
    """The answer's body for the record; None: it is not recorded."""
    logged_bytes = 0
    """So much of it is counted among what is held in memory."""
    is_answer_omitted = False
    """The answer's body is too large for the record, or for what is held in memory."""
    sent_bytes = 0
    body_size = 0
    is_debug = False
    """It came with a ticket of the controller's: past key and limit, recorded only where the ticket says so."""
    unknown: UnknownKind | None = None
    """What of it nobody knows yet: it waits to see whether that is new."""
    hold_key: Hashable = None
    """Under what it waits for that."""
    hold_until = 0.0
    """Monotonic time until which it may be held for a pod; 0: it never had to wait."""
    is_unreachable = False
    """No pod of its version took a connection when it was last tried."""
    is_waiting = False
    """For a pod, or for the limit's turn."""
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
