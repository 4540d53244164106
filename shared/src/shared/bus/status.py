"""How the services are: each answers for itself; who asks waits a bounded time for all of them at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from importlib.metadata import version
from typing import TYPE_CHECKING

from nats.aio.client import Client

from shared.bus.every_process import ask_each, serve_each
from shared.contracts.base import Contract
from shared.contracts.rpc.method import Nothing
from shared.contracts.rpc.status import LoggerBacklog, ServiceStatus, SpoolFill, StoreSize, status_method
from shared.errors import PenstockError

if TYPE_CHECKING:  # SQLAlchemy is for services that have a database
    from shared.database import Database


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
    """Answer how this process is."""
    await serve_each(nc, status_method(service), reporter.report)


async def gather_status(
    nc: Client, services: Iterable[str], is_complete: Callable[[dict[str, ServiceStatus]], bool], *, within_s: float
) -> dict[str, ServiceStatus]:
    """Name → how it is, of all processes that answer until `is_complete`, or in time. Raises what NATS raises."""
    methods = [status_method(service) for service in services]
    replies = await ask_each(nc, methods, Nothing(), lambda told: is_complete(_by_name(told)), within_s=within_s)
    return _by_name(replies)


def _by_name(told: Iterable[Contract]) -> dict[str, ServiceStatus]:
    return {each.name: each for each in told if isinstance(each, ServiceStatus)}
