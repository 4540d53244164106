"""Live logs: a bridge from the bus to server-sent events, after lines that the monitor has kept.

The subscription comes first and the query of the monitor second, so that no line between the two is missing; a line
that comes twice is recognised by its offset in the pod's output. A stream ends with its connection, and once the
principal may no longer read it: the token was revoked or has expired, the session or the role was, the service was
deleted. That is asked anew whenever it may have changed, and every few seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import nats.errors
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from pydantic import ValidationError

from controller.api.dependencies import ApiDependencies
from controller.api.observability.stream_access import AccessRecheck, ended_event, refusal_of
from shared.contracts.metrics.samples import PodOutput
from shared.contracts.rpc.monitor import LOGS, LogEntry, LogPage, LogsQuery
from shared.errors import PenstockError, Unavailable
from shared.logs.levels import Level, level_of
from shared.logs.matching import LineFilter

COMMENT_INTERVAL_S = 5.0
"""How often a silent stream sends a comment."""
FLUSH_TIMEOUT_S = 5
STORED_PAGE = 1000
STORED_TIMEOUT_S = 5.0
SEARCHED_PAGES = 5
"""So often a search for the last lines goes on behind a page that has not found enough."""
MAX_QUEUED, MAX_QUEUED_BYTES = 1000, 4 * 1024 * 1024
"""Messages queued for a slow reader; beyond them the oldest are dropped, and the stream says so."""


@dataclass(frozen=True)
class LogSelection:
    """Which lines: of those that were printed before, the last `lines`, or all since `from_time`; then what comes."""

    service: str
    version: str | None = None
    pod: str | None = None
    search: str | None = None
    request_id: str | None = None
    regex: str | None = None
    levels: tuple[Level, ...] = ()
    lines: int = 0
    from_time: datetime | None = None

    def query(self, cursor: str | None = None) -> LogsQuery | None:
        """The query of the monitor; None: no line that was printed before is selected."""
        if not self.lines and self.from_time is None:
            return None
        return LogsQuery(
            service=self.service,
            version=self.version,
            pod=self.pod,
            search=self.search,
            request_id=self.request_id,
            regex=self.regex,
            levels=self.levels,
            from_time=self.from_time,
            is_oldest_first=self.from_time is not None,
            is_settled=True,
            limit=self.lines or STORED_PAGE,
            cursor=cursor,
        )

    def matches(self, entry: LogEntry) -> bool:
        """Whether a line that was just printed is one of them."""
        wanted = LineFilter(self.search, self.regex, self.levels, self.request_id)
        return wanted.matches(entry.text, entry.level, entry.request_id)


class OutputQueue(asyncio.Queue[Msg]):
    """Messages and what they take: a pod that prints much sends large ones."""

    size = 0
    """Bytes."""

    def _put(self, item: Msg) -> None:
        super()._put(item)
        self.size += len(item.data)

    def _get(self) -> Msg:
        item: Msg = super()._get()
        self.size -= len(item.data)
        return item


class LiveOutput:
    """What pods print from now on, as it comes from the bus; a slow reader loses the oldest messages."""

    def __init__(self) -> None:
        self.waiting = OutputQueue()
        self.dropped = 0

    async def enqueue(self, message: Msg) -> None:
        """One more message."""
        self.waiting.put_nowait(message)
        while self._is_too_much():
            self.waiting.get_nowait()
            self.dropped += 1

    def _is_too_much(self) -> bool:
        """One message is kept, however large it is."""
        count = self.waiting.qsize()
        return count > MAX_QUEUED or (count > 1 and self.waiting.size > MAX_QUEUED_BYTES)


class StoredLines:
    """Lines that the monitor has kept, page by page, and what of the live ones they held already."""

    def __init__(self, deps: ApiDependencies, selection: LogSelection, live: LiveOutput) -> None:
        self._deps, self._selection, self._live = deps, selection, live
        self._first: LogPage | None = None
        self._last_sent: dict[str, tuple[int, int]] = {}

    async def load_first_page(self) -> None:
        """Ask for the first page; `Unavailable` while the monitor is away."""
        self._first = page = await self._page(None)
        for _ in range(SEARCHED_PAGES):
            missing = self._selection.lines - (len(self._first.items) if self._first else 0)
            if page is None or page.next_cursor is None or self._selection.from_time is not None or missing <= 0:
                return
            # A search that has not found enough goes on, further back.
            page = await self._page(page.next_cursor)
            if page is not None and self._first is not None:
                self._first = LogPage(items=(*self._first.items, *page.items[:missing]))

    async def lines(self) -> AsyncGenerator[LogEntry]:
        """All of them, the oldest first."""
        page = self._first
        while page is not None:
            for entry in page.items if self._selection.from_time is not None else reversed(page.items):
                self._last_sent[entry.pod] = (entry.run, entry.offset or 0)
                yield entry
            is_last = page.next_cursor is None or self._selection.from_time is None
            page = None if is_last else await self._page(page.next_cursor)

    def is_new(self, entry: LogEntry) -> bool:
        """Whether a live line is later than the last one sent of its pod: repeats are sent once."""
        place, last = (entry.run, entry.offset or 0), self._last_sent.get(entry.pod)
        if last is not None and place <= last:
            return False
        self._last_sent[entry.pod] = place
        return True

    async def _page(self, cursor: str | None) -> LogPage | None:
        query = self._selection.query(cursor)
        if query is None:
            return None
        self._live.dropped = 0  # what was printed before this question is in its answer
        return await self._deps.call(LOGS, query, LogPage, within_s=STORED_TIMEOUT_S)


async def follow_logs(
    deps: ApiDependencies, selection: LogSelection, must_be_allowed: Callable[[], Awaitable[None]], request_id: str
) -> AsyncIterator[bytes]:
    """Lines as they are printed, as server-sent events, after those from before that are selected.

    Raises `Unavailable` while the bus is away, or the monitor, where lines from before are selected.

    What `must_be_allowed` raises ends the stream, as its last event, `ended`.
    """
    if not deps.bus.is_connected:
        raise Unavailable("The bus is away: logs cannot be followed now")
    live = LiveOutput()
    stored = StoredLines(deps, selection, live)
    subject = f"penstock.logs.v1.{selection.service}.{selection.version or '*'}.{selection.pod or '*'}"
    subscription = await deps.bus.nc.subscribe(subject, cb=live.enqueue)
    try:
        await deps.bus.nc.flush(FLUSH_TIMEOUT_S)  # whatever is printed once we say that we follow is heard
        await stored.load_first_page()
    except (nats.errors.Error, TimeoutError) as away:
        await _unsubscribe(subscription)
        raise Unavailable("The bus does not answer: logs cannot be followed now") from away
    except PenstockError:
        await _unsubscribe(subscription)
        raise
    recheck = AccessRecheck(deps.changes, deps.clock)
    lines = _lines(deps, live, stored, selection, recheck)
    return _events(recheck, subscription, lines, must_be_allowed, request_id)


async def _events(
    recheck: AccessRecheck,
    subscription: Subscription,
    lines: AsyncGenerator[bytes],
    must_be_allowed: Callable[[], Awaitable[None]],
    request_id: str,
) -> AsyncIterator[bytes]:
    try:
        with recheck:
            yield b": following\n\n"
            async for line in lines:
                if recheck.is_due() and (refusal := await refusal_of(must_be_allowed)) is not None:
                    yield ended_event(refusal, request_id)
                    break
                yield line
    finally:
        await lines.aclose()
        await _unsubscribe(subscription)


async def _lines(
    deps: ApiDependencies, live: LiveOutput, stored: StoredLines, selection: LogSelection, recheck: AccessRecheck
) -> AsyncGenerator[bytes]:
    async for entry in stored.lines():
        yield _event_of(entry)
    while not deps.stopping.is_set():
        message = await _next(live.waiting, deps.stopping, recheck.changed)
        if message is None:
            yield b": still here\n\n"
            continue
        if live.dropped:
            yield b'event: dropped\ndata: {"messages": %d}\n\n' % live.dropped
            live.dropped = 0
        for entry in _entries(message.data):
            if selection.matches(entry) and stored.is_new(entry):
                yield _event_of(entry)


def _event_of(entry: LogEntry) -> bytes:
    return f"data: {entry.model_dump_json()}\n\n".encode()


async def _next(waiting: asyncio.Queue[Msg], *reasons: asyncio.Event) -> Msg | None:
    """The next message, or None when it is time for a comment or one of the other `reasons` to look up has come."""
    get = asyncio.ensure_future(waiting.get())
    others = {asyncio.ensure_future(reason.wait()) for reason in reasons}
    try:
        done, _ = await asyncio.wait({get, *others}, timeout=COMMENT_INTERVAL_S, return_when=asyncio.FIRST_COMPLETED)
        return get.result() if get in done else None
    finally:
        for each in (get, *others):
            each.cancel()


async def _unsubscribe(subscription: Subscription) -> None:
    with contextlib.suppress(nats.errors.Error):  # the connection may be gone, and with it the subscription
        await subscription.unsubscribe()


def _entries(data: bytes) -> list[LogEntry]:
    try:
        output = PodOutput.model_validate_json(data)
    except ValidationError:
        return []
    return [
        LogEntry(
            at=line.at,
            version=output.version,
            pod=output.pod,
            run=output.run,
            offset=line.offset,
            text=line.text,
            request_id=line.request_id,
            level=level_of(line.text),
        )
        for line in output.lines
    ]
