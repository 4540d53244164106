"""Admission of a request: path, method, key, size; in this order, before its body is read."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from uuid import UUID

from router.dataplane.exchange.context import DataPlaneContext, UnknownKind
from router.dataplane.exchange.exchange import Exchange
from router.dataplane.http import refusals
from router.dataplane.http.refusals import CONTINUE, Refusal
from router.dataplane.http.request_head import RequestHead
from router.domain.access.keys import KeyRefusal
from router.domain.routes.entities import PathKind, RoutedService, RouteTarget
from router.domain.routes.explain import explain_missing, explain_no_pod, names_unknown_service

_ABSOLUTE = re.compile(rb"https?://(?P<authority>[^/?#@]+)(?P<rest>/.*)?", re.IGNORECASE)


def admit(context: DataPlaneContext, exchange: Exchange) -> Refusal | None:
    """Set the exchange's target and key; a refusal where the request may not go on."""
    head = exchange.head
    if head.fault is not None:
        return head.fault
    target = context.table.paths.get(head.url) or _resolve(context, head)
    if target is None:
        return _unresolved(context, exchange)
    exchange.target = target
    kind = target.kind
    if not ((kind is PathKind.SCORING or kind is PathKind.INFER) and head.method == b"POST"):
        refusal = _not_a_prediction(target, head)
        if refusal is not None:
            return refusal
    service = target.service
    if head.debug is not None:
        return _admit_debug(context, exchange, target, head.debug)
    if service.is_guarded:
        refusal = _admit_key(context, exchange, target)
        if refusal is not None:
            return refusal
    return _check_size(context, head, service)


def _admit_key(context: DataPlaneContext, exchange: Exchange, target: RouteTarget) -> Refusal | None:
    """Set the key's id. An unknown key may be newer than the routes: such a request is admitted again later."""
    head = exchange.head
    verdict = context.check_key(target, head)
    if isinstance(verdict, UUID):
        exchange.api_key_id = verdict
        return None
    if verdict is KeyRefusal.UNKNOWN and head.key_digest is not None and context.has_room_for(UnknownKind.KEY, head):
        exchange.mark_unknown(UnknownKind.KEY)
        return None
    return refusals.KEY_REFUSALS[verdict]


def _admit_debug(
    context: DataPlaneContext, exchange: Exchange, target: RouteTarget, presented: bytes
) -> Refusal | None:
    """The controller's ticket in place of a key: for the direct path of one version."""
    service, version = target.service, target.version
    if target.kind is not PathKind.SCORING or version is None:
        return refusals.INVALID_DEBUG_TICKET
    ticket = context.debug.check(service.debug_key, presented, (service.name, version.name), time.time())
    if ticket is None:
        return refusals.INVALID_DEBUG_TICKET
    exchange.is_debug = True
    exchange.target = replace(target, is_recorded=ticket.is_logged)
    return _check_size(context, exchange.head, service)


def expects_continue(head: RequestHead) -> bytes:
    """`100 Continue` where the client waits for it before it sends the body."""
    return CONTINUE if head.expect == b"100-continue" and head.has_body else b""


def _resolve(context: DataPlaneContext, head: RequestHead) -> RouteTarget | None:
    """The target of a path with a query, of an absolute URL, of a service's own host name, of a path with variables."""
    path = _path_of(context, head)
    return context.table.paths.get(path) or context.table.find(path)


def _path_of(context: DataPlaneContext, head: RequestHead) -> bytes:
    """The path that begins with the service's name."""
    if head.url[:1] != b"/" and (absolute := _ABSOLUTE.match(head.url)) is not None:
        # RFC 9112, 3.2.2: the authority of an absolute form counts, and Host does not.
        head.host, head.url = absolute["authority"], absolute["rest"] or b"/"
    path = head.url.partition(b"?")[0]
    service = _service_of_host(context, head.host)
    return b"/%b%b" % (service, path) if service else path


def _service_of_host(context: DataPlaneContext, host: bytes) -> bytes:
    """`wine` of `wine.models.example:8080` where `models.example` is the base domain."""
    domain = context.limits.base_domain
    if not domain:
        return b""
    name = host.lower().partition(b":")[0]
    return name[: -len(domain) - 1] if name.endswith(b"." + domain) else b""


def _unresolved(context: DataPlaneContext, exchange: Exchange) -> Refusal | None:
    """Why the path has no target; None: its service or version is unknown and may be newer than the routes."""
    head = exchange.head
    if head.method in (b"CONNECT", b"TRACE"):
        return refusals.method_not_allowed(refusals.SCORING_ALLOWS, closes=head.method == b"CONNECT")
    if not context.table.is_known:
        return refusals.unavailable("The routes are not known yet.")
    path = _path_of(context, head)
    if names_unknown_service(context.table, path) and context.has_room_for(UnknownKind.SERVICE, head):
        exchange.mark_unknown(UnknownKind.SERVICE)
        return None
    return refusals.not_found(explain_missing(context.table, path))


def _not_a_prediction(target: RouteTarget, head: RequestHead) -> Refusal | None:
    """A request that is no prediction: None where a pod answers it."""
    method, kind = head.method, target.kind
    if method in (b"CONNECT", b"TRACE"):
        return refusals.method_not_allowed(refusals.SCORING_ALLOWS, closes=method == b"CONNECT")
    if method == b"OPTIONS" and (kind is not PathKind.RAW or target.service.cors is not None):
        return _options(target, head)
    if kind is PathKind.SCORING or kind is PathKind.INFER:
        return refusals.method_not_allowed(refusals.SCORING_ALLOWS)
    return _health_or_metadata(target, method)


def _health_or_metadata(target: RouteTarget, method: bytes) -> Refusal | None:
    """Health is answered by the router, metadata by a pod (None)."""
    if target.kind is PathKind.RAW:
        return None
    if method not in (b"GET", b"HEAD"):
        return refusals.method_not_allowed(refusals.HEALTH_ALLOWS)
    if target.kind is PathKind.METADATA:
        return None
    service = target.service
    is_ready = service.candidates or (service.fallback is not None and service.fallback.pods)
    return refusals.HEALTHY if is_ready else refusals.no_pod(explain_no_pod(service))


def _options(target: RouteTarget, head: RequestHead) -> Refusal:
    is_post = target.kind in (PathKind.SCORING, PathKind.INFER, PathKind.RAW)
    policy = target.service.cors
    if policy is None or head.origin is None or not head.has_preflight:
        return refusals.OPTIONS_SCORING if is_post else refusals.OPTIONS_HEALTH
    return Refusal(204, "", "", policy.preflight_lines(head.origin))


def _check_size(context: DataPlaneContext, head: RequestHead, service: RoutedService) -> Refusal | None:
    if head.content_length > service.max_body_bytes:
        return refusals.too_large(service.max_body_bytes)
    if head.expect is not None and head.expect != b"100-continue":
        return refusals.EXPECTATION_FAILED
    if context.buffered + max(head.content_length, 0) > context.limits.buffered_bytes:
        return refusals.OVERLOADED
    return None
