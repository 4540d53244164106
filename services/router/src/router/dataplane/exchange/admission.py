"""Whether a request may go on to a version: path, method, key, size; in this order, before its body is read."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from uuid import UUID

from router.dataplane.exchange.context import Core, Unknown
from router.dataplane.exchange.exchange import Exchange
from router.dataplane.http import refusals as answers
from router.dataplane.http.refusals import CONTINUE, Refusal
from router.dataplane.http.request_head import RequestHead
from router.domain.access.keys import Door
from router.domain.routes.entities import Kind, Service, Target
from router.domain.routes.explain import explain_missing, explain_no_pod, names_unknown

_ABSOLUTE = re.compile(rb"https?://(?P<authority>[^/?#@]+)(?P<rest>/.*)?", re.IGNORECASE)


def admit(core: Core, exchange: Exchange) -> Refusal | None:
    """Set the exchange's target and key; or say what to answer instead."""
    head = exchange.head
    if head.fault is not None:
        return head.fault
    target = core.table.paths.get(head.url) or _resolve(core, head)
    if target is None:
        return _missing(core, exchange)
    exchange.target = target
    kind = target.kind
    if not ((kind is Kind.SCORING or kind is Kind.INFER) and head.method == b"POST"):
        refusal = _unusual(target, head)
        if refusal is not None:
            return refusal
    service = target.service
    if head.debug is not None:
        return _admit_debug(core, exchange, target, head.debug)
    if service.is_guarded:
        refusal = _admit_key(core, exchange, target)
        if refusal is not None:
            return refusal
    return _check_size(core, head, service)


def _admit_key(core: Core, exchange: Exchange, target: Target) -> Refusal | None:
    """Set the key's id; one that nobody knows may have been issued just now, and is asked about again later."""
    head = exchange.head
    verdict = core.ask_door(target, head)
    if isinstance(verdict, UUID):
        exchange.api_key_id = verdict
        return None
    if verdict is Door.UNKNOWN and head.key_digest is not None and core.has_room_for(Unknown.KEY, head):
        exchange.wait_as(Unknown.KEY)
        return None
    return answers.CLOSED[verdict]


def _admit_debug(core: Core, exchange: Exchange, target: Target, presented: bytes) -> Refusal | None:
    """The controller's ticket in place of a key: for the direct path of one version."""
    service, version = target.service, target.version
    if target.kind is not Kind.SCORING or version is None:
        return answers.NO_TICKET
    ticket = core.debug.check(service.debug_key, presented, (service.name, version.name), time.time())
    if ticket is None:
        return answers.NO_TICKET
    exchange.is_debug = True
    exchange.target = replace(target, is_recorded=ticket.is_logged)
    return _check_size(core, exchange.head, service)


def expects_continue(head: RequestHead) -> bytes:
    """What to send before the body is read."""
    return CONTINUE if head.expect == b"100-continue" and head.has_body else b""


def _resolve(core: Core, head: RequestHead) -> Target | None:
    """The target of a path with a query, of an absolute URL, of a service's own host name, of a path with variables."""
    path = _path_of(core, head)
    return core.table.paths.get(path) or core.table.find(path)


def _path_of(core: Core, head: RequestHead) -> bytes:
    """The path that begins with the service's name."""
    if head.url[:1] != b"/" and (absolute := _ABSOLUTE.match(head.url)) is not None:
        # RFC 9112, 3.2.2: the authority of an absolute form counts, and Host does not.
        head.host, head.url = absolute["authority"], absolute["rest"] or b"/"
    path = head.url.partition(b"?")[0]
    service = _service_of_host(core, head.host)
    return b"/%b%b" % (service, path) if service else path


def _service_of_host(core: Core, host: bytes) -> bytes:
    """`wine` of `wine.models.example:8080` where `models.example` is the base domain."""
    domain = core.limits.base_domain
    if not domain:
        return b""
    name = host.lower().partition(b":")[0]
    return name[: -len(domain) - 1] if name.endswith(b"." + domain) else b""


def _missing(core: Core, exchange: Exchange) -> Refusal | None:
    """What to answer; None: it names what nobody knows, and waits to see whether that is new."""
    head = exchange.head
    if head.method in (b"CONNECT", b"TRACE"):
        return answers.method_not_allowed(answers.SCORING_ALLOWS, closes=head.method == b"CONNECT")
    if not core.table.is_known:
        return answers.unavailable("The routes are not known yet.")
    path = _path_of(core, head)
    if names_unknown(core.table, path) and core.has_room_for(Unknown.SERVICE, head):
        exchange.wait_as(Unknown.SERVICE)
        return None
    return answers.not_found(explain_missing(core.table, path))


def _unusual(target: Target, head: RequestHead) -> Refusal | None:
    """What is not simply a prediction: None where a pod is to answer."""
    method, kind = head.method, target.kind
    if method in (b"CONNECT", b"TRACE"):
        return answers.method_not_allowed(answers.SCORING_ALLOWS, closes=method == b"CONNECT")
    if method == b"OPTIONS" and (kind is not Kind.RAW or target.service.cors is not None):
        return _options(target, head)
    if kind is Kind.SCORING or kind is Kind.INFER:
        return answers.method_not_allowed(answers.SCORING_ALLOWS)
    return _looked_at(target, method)


def _looked_at(target: Target, method: bytes) -> Refusal | None:
    """Health is the router's to answer; the pod answers for itself and its model."""
    if target.kind is Kind.RAW:
        return None
    if method not in (b"GET", b"HEAD"):
        return answers.method_not_allowed(answers.HEALTH_ALLOWS)
    if target.kind is Kind.METADATA:
        return None
    service = target.service
    is_ready = service.candidates or (service.fallback is not None and service.fallback.pods)
    return answers.HEALTHY if is_ready else answers.no_pod(explain_no_pod(service))


def _options(target: Target, head: RequestHead) -> Refusal:
    is_post = target.kind in (Kind.SCORING, Kind.INFER, Kind.RAW)
    policy = target.service.cors
    if policy is None or head.origin is None or not head.has_preflight:
        return answers.OPTIONS_SCORING if is_post else answers.OPTIONS_HEALTH
    return Refusal(204, "", "", policy.preflight(head.origin))


def _check_size(core: Core, head: RequestHead, service: Service) -> Refusal | None:
    if head.content_length > service.max_body_bytes:
        return answers.too_large(service.max_body_bytes)
    if head.expect is not None and head.expect != b"100-continue":
        return answers.EXPECTATION_FAILED
    if core.buffered + max(head.content_length, 0) > core.limits.buffered_bytes:
        return answers.OVERLOADED
    return None
