"""Queries of usage: the time is cut into periods; what each group used in each, page by page."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from controller.domain.resources.usage import MAX_WINDOWS, Grain, Window, milliseconds, period_start, windows
from controller.store.resources import runs
from controller.store.resources.runs import MeteredSums, RunFilter, place_of
from shared.errors import Detail, InvalidInput


@dataclass(frozen=True)
class UsageQuery:
    """From `from_ms` up to `to_ms`, and never beyond the moment of asking; `after` is where the last page ended."""

    from_ms: int
    to_ms: int
    group_by: str
    grain: Grain
    wanted: RunFilter
    after: tuple[int, tuple[str, ...]] | None = None


def time_of(start: datetime | None, end: datetime | None, now: datetime) -> tuple[int, int]:
    """The queried time, milliseconds: from the month's start until now unless said otherwise; never the future.

    Raises `InvalidInput` where `start` is not before `end`.
    """
    until = min(end or now, now).astimezone(UTC)
    since = start or until.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    if since >= (end or now):
        raise InvalidInput("from must lie before to", (Detail(("from",), "not before to"),))
    return milliseconds(since), milliseconds(until)


async def usage_lines(session: AsyncSession, query: UsageQuery) -> AsyncIterator[MeteredSums]:
    """What each group used in each period, by period and name; periods in which nothing ran have no line."""
    first_ms = await runs.first_start_ms(session)
    if first_ms is None:
        return
    # Periods before the first run have no lines; its own one begins where it does in the calendar, or was asked to.
    since = max(query.from_ms, period_start(first_ms, query.grain) or query.from_ms)
    periods = list(_bounded(windows(since, query.to_ms, query.grain)))
    after = query.after
    for window in periods:
        if after is not None and window.end_ms <= after[0]:
            continue
        for line in await runs.usage_sums(session, window, query.to_ms, query.group_by, query.wanted):
            if after is None or (window.start_ms, place_of(line.names)) > after:
                yield line


async def usage_page(session: AsyncSession, query: UsageQuery, size: int) -> tuple[list[MeteredSums], str | None]:
    """Up to `size` lines, and a token to go on with where there are more."""
    found: list[MeteredSums] = []
    async for line in usage_lines(session, query):
        if len(found) == size:
            last = found[-1]
            return found, json.dumps([query.to_ms, last.window.start_ms, place_of(last.names)])
        found.append(line)
    return found, None


def continued(query: UsageQuery, token: str) -> UsageQuery:
    """The rest of a list, up to the same moment as its first page. Raises `InvalidInput`."""
    try:
        to_ms, start_ms, place = json.loads(token)
        return replace(query, to_ms=int(to_ms), after=(int(start_ms), tuple(map(str, place))))
    except (ValueError, TypeError) as error:
        raise InvalidInput("cursor is not one that this API gave") from error


def _bounded(found: Iterator[Window]) -> Iterator[Window]:
    for number, window in enumerate(found):
        if number == MAX_WINDOWS:
            raise InvalidInput(f"At most {MAX_WINDOWS} periods at once: ask for less time, or a coarser grain")
        yield window
