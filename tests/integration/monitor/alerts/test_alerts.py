"""From a fact to an alert, to an event, to a receiver: a real bus, each kind of store, a real HTTP server, kills."""

from __future__ import annotations

from typing import Any

import pytest

from running_services.peers.alerting_answers import AlertingAnswers, Receiver
from running_services.peers.monitor_process import MonitorProcess, ask, facts, say
from shared import events
from shared.bus import Bus
from shared.clock import SystemClock
from shared.contracts.alerting.alerts import Acknowledgement, AlertDetail, AlertQuery, AlertsQuery, ChannelTestQuery
from shared.contracts.rpc.alerts import ACKNOWLEDGE_ALERT, ALERT, ALERTS, CHANNEL_HEALTHS, TEST_CHANNEL
from shared.contracts.rpc.method import Nothing
from shared.errors import Conflict, NotFound
from shared.ids import new_id
from waiting.eventually import eventually

TABLE = {"service": "wine", "table": "wine.payload", "location": "file:///tables/wine/payload"}
BLOCKED = events.TableBlocked(**TABLE, reason="permission denied")
RECOVERED = events.TableRecovered(**TABLE, blocked_at=SystemClock().now())


async def only_alert(bus: Bus, **wanted: Any) -> AlertDetail | None:
    page = await ask(bus, ALERTS, AlertsQuery(service="wine", **wanted))
    if not page.items:
        return None
    (entry,) = page.items
    found: AlertDetail = await ask(bus, ALERT, AlertQuery(id=entry.id))
    return found


async def test_a_blocked_table_is_told_once_though_the_monitor_is_killed_in_between(
    monitor: MonitorProcess, receiver: Receiver, controller: AlertingAnswers
) -> None:
    bus = controller.bus
    controller.define_webhook(f"{receiver.server.url}/hook")
    receiver.status = 503
    monitor.start()
    await say(bus, BLOCKED)
    await eventually(lambda: receiver.attempts, every=0.1)
    monitor.kill()
    receiver.status = 200
    monitor.start()

    async def is_sent() -> Any:
        alert = await only_alert(bus, state="open")
        return alert if alert is not None and [each.state for each in alert.deliveries] == ["sent"] else None

    alert = await eventually(is_sent, every=0.2)
    assert (alert.kind, alert.severity, alert.project, alert.labels) == (
        "table_blocked",
        "critical",
        "default",
        {"table": "wine.payload"},
    )
    assert len(receiver.messages) == 1
    assert alert.deliveries[0].attempts >= 2
    taken = await bus.call(ACKNOWLEDGE_ALERT, Acknowledgement(id=alert.id, by="ann", comment="on it"))
    assert (taken.state, taken.acknowledged_by) == ("acknowledged", "ann")
    await say(bus, RECOVERED)

    async def is_over() -> Any:
        alert = await only_alert(bus, state="resolved")
        return alert if alert is not None and all(each.state == "sent" for each in alert.deliveries) else None

    over = await eventually(is_over, every=0.2)
    assert [each.status for each in over.deliveries] == ["resolved", "acknowledged", "firing"]
    assert len(receiver.messages) == 3
    assert [fact for fact, _ in await facts(bus)] == ["raised", "updated", "resolved"]
    assert {headers["ce-subject"] for _, headers in await facts(bus)} == {alert.fingerprint}
    with pytest.raises(Conflict):
        await bus.call(ACKNOWLEDGE_ALERT, Acknowledgement(id=alert.id, by="ann"))
    with pytest.raises(NotFound):
        await bus.call(ALERT, AlertQuery(id=new_id()))


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
async def test_a_dead_channel_is_seen_and_others_go_on(
    monitor: MonitorProcess, receiver: Receiver, controller: AlertingAnswers
) -> None:
    bus = controller.bus
    gone = Receiver()
    gone.status = 410  # what a receiver says that wants nothing any more
    try:
        dead = controller.define_webhook(f"{gone.server.url}/hook", name="gone")
        well = controller.define_webhook(f"{receiver.server.url}/hook", name="well")
        monitor.start()
        await say(bus, BLOCKED)

        async def states() -> Any:
            healths = {each.id: each for each in (await ask(bus, CHANNEL_HEALTHS, Nothing())).items}
            known = healths.get(dead.channel.id), healths.get(well.channel.id)
            return known if [each and each.state for each in known] == ["dead", "ok"] else None

        found, _ = await eventually(states, every=0.1)
        assert found.waiting == 1
        await eventually(lambda: len(receiver.messages) == 2, every=0.1)  # the table's, and that the channel is dead
        page = await ask(bus, ALERTS, AlertsQuery(severity="critical"))
        assert {each.kind for each in page.items} == {"table_blocked", "channel_dead"}
        attempts = len(gone.attempts)
        gone.status = 200
        tested = await bus.call(TEST_CHANNEL, ChannelTestQuery(routed=dead, by="ann"), timeout=20)
        assert tested.state == "sent"
        assert gone.attempts[attempts][1]["type"] != ""

        async def all_sent() -> bool:
            healths = (await ask(bus, CHANNEL_HEALTHS, Nothing())).items
            return all(each.waiting == 0 and each.state == "ok" for each in healths)

        await eventually(all_sent, every=0.1)
        assert len(gone.messages) == 2  # the test, and what was refused at first, under its own id
        assert (await ask(bus, ALERTS, AlertsQuery(state="resolved"))).items[0].kind == "channel_dead"
    finally:
        gone.close()
