"""The account of the request log: what became of the requests of a service, by minute."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from inference_logger.domain.accounting import MINUTE, Account, MinuteFacts, minute_of
from inference_logger.handlers.reading.reader import TableReader
from inference_logger.metrics import LogMetrics
from inference_logger.store import counts, positions
from inference_logger.store.counts import StoredFacts
from shared.contracts.rpc.inference_logger.tables import AccountingPage, AccountingPoint, AccountingQuery
from shared.database import Database
from shared.errors import InvalidInput, PenstockError

log = logging.getLogger(__name__)

MAX_POINTS = 10_000
MAX_RANGE = timedelta(days=93)
SETTLED_AFTER = timedelta(minutes=10)
SETTLED_WHATEVER_AFTER = timedelta(hours=24)
KEPT = timedelta(days=93)
SHOWN = timedelta(hours=1)
"""What the metrics are of, and what is not settled yet."""


class LogAccounting:
    """Answers, settles minutes that are over, and shows what is missing."""

    def __init__(self, database: Database, reader: TableReader, metrics: LogMetrics) -> None:
        self._database = database
        self._reader = reader
        self._metrics = metrics

    async def account(self, query: AccountingQuery) -> AccountingPage:
        """One point a step of what there is. Raises `InvalidInput`; `LimitExceeded` for too many rows to count."""
        since, until = minute_of(query.from_time), query.to_time
        if until <= since:
            raise InvalidInput("`from` has to lie before `to`")
        if until - since > MAX_RANGE:
            raise InvalidInput(f"from {since.date()} to {until.date()} is more than {MAX_RANGE.days} days")
        if (points_wanted := (until - since) / timedelta(seconds=query.step)) > MAX_POINTS:
            raise InvalidInput(f"{points_wanted:.0f} points are more than {MAX_POINTS}; take a larger step")
        facts, waits = await self._facts(query.service, since, until)
        points: dict[datetime, Account] = {}
        total = Account()
        for minute in facts.minutes:
            start = since + (minute - since) // timedelta(seconds=query.step) * timedelta(seconds=query.step)
            for account in (points.setdefault(start, Account()), total):
                account.add(_of(facts, minute), is_waiting=waits)
        return AccountingPage(
            items=tuple(_point(start, account) for start, account in points.items()), total=_point(since, total)
        )

    async def settle(self, now: datetime, owns: Callable[[str], bool] = lambda _: True) -> None:
        """Keep what minutes have that are over, of services that are this process' own; forget those of long ago."""
        async with self._database.unit_of_work() as session:
            await counts.forget_before(session, now - KEPT)
            unsettled = await counts.find_unsettled(session, now)
        shown = {}
        for service, earliest in unsettled.items():
            if not owns(service):
                continue
            try:
                shown[service] = await self._settle(service, min(earliest, minute_of(now - SHOWN)), now)
            except PenstockError as error:
                log.info("the account of %s is left for the next time: %s", service, error.message)
        self._metrics.set_accounts(shown)

    async def _settle(self, service: str, since: datetime, now: datetime) -> Account:
        facts, waits = await self._facts(service, since, now)
        over, total = {}, Account()
        for minute in facts.minutes:
            account = Account()
            account.add(_of(facts, minute), is_waiting=waits)
            age = now - minute
            is_settled = age > SETTLED_AFTER and not account.on_the_way and not account.missing
            if is_settled or age > SETTLED_WHATEVER_AFTER:
                over[minute] = facts.stored.get(minute, 0)
            total.add(_of(facts, minute), is_waiting=waits)
        async with self._database.unit_of_work() as session:
            await counts.settle(session, service, over, facts)
        return total

    async def _facts(self, service: str, since: datetime, until: datetime) -> tuple[StoredFacts, bool]:
        """What is known of the minutes, the rows of those that are not settled counted; whether a table waits."""
        async with self._database.read() as session:
            facts = await counts.find_facts(session, service, since, until)
            waiting = await positions.find_waiting_tables(session, service)
        open_minutes = [minute for minute in facts.minutes if minute not in facts.stored]
        if open_minutes:
            facts.stored |= await self._count_rows(service, open_minutes)
        return facts, bool(waiting)

    async def _count_rows(self, service: str, minutes: Collection[datetime]) -> Counter[datetime]:
        found = await self._reader.count_minutes(f"{service}.payload", min(minutes), max(minutes) + MINUTE)
        return Counter({minute: found[minute] for minute in minutes})


def _of(facts: StoredFacts, minute: datetime) -> MinuteFacts:
    return MinuteFacts(facts.counts.get(minute, []), facts.lost.get(minute, {}), facts.stored.get(minute, 0))


def _point(start: datetime, account: Account) -> AccountingPoint:
    return AccountingPoint(
        start=start,
        accepted=account.accepted,
        stored=account.stored,
        dropped={reason: count for reason, count in sorted(account.dropped.items()) if count},
        on_the_way=account.on_the_way,
        missing=account.missing,
    )
