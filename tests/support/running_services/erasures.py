"""Orders of erasures, carried out when a test says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from inference_logger.handlers.erase import Erasures
from inference_logger.store import catalogue
from running_services.logged_requests import START
from running_services.running_logger import RunningLogger
from shared.clock import SystemClock
from shared.contracts.inference_tables.erasures import ErasureOrder
from shared.contracts.rpc.inference_logger.tables import AccountingQuery
from shared.errors import NotFound
from shared.ids import new_id
from waiting.eventually import eventually

ORDERED = START + timedelta(days=1)
FINAL = ORDERED + timedelta(days=8)


class Calendar(SystemClock):
    """Says the time that it was told."""

    time = ORDERED

    def now(self) -> datetime:
        return self.time


class OrderedErasures:
    """Erasures of a running logger, which carries out none of its own, on a clock that the test sets."""

    def __init__(self, running: RunningLogger) -> None:
        running.app.erasures.orders = _nobody
        self.clock = Calendar()
        self.orders: list[ErasureOrder] = []
        stores = replace(running.app.sink.stores, clock=self.clock)
        self.database = stores.database
        self.erasures = Erasures(stores, self._orders, timedelta(0))
        self.accounting = running.app.accounting

    async def _orders(self) -> Sequence[ErasureOrder]:
        return self.orders

    async def order(self, **wanted: Any) -> ErasureOrder:
        made = ErasureOrder(id=new_id(), service="wine", ordered_at=ORDERED, final_by=FINAL, **wanted)
        await eventually(self._is_listed)
        self.orders.append(made)
        await self.erasures.run_once()
        return made

    async def _is_listed(self) -> bool:
        """Whether the catalogue has the table: rows can be read a moment before it does."""
        async with self.database.read() as session:
            return any(location.endswith("/wine/payload") for location in await catalogue.find_locations(session))

    async def at(self, time: datetime) -> None:
        self.clock.time = time
        await self.erasures.run_once()

    async def account(self) -> tuple[int, dict[str, int], int]:
        """Stored, dropped, missing."""
        query = AccountingQuery(service="wine", from_time=START, to_time=ORDERED)
        total = (await self.accounting.account(query)).total
        return total.stored, total.dropped, total.missing


async def _nobody() -> Sequence[ErasureOrder]:
    raise NotFound("the test's own orders are carried out by the test")
