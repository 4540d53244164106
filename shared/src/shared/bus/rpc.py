"""Request/reply: `penstock.rpc.<service>.<method>`, JSON both ways; the owner's error arrives as the same error.

Only requests whose reply goes to a service's own inbox are answered, see `is_from_service`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from pydantic import BaseModel, ValidationError

from shared import errors
from shared.contracts.base import Contract
from shared.contracts.rpc.method import RpcMethod
from shared.errors import Detail, InvalidInput, PenstockError, Unavailable, validation_details
from shared.telemetry import inject_headers, span_from_headers

log = logging.getLogger("penstock.bus.rpc")

ERROR_HEADER = "penstock-error"
"""Header of a reply that is an error; its value is the error's name in `shared.errors`."""

RpcHandler = Callable[[Any], Awaitable[Contract]]


SERVICE_INBOXES = "_INBOX.svc."
"""What the inbox of every service begins with; no other NATS user may hear or answer there."""

LOOKS_EVERY_S = 0.25
"""Whether the connection is still there, while an answer is waited for."""
_ROOM_FOR_HEADERS = 1024
_TOO_LARGE = errors.LimitExceeded("the answer is too large; ask for less")


class _ErrorReply(BaseModel):
    message: str
    details: tuple[Detail, ...] = ()
    retry_after_s: float | None = None


def every_error(kind: type[PenstockError] = PenstockError) -> Iterator[type[PenstockError]]:
    """The whole tree, root first."""
    yield kind
    for child in kind.__subclasses__():
        yield from every_error(child)


def encode_error(error: PenstockError) -> tuple[bytes, dict[str, str]]:
    """Body and headers of a reply that says what went wrong."""
    failure = _ErrorReply(message=error.message, details=tuple(error.details), retry_after_s=error.retry_after_s)
    return failure.model_dump_json().encode(), {ERROR_HEADER: type(error).__name__}


def decode_error(name: str, body: bytes) -> PenstockError:
    """The error that the owner raised; its nearest known kin where this process does not know the name."""
    kind = next((known for known in every_error() if known.__name__ == name), PenstockError)
    failure = _ErrorReply.model_validate_json(body)
    return kind(failure.message, failure.details, failure.retry_after_s)


def is_from_service(reply: str) -> bool:
    """Whether a request came from a service: its answer is to go to an inbox of ours.

    NATS checks who may publish to a subject, not what a push consumer delivers there: a user who may only read events
    could have them delivered as requests. Such a message asks for its acknowledgement (`$JS.ACK.…`) as the reply.
    """
    return reply.startswith(SERVICE_INBOXES)


def largest_reply(nc: Client) -> int:
    """Bytes of a body that the server takes: its own headers count too."""
    return nc.max_payload - _ROOM_FOR_HEADERS


async def handle_request(
    method: RpcMethod, handler: RpcHandler, body: bytes, headers: dict[str, str], *, largest: int
) -> tuple[bytes, dict[str, str]]:
    """Handle one request; returns body and headers of the reply. Never raises."""
    with span_from_headers(headers, f"rpc {method.service}.{method.name}"):
        try:
            reply = (await handler(_parsed(method, body))).model_dump_json().encode()
        except PenstockError as error:
            return encode_error(error)
        except Exception:
            log.exception("%s failed", method.subject)
            return encode_error(PenstockError("an internal error; the log has it"))
    return (reply, {}) if len(reply) <= largest else encode_error(_TOO_LARGE)


def _parsed(method: RpcMethod, body: bytes) -> Contract:
    try:
        return method.request.model_validate_json(body or b"{}")
    except ValidationError as error:
        found = validation_details(error)
        raise InvalidInput(f"{method.name}: {found[0].msg}", found) from error


async def _answer(nc: Client, request: Coroutine[Any, Any, Msg]) -> Msg:
    """The reply; given up once the connection is gone, which nats-py does not do: no answer comes over a later one."""
    asked = asyncio.ensure_future(request)
    try:
        while not (await asyncio.wait({asked}, timeout=LOOKS_EVERY_S))[0]:
            if not nc.is_connected:
                raise Unavailable("the bus went away", retry_after_s=1)
        return asked.result()
    finally:
        asked.cancel()


async def call(nc: Client, method: RpcMethod, request: Contract, *, timeout: float) -> Contract:
    """Call the owner. Raises the error that it raised; `Unavailable` when nobody answers in time."""
    if not nc.is_connected:
        raise Unavailable("the bus is away", retry_after_s=1)
    try:
        message = await _answer(
            nc,
            nc.request(
                method.subject, request.model_dump_json().encode(), timeout=timeout, headers=inject_headers() or None
            ),
        )
    except nats.errors.NoRespondersError as error:
        raise Unavailable(f"the {method.service} is not there", retry_after_s=1) from error
    except (nats.errors.Error, TimeoutError) as error:
        raise Unavailable(f"the {method.service} did not answer within {timeout:g} s", retry_after_s=1) from error
    name = (message.headers or {}).get(ERROR_HEADER)
    if name:
        raise decode_error(name, message.data)
    return method.reply.model_validate_json(message.data)
