"""The bus: questions about alerts, acknowledgements, tests of channels."""

from __future__ import annotations

from monitor.handlers.alerts import answers
from monitor.handlers.alerts.testing import ChannelTester
from shared.bus import Bus
from shared.clock import Clock
from shared.contracts.alerting.alerts import (
    Acknowledgement,
    AlertDetail,
    AlertEntry,
    AlertPage,
    AlertQuery,
    AlertsQuery,
    ChannelHealths,
    ChannelTest,
    ChannelTestQuery,
)
from shared.contracts.base import Contract
from shared.contracts.rpc.alerts import ACKNOWLEDGE_ALERT, ALERT, ALERTS, CHANNEL_HEALTHS, TEST_CHANNEL
from shared.database import Database


def serve_alerts(bus: Bus, database: Database, clock: Clock, tester: ChannelTester) -> None:
    """Declare what is answered about alerts."""

    async def alerts(query: AlertsQuery) -> AlertPage:
        async with database.read() as session:
            return await answers.list_alerts(session, query)

    async def alert(query: AlertQuery) -> AlertDetail:
        async with database.read() as session:
            return await answers.read_alert_detail(session, query.id)

    async def acknowledge(command: Acknowledgement) -> AlertEntry:
        async with database.unit_of_work() as session:
            return await answers.acknowledge_alert(session, command, clock.now())

    async def healths(_: Contract) -> ChannelHealths:
        async with database.read() as session:
            return await answers.channel_healths(session)

    async def test(query: ChannelTestQuery) -> ChannelTest:
        return await tester.test(query)

    bus.serve(ALERTS, alerts)
    bus.serve(ALERT, alert)
    bus.serve(ACKNOWLEDGE_ALERT, acknowledge)
    bus.serve(CHANNEL_HEALTHS, healths)
    bus.serve(TEST_CHANNEL, test)
