"""Counting and recording of a finished exchange."""

from __future__ import annotations

from time import monotonic

from router.dataplane.exchange.state import ExchangeState
from router.dataplane.http.body import join_pieces
from router.domain.outcome import MAX_LOGGED_BYTES, RequestOutcome
from router.domain.routes.entities import RoutedVersion

NOT_SAMPLED = "not_sampled"
LOGGING_DISABLED = "logging_disabled"
NO_PREDICTION = "not_a_prediction"
DEBUG = "debug"
COUNTED = frozenset({NOT_SAMPLED, DEBUG})
"""Why a request of a version with a log is not in it; the others were never meant for one."""


def count(exchange: ExchangeState, status: int, sent: int) -> None:
    """Count what was turned away before a version was chosen."""
    target = exchange.target
    tally = target.service.tally if target is not None else exchange.context.table.traffic.of_service("-")
    tally.count_response(status, monotonic() - exchange.started, exchange.body_size, sent)


def count_throttled(exchange: ExchangeState, version: RoutedVersion, status: int, sent: int) -> None:
    """Count what a version's rate limit refused. It is not recorded: refused clients must not fill tables."""
    version.tally.throttled += 1
    version.tally.count_response(status, monotonic() - exchange.started, exchange.body_size, sent)


def record(exchange: ExchangeState, version: RoutedVersion, status: int, *, is_aborted: bool = False) -> None:
    """Count what was given to a version, and record it unless sampling or logging says otherwise."""
    pod = exchange.pod
    tally = pod.tally if pod is not None else version.tally
    duration = monotonic() - exchange.started
    tally.count_response(status, duration, exchange.body_size, exchange.sent_bytes)
    recorded = exchange.recorded_response
    if recorded is None:
        reason = _drop_reason(exchange, version)
        tally.count_record(reason)
        if reason in COUNTED:
            exchange.context.counts.count(version.service, exchange.received_ns, reason)
        return
    response = exchange.response
    body = exchange.body
    outcome = RequestOutcome(
        version.service,
        pod.route if pod is not None else version.route,
        exchange.record_id,
        exchange.request_id,
        response.client_request_id if response is not None else b"",
        pod.name.encode() if pod is not None else b"",
        exchange.reason,
        exchange.trace_id,
        exchange.api_key_id,
        exchange.received_ns,
        int(duration * 1_000_000),
        status,
        join_pieces(body) if exchange.body_size <= MAX_LOGGED_BYTES else None,
        None if exchange.is_response_omitted or exchange.sent_bytes > MAX_LOGGED_BYTES else join_pieces(recorded),
        is_aborted,
        version.masking,
    )
    dropped = exchange.context.record(outcome)
    tally.count_record(dropped)
    exchange.context.counts.count(version.service, exchange.received_ns, dropped)


def _drop_reason(exchange: ExchangeState, version: RoutedVersion) -> str:
    if exchange.is_debug and version.is_logged:
        return DEBUG
    if exchange.target is not None and not exchange.target.is_recorded:
        return NO_PREDICTION
    return NOT_SAMPLED if version.is_logged else LOGGING_DISABLED
