"""A real Alertmanager: it holds what it is sent, and what it tells its webhooks is what ours are told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.clients.channels.sender import ChannelSender
from monitor.domain.notifications.notification import Attempt, Outcome
from servers.receivers.alertmanager_process import AlertmanagerProcess, alertmanager_program
from servers.receivers.http_receiver import HttpReceiver, Reply
from servers.receivers.notifications import a_channel, a_notification, an_alert
from shared.security.addresses import AddressRule
from waiting.eventually import eventually

pytestmark = pytest.mark.skipif(alertmanager_program() is None, reason="no Alertmanager is installed")


def attempt() -> Attempt:
    return Attempt("0198-delivery", datetime.now(UTC))


async def test_an_alert_comes_and_goes_and_webhooks_look_alike(tmp_path: Path) -> None:
    sender = ChannelSender(AddressRule.of(["localhost", "127.0.0.1"]))
    alertmanager = AlertmanagerProcess(tmp_path)
    program = alertmanager_program()
    assert program is not None
    async with HttpReceiver(lambda _: Reply()).serving() as theirs, HttpReceiver(lambda _: Reply()).serving() as ours:
        alertmanager.start(program, f"http://127.0.0.1:{theirs.port}/")
        try:
            channel = a_channel("alertmanager", options={"url": alertmanager.url, "labels": {"team": "ml"}})
            labels = {"1st": "a", "severity": "<b> ä"}
            alert = an_alert(started_at=datetime.now(UTC) - timedelta(minutes=5), labels=labels)
            for _ in range(2):
                assert await sender.send(channel, {}, a_notification(alert), attempt()) == Outcome.sent()
            (held,) = alertmanager.alerts()
            assert held["labels"]["label_severity"] == "<b> ä"
            await eventually(lambda: len(theirs.received) == 1)
            resolved = replace(alert, status="resolved", ended_at=datetime.now(UTC))
            assert await sender.send(channel, {}, a_notification(resolved), attempt()) == Outcome.sent()
            assert alertmanager.alerts() == []
            await eventually(lambda: len(theirs.received) == 2)
        finally:
            alertmanager.kill()
        bridge = a_channel("webhook", options={"url": ours.url, "format": "alertmanager"})
        assert await sender.send(bridge, {}, a_notification(alert), attempt()) == Outcome.sent()
    await sender.close()
    real, own = theirs.received[0].json(), ours.received[0].json()
    assert {name: type(value) for name, value in real.items()} == {name: type(value) for name, value in own.items()}
    assert set(real["alerts"][0]) == set(own["alerts"][0])
    for name in ("version", "groupKey", "status", "groupLabels", "commonAnnotations", "truncatedAlerts"):
        assert real[name] == own[name]
    assert [request.json()["status"] for request in theirs.received] == ["firing", "resolved"]
