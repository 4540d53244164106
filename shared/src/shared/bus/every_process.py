"""Questions that every process of a service answers for itself, not one of them: how it is, what it reaches."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Sequence

from nats.aio.client import Client
from nats.aio.msg import Msg
from pydantic import ValidationError

from shared.bus import rpc
from shared.bus.nats_errors import NATS_ERRORS
from shared.contracts.base import Contract
from shared.contracts.rpc.method import RpcMethod

LATECOMERS_S = 0.05
"""For processes that were not expected: they answer about when the others do."""


async def serve_each(nc: Client, method: RpcMethod, handler: rpc.RpcHandler) -> None:
    """Answer `method` in this process, whoever else does."""

    async def answer(message: Msg) -> None:
        if rpc.is_from_service(message.reply):
            body, headers = await rpc.handle_request(
                method, handler, message.data, message.headers or {}, largest=rpc.largest_reply(nc)
            )
            with contextlib.suppress(*NATS_ERRORS):  # whoever asked does not wait for ever
                await nc.publish(message.reply, body, headers=headers or None)

    await nc.subscribe(method.subject, cb=answer)


async def ask_each(
    nc: Client,
    methods: Iterable[RpcMethod],
    request: Contract,
    is_complete: Callable[[Sequence[Contract]], bool],
    *,
    within_s: float,
) -> list[Contract]:
    """What all processes say that answer until `is_complete`, or in time. Raises what NATS raises.

    Errors, and the server's word that nobody listens, are left out. All `methods` answer in one shape.
    """
    asked = list(methods)
    found: list[Contract] = []
    is_done = asyncio.Event()

    async def take(message: Msg) -> None:
        if rpc.ERROR_HEADER in (message.headers or {}) or not message.data:
            return
        with contextlib.suppress(ValidationError):
            found.append(asked[0].reply.model_validate_json(message.data))
            if is_complete(found):
                is_done.set()

    inbox = nc.new_inbox()
    subscription = await nc.subscribe(inbox, cb=take)
    try:
        for method in asked:
            await nc.publish(method.subject, request.model_dump_json().encode(), reply=inbox)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await is_done.wait()
                await asyncio.sleep(LATECOMERS_S)
    finally:
        with contextlib.suppress(*NATS_ERRORS):
            await subscription.unsubscribe()
    return found
