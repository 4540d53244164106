"""Questions and answers over `penstock.rpc.<service>.<method>`: the envelope, both ways.

A reply is `{"result": …}` or `{"error": {"code", "message", "details", "retry_after_s"}}`; an error comes back as the
class of the tree that the owner raised.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import nats.errors
from nats.aio.client import Client
from pydantic import ValidationError

from shared import errors
from shared.contracts.base import Contract
from shared.contracts.rpc import Method
from shared.errors import Detail, InvalidInput, PenstockError, Unavailable, UpstreamFailed
from shared.telemetry import inject_headers, span_from_headers

log = logging.getLogger("penstock.bus.rpc")

Answerer = Callable[[Any], Awaitable[Contract]]

ERRORS: Mapping[str, type[PenstockError]] = {
    kind.__name__: kind
    for kind in (
        errors.InvalidInput,
        errors.Unauthenticated,
        errors.Forbidden,
        errors.NotFound,
        errors.Conflict,
        errors.PreconditionFailed,
        errors.LimitExceeded,
        errors.NotReady,
        errors.Unavailable,
        errors.UpstreamFailed,
    )
}
"""Name on the wire → class; a test holds it to the tree."""


async def answer(method: Method, handler: Answerer, headers: Mapping[str, str], body: bytes) -> bytes:
    """Run one question through its handler; errors become the reply's error, foreign ones without their text."""
    with span_from_headers(headers, method.subject):
        try:
            result = await handler(_parsed(method, body))
        except PenstockError as error:
            return encode_error(error)
        except Exception:
            log.exception("%s failed", method.subject)
            return encode_error(UpstreamFailed(f"{method.service} could not answer; its log has the reason"))
        return b'{"result":' + result.model_dump_json().encode() + b"}"


def _parsed(method: Method, body: bytes) -> Contract:
    try:
        return method.request.model_validate_json(body or b"{}")
    except ValidationError as error:
        raise InvalidInput(f"{method.subject}: {error.errors(include_url=False)[0]['msg']}") from error


def encode_error(error: PenstockError) -> bytes:
    """The reply that carries `error`."""
    kind = next((k.__name__ for k in type(error).__mro__ if k.__name__ in ERRORS), UpstreamFailed.__name__)
    content = {
        "kind": kind,
        "message": error.message,
        "details": [{"loc": list(detail.loc), "msg": detail.msg} for detail in error.details],
        "retry_after_s": error.retry_after_s,
    }
    return json.dumps({"error": content}).encode()


def decode(method: Method, body: bytes) -> Contract:
    """The result in a reply; raises the error in it."""
    try:
        reply = json.loads(body)
        if "error" in reply:
            raise _error_in(reply["error"])
        return method.reply.model_validate(reply["result"])
    except (ValueError, KeyError, TypeError) as error:
        raise UpstreamFailed(f"{method.service} answered {method.name} with something else") from error


def _error_in(content: Mapping[str, Any]) -> PenstockError:
    details = [Detail(tuple(item["loc"]), item["msg"]) for item in content.get("details", ())]
    return ERRORS.get(content["kind"], UpstreamFailed)(content["message"], details, content.get("retry_after_s"))


async def call(connection: Client, method: Method, question: Contract, timeout: float) -> Contract:
    """Ask; raises what the owner raised, or `Unavailable` when nobody answers within `timeout` seconds."""
    if not connection.is_connected:
        raise Unavailable("the message bus is away; try again", retry_after_s=1)
    try:
        reply = await connection.request(
            method.subject, question.model_dump_json().encode(), timeout=timeout, headers=inject_headers() or None
        )
    except (nats.errors.Error, TimeoutError) as error:
        raise Unavailable(f"{method.service} does not answer now; try again", retry_after_s=1) from error
    return decode(method, reply.data)
