"""The monitor is killed twenty times while tables block and recover and a receiver refuses now and then."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import Any

import pytest

from running_services.peers.alerting_answers import AlertingAnswers, Receiver
from running_services.peers.monitor_process import MonitorProcess, ask, facts, say
from shared import events
from shared.clock import SystemClock
from shared.contracts.alerting.alerts import AlertDetail, AlertPage, AlertQuery, AlertsQuery
from shared.contracts.rpc.alerts import ALERT, ALERTS
from waiting.eventually import eventually

KILLS, TABLES = 20, 12


@pytest.mark.long
async def test_no_alert_and_no_message_is_lost_or_doubled(
    monitor: MonitorProcess, receiver: Receiver, controller: AlertingAnswers
) -> None:
    bus, chance = controller.bus, random.Random(17)
    controller.define_webhook(f"{receiver.server.url}/hook", repeat_interval_s=0)
    blocked: dict[str, bool] = {}
    expected: Counter[str] = Counter()
    monitor.start()
    for _ in range(KILLS):
        for _ in range(5):
            name = f"wine.t{chance.randrange(TABLES)}"
            table = {"service": "wine", "table": name, "location": "file:///t"}
            is_blocked = blocked[name] = not blocked.get(name, False)
            at = SystemClock().now()
            await say(
                bus,
                events.TableBlocked(**table, reason="no space") if is_blocked
                else events.TableRecovered(**table, blocked_at=at),
            )  # fmt: skip
            expected["raised" if is_blocked else "resolved"] += 1
        receiver.status = chance.choice((200, 200, 503, 429))
        await asyncio.sleep(chance.uniform(1.0, 5.0))  # a kill at any moment of its work
        monitor.kill()
        monitor.start()
    receiver.status = 200

    async def is_settled() -> Any:
        page: AlertPage = await ask(bus, ALERTS, AlertsQuery(service="wine", limit=1000))
        found = [await ask(bus, ALERT, AlertQuery(id=entry.id)) for entry in page.items]
        is_done = len(found) == expected["raised"] and all(
            each.state == "sent" for alert in found for each in alert.deliveries
        )
        return found if is_done and {alert.state for alert in found if alert.resolved_at is None} <= {"open"} else None

    found: list[AlertDetail] = await eventually(is_settled, within=200, every=1.0)
    told = await facts(bus)
    assert Counter(fact for fact, _ in told) == expected
    order: dict[str, list[str]] = {}
    for fact, headers in told:
        order.setdefault(headers["ce-subject"], []).append(fact)
    assert all(each == (["raised", "resolved"] * len(each))[: len(each)] for each in order.values())
    for alert in found:
        statuses = [each.status for each in reversed(alert.deliveries)]
        assert statuses == (["firing"] if alert.resolved_at is None else ["firing", "resolved"])
    messages = {str(each.message_id) for alert in found for each in alert.deliveries}
    assert messages == set(receiver.messages)
    bodies: dict[str, set[str]] = {}
    for message, body in receiver.attempts:
        bodies.setdefault(message, set()).add(repr(body))
    assert all(len(each) == 1 for each in bodies.values())
