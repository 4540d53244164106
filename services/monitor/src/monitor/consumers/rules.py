"""The bus: calls about quality rules, and facts that change them."""

from __future__ import annotations

from monitor.handlers.cursors import decode_cursor, encode_cursor
from monitor.handlers.pages import page_of
from monitor.handlers.rules.reports import WindowReports
from monitor.handlers.rules.rules import QualityRules
from monitor.store.rules.windows import find_windows
from shared.bus import Bus
from shared.contracts.chunks import ChunkStream
from shared.contracts.quality.distributions import ColumnDistribution
from shared.contracts.rpc.quality import (
    MONITOR_DISTRIBUTION,
    MONITOR_REPORT,
    MONITOR_STATES,
    MONITOR_WINDOWS,
    RUN_MONITOR,
    DistributionQuery,
    MonitorQuery,
    MonitorsOfService,
    MonitorState,
    MonitorStates,
    ReportQuery,
    WindowPage,
    WindowsQuery,
)
from shared.database import Database


def serve_rules(bus: Bus, database: Database, rules: QualityRules, reports: WindowReports) -> None:
    """Answer what became of rules, evaluate one at once, and make reports."""

    async def windows(query: WindowsQuery) -> WindowPage:
        offset = decode_cursor(query.cursor) or 0
        async with database.read() as session:
            found = await find_windows(session, query, offset)
        items = page_of(found)
        is_last = len(items) == len(found) < query.limit
        return WindowPage(items=items, next_cursor=None if is_last else encode_cursor(offset + len(items)))

    async def states(query: MonitorsOfService) -> MonitorStates:
        return MonitorStates(items=tuple(rules.states(query.service)))

    async def run(query: MonitorQuery) -> MonitorState:
        return await rules.run_now(query.id)

    async def report(query: ReportQuery) -> ChunkStream:
        return await bus.offer_chunks(await reports.page(query))

    async def distribution(query: DistributionQuery) -> ColumnDistribution:
        return await reports.distribution(query)

    bus.serve(MONITOR_REPORT, report)
    bus.serve(MONITOR_DISTRIBUTION, distribution)
    bus.serve(MONITOR_WINDOWS, windows)
    bus.serve(MONITOR_STATES, states)
    bus.serve(RUN_MONITOR, run)
