"""Whether a request may go on to a version: path, method, key, size; in this order, before its body is read."""

from __future__ import annotations

import time
from uuid import UUID

from router.dataplane import answers
from router.dataplane.answers import CONTINUE, Refusal
from router.dataplane.core import Core
from router.dataplane.exchange import Exchange
from router.dataplane.request import Request
from router.domain.keys import Door, presented_key
from router.domain.table import Service, Target, explain_missing


def admit(core: Core, exchange: Exchange, method: bytes) -> Refusal | None:
    """Set the exchange's target and key; or say what to answer instead."""
    if method in (b"CONNECT", b"TRACE"):
        return answers.method_not_allowed(answers.SCORING_ALLOWS, closes=method == b"CONNECT")
    request = exchange.request
    target = core.table.paths.get(request.url) or _resolve(core, request)
    if target is None:
        return answers.not_found(explain_missing(core.table, request.url))
    exchange.target = target
    if method != b"POST" or target.kind != "predict":
        return _answer_without_pod(target, method)
    return _check_key(core, exchange, target.service) or _check_size(core, request, target.service)


def expects_continue(request: Request) -> bytes:
    """What to send before the body is read."""
    return CONTINUE if request.expect == b"100-continue" and request.has_body else b""


def _resolve(core: Core, request: Request) -> Target | None:
    """The target of a path with a query, or of an absolute URL; leaves the bare path and query in `request.url`."""
    url = request.url
    if url[:7].lower() == b"http://":
        slash = url.find(b"/", 7)
        url = request.url = url[slash:] if slash > 0 else b"/"
    path, mark, _ = url.partition(b"?")
    target = core.table.paths.get(path)
    if target is None and mark:
        request.url = path
    return target


def _answer_without_pod(target: Target, method: bytes) -> Refusal:
    is_scoring = target.kind == "predict"
    if method == b"OPTIONS":
        return answers.OPTIONS_SCORING if is_scoring else answers.OPTIONS_HEALTH
    if is_scoring:
        return answers.method_not_allowed(answers.SCORING_ALLOWS)
    if method not in (b"GET", b"HEAD"):
        return answers.method_not_allowed(answers.HEALTH_ALLOWS)
    if target.service.candidates:
        return answers.HEALTHY
    return answers.unavailable(f"Service {target.service.name!r} has no ready pod.")


def _check_key(core: Core, exchange: Exchange, service: Service) -> Refusal | None:
    if not service.is_guarded:
        return None
    request = exchange.request
    presented = presented_key(request.authorization, request.api_key)
    if presented is None:
        return answers.UNAUTHENTICATED
    verdict = core.table.keys.check(service.name, presented, time.time())
    if isinstance(verdict, UUID):
        exchange.api_key_id = verdict
        return None
    return answers.FORBIDDEN if verdict is Door.OTHER_SERVICE else answers.UNAUTHENTICATED


def _check_size(core: Core, request: Request, service: Service) -> Refusal | None:
    if request.content_length > service.max_body_bytes:
        return answers.too_large(service.max_body_bytes)
    if request.expect not in (None, b"100-continue"):
        return answers.EXPECTATION_FAILED
    if core.buffered + max(request.content_length, 0) > core.limits.buffered_bytes:
        return answers.OVERLOADED
    return None
