"""How the services are: each answers for itself; who asks waits a bounded time for all of them at once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from nats.aio.client import Client
from nats.aio.msg import Msg
from pydantic import ValidationError

from shared.bus import rpc
from shared.bus.nats_errors import NATS_ERRORS
from shared.contracts.rpc.method import Nothing
from shared.contracts.rpc.status import LoggerBacklog, ServiceStatus, SpoolFill, StoreSize, status_method
from shared.errors import PenstockError

if TYPE_CHECKING:  # SQLAlchemy is for services that have a database
    from shared.database import Database

LATECOMERS_S = 0.05
"""For processes that were not expected: they answer about when the others do."""


class StatusReporter:
    """What a process says of itself; `spool` and `backlog` are asked for at every report."""

    def __init__(
        self,
        name: str,
        started_at: datetime,
        *,
        database: Database | None = None,
        spool: Callable[[], SpoolFill] | None = None,
    ) -> None:
        self.name = name
        self.backlog: Callable[[], Awaitable[LoggerBacklog | None]] | None = None
        self.problem: Callable[[], str | None] = lambda: None
        """Why it cannot do its work, in a sentence; None: it can."""
        self._started_at = started_at
        self._version = version("penstock-shared")
        self._database = database
        self._spool = spool

    async def report(self, _: Nothing) -> ServiceStatus:
        """How it is now."""
        return ServiceStatus(
            name=self.name,
            version=self._version,
            since=self._started_at,
            store=await self._store(),
            spool=self._spool() if self._spool else None,
            problem=self.problem(),
            backlog=await self.backlog() if self.backlog else None,
        )

    async def _store(self) -> StoreSize | None:
        if self._database is None:
            return None
        try:
            kind = "sqlite" if self._database.path else "postgresql"
            return StoreSize.model_validate({"kind": kind, "bytes": await self._database.size_bytes()})
        except PenstockError:  # the service is there though its database is not
            return None


async def serve_status(nc: Client, service: str, reporter: StatusReporter) -> None:
    """Answer how this process is: every process of a service does, not one of them."""
    method = status_method(service)

    async def answer(message: Msg) -> None:
        if rpc.is_from_service(message.reply):
            body, headers = await rpc.handle_request(
                method, reporter.report, message.data, message.headers or {}, largest=rpc.largest_reply(nc)
            )
            with contextlib.suppress(*NATS_ERRORS):  # whoever asked does not wait for ever
                await nc.publish(message.reply, body, headers=headers or None)

    await nc.subscribe(method.subject, cb=answer)


async def gather_status(
    nc: Client, services: Iterable[str], is_complete: Callable[[dict[str, ServiceStatus]], bool], *, within_s: float
) -> dict[str, ServiceStatus]:
    """Name → how it is, of all processes that answer until `is_complete`, or in time. Raises what NATS raises."""
    found: dict[str, ServiceStatus] = {}
    is_done = asyncio.Event()

    async def take(message: Msg) -> None:
        if (status := _status_of(message)) is not None:
            found[status.name] = status
            if is_complete(found):
                is_done.set()

    inbox = nc.new_inbox()
    subscription = await nc.subscribe(inbox, cb=take)
    try:
        for service in services:
            await nc.publish(status_method(service).subject, b"{}", reply=inbox)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await is_done.wait()
                await asyncio.sleep(LATECOMERS_S)
    finally:
        with contextlib.suppress(*NATS_ERRORS):
            await subscription.unsubscribe()
    return found


def _status_of(message: Msg) -> ServiceStatus | None:
    """None for an error, and for the server's word that nobody listens."""
    headers: dict[str, Any] = message.headers or {}
    if rpc.ERROR_HEADER in headers or not message.data:
        return None
    try:
        return ServiceStatus.model_validate_json(message.data)
    except ValidationError:
        return None
