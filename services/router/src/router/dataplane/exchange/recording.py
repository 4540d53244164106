"""What is counted and kept of a finished exchange."""

from __future__ import annotations

from time import monotonic

from router.dataplane.exchange.state import Known
from router.dataplane.http.body import joined
from router.domain.outcome import MAX_LOGGED_BYTES, Outcome
from router.domain.routes.entities import Version

NOT_SAMPLED = "not_sampled"
LOGGING_OFF = "logging_disabled"
NO_PREDICTION = "not_a_prediction"
DEBUG = "debug"


def count(exchange: Known, status: int, sent: int) -> None:
    """Count what was turned away before a version was chosen."""
    target = exchange.target
    tally = target.service.tally if target is not None else exchange.core.table.traffic.of_service("-")
    tally.answered(status, monotonic() - exchange.started, exchange.body_size, sent)


def count_throttled(exchange: Known, version: Version, status: int, sent: int) -> None:
    """Count what a version's limit turned away; strangers must not fill tables, so that it is not recorded."""
    version.tally.throttled += 1
    version.tally.answered(status, monotonic() - exchange.started, exchange.body_size, sent)


def record(exchange: Known, version: Version, status: int, *, is_aborted: bool = False) -> None:
    """Count what was given to a version, and keep it if it is to be kept."""
    pod = exchange.pod
    tally = pod.tally if pod is not None else version.tally
    duration = monotonic() - exchange.started
    tally.answered(status, duration, exchange.body_size, exchange.sent_bytes)
    response = exchange.logged
    if response is None:
        tally.recorded(_why_not(exchange, version))
        return
    answer = exchange.response
    body = exchange.body
    outcome = Outcome(
        version.service,
        version.route,
        exchange.record_id,
        exchange.request_id,
        answer.client_request_id if answer is not None else b"",
        pod.name.encode() if pod is not None else b"",
        exchange.reason,
        exchange.trace_id,
        exchange.api_key_id,
        exchange.received_ns,
        int(duration * 1_000_000),
        status,
        joined(body) if exchange.body_size <= MAX_LOGGED_BYTES else None,
        None if exchange.is_answer_omitted or exchange.sent_bytes > MAX_LOGGED_BYTES else joined(response),
        is_aborted,
    )
    tally.recorded(exchange.core.record(outcome))


def _why_not(exchange: Known, version: Version) -> str:
    if exchange.is_debug and version.is_logged:
        return DEBUG
    if exchange.target is not None and not exchange.target.is_recorded:
        return NO_PREDICTION
    return NOT_SAMPLED if version.is_logged else LOGGING_OFF
