"""PagerDuty, Alertmanager and webhooks: what they hold afterwards, and what a repeated message changes."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook

from monitor.clients.channels.sender import ChannelSender
from monitor.domain.notifications.notification import Attempt, Outcome
from servers.receivers import vendors
from servers.receivers.http_receiver import HttpReceiver, Reply, json_reply
from servers.receivers.notifications import a_channel, a_notification, an_alert
from shared.security.addresses import AddressRule

OLD_SECRET = "whsec_" + base64.b64encode(b"o" * 24).decode()


@pytest.fixture(scope="module")
def sender() -> ChannelSender:
    return ChannelSender(AddressRule.of(["localhost"]), timeout_s=5)


def attempt(number: int = 1) -> Attempt:
    return Attempt("0198-delivery", datetime.now(UTC), number)


def fresh(**changes: Any) -> Any:
    return an_alert(started_at=datetime.now(UTC) - timedelta(minutes=5), **changes)


async def test_an_incident_is_opened_acknowledged_and_resolved(sender: ChannelSender) -> None:
    incidents: dict[str, str] = {}
    async with vendors.pagerduty(incidents).serving() as server:
        channel = a_channel("pagerduty", options={"url": f"{server.url}/v2/enqueue"})
        key = {"routing_key": vendors.ROUTING_KEY}
        for status, state in (
            ("firing", "triggered"),
            ("firing", "triggered"),
            ("acknowledged", "acknowledged"),
            ("resolved", "resolved"),
        ):
            told = a_notification(fresh(status=status, fingerprint="f" * 300))
            assert await sender.send(channel, key, told, attempt()) == Outcome.sent()
            assert list(incidents.values()) == [state]
        assert (await sender.send(channel, key, a_notification(fresh(), is_test=True), attempt())).state == "sent"
        assert set(incidents.values()) == {"resolved"}
        refused = await sender.send(channel, {"routing_key": "f" * 32}, a_notification(), attempt())
    assert refused.state == "channel_dead"
    assert "f" * 32 not in refused.reason


@pytest.mark.parametrize(
    ("reply", "state", "after"),
    [
        (json_reply({"status": "invalid event", "errors": ["bad"]}, 400), "rejected", None),
        (Reply(429, b""), "retry", 60.0),
        (Reply(429, b"", {"retry-after": "7"}), "retry", 7.0),
        (Reply(503, b""), "retry", None),
        (Reply(200, b"<html>"), "retry", None),
        (Reply(413, b""), "rejected", None),
    ],
)
async def test_pagerduty_says_no(reply: Reply, state: str, after: float | None, sender: ChannelSender) -> None:
    async with vendors.pagerduty({}).serving() as server:
        server.override.append(reply)
        channel = a_channel("pagerduty", options={"url": server.url})
        outcome = await sender.send(channel, {"routing_key": vendors.ROUTING_KEY}, a_notification(), attempt())
    assert (outcome.state, outcome.after_s) == (state, after)


async def test_alertmanager_holds_one_alert_until_it_ends(sender: ChannelSender) -> None:
    held: dict[Any, Any] = {}
    async with vendors.alertmanager(held).serving() as server:
        channel = a_channel("alertmanager", options={"url": f"{server.url}/", "labels": {"team": "ml"}})
        odd = {"1st col": "a", "severity": "mine", "empty": "", "größe": "ä"}
        for status, ended in (("firing", None), ("firing", None), ("resolved", datetime.now(UTC))):
            told = a_notification(fresh(status=status, ended_at=ended, labels=odd))
            assert await sender.send(channel, {"token": "t0k"}, told, attempt()) == Outcome.sent()
            (alert,) = held.values()
            is_over = datetime.fromisoformat(alert["endsAt"]) <= datetime.now(UTC)
            assert is_over == (status == "resolved")
        many = a_notification(*(fresh(number=number, labels={"n": str(number)}) for number in range(1000)))
        assert (await sender.send(channel, {"token": "t0k"}, many, attempt())).state == "sent"
    assert alert["labels"] == {
        "alertname": "drift-of-features",
        "severity": "critical",
        "service": "wine-quality",
        "project": "default",
        "team": "ml",
        "_1st_col": "a",
        "label_severity": "mine",
        "gr__e": "ä",
    }
    assert len(held) == 1001
    assert server.received[0].headers["authorization"] == "Bearer t0k"
    assert [request.path for request in server.received] == ["/api/v2/alerts"] * 5


async def test_alertmanager_says_no(sender: ChannelSender) -> None:
    async with vendors.alertmanager({}).serving() as server:
        channel = a_channel("alertmanager", options={"url": server.url})
        states = []
        for reply in (json_reply("bad", 400), Reply(500), Reply(401), Reply(204), Reply(429), Reply(301)):
            server.override.append(reply)
            states.append((await sender.send(channel, {}, a_notification(), attempt())).state)
    assert states == ["rejected", *["retry"] * 5]


async def test_a_webhook_is_verified_by_the_reference_and_known_again(sender: ChannelSender) -> None:
    async with vendors.webhook().serving() as server:
        channel = a_channel("webhook", options={"url": f"{server.url}/in"})
        for number in (1, 2):
            secrets = {"secret": vendors.WEBHOOK_SECRET, "token": "t0k"}
            assert (await sender.send(channel, secrets, a_notification(), attempt(number))).state == "sent"
        first, second = server.received
        assert first.headers["webhook-id"] == second.headers["webhook-id"] == "0198-delivery"
        assert first.body == second.body
        wrong = {"secret": OLD_SECRET}
        assert (await sender.send(channel, wrong, a_notification(), attempt())).state == "retry"
        rotating = {"secret": OLD_SECRET, "previous_secret": vendors.WEBHOOK_SECRET}
        assert (await sender.send(channel, rotating, a_notification(), attempt())).state == "sent"
        rotated = server.received[-1]
    assert Webhook(OLD_SECRET).verify(rotated.body, rotated.headers)["type"] == "alert.firing"
    assert len(rotated.headers["webhook-signature"].split()) == 2


async def test_a_bridge_gets_what_alertmanager_posts(sender: ChannelSender) -> None:
    async with HttpReceiver(lambda _: Reply(200)).serving() as server:
        channel = a_channel("webhook", options={"url": server.url, "format": "alertmanager"})
        told = a_notification(an_alert(0), an_alert(1, status="resolved", ended_at=datetime(2026, 11, 27, tzinfo=UTC)))
        assert (await sender.send(channel, {}, told, attempt())).state == "sent"
    body = server.received[0].json()
    assert {"version", "groupKey", "truncatedAlerts", "status", "receiver", "groupLabels", "commonLabels"} < set(body)
    assert {"commonAnnotations", "externalURL", "alerts"} < set(body)
    assert (body["version"], body["status"], body["receiver"]) == ("4", "firing", "team")
    assert body["groupKey"] == '{}:{alertname="drift-of-features", service="wine-quality"}'
    assert [alert["endsAt"] for alert in body["alerts"]] == ["0001-01-01T00:00:00Z", "2026-11-27T00:00:00.000Z"]
    assert "webhook-signature" not in server.received[0].headers


@pytest.mark.parametrize(
    ("status", "state"),
    [(200, "sent"), (204, "sent"), (410, "channel_dead"), (400, "rejected"), (422, "rejected")]
    + [(status, "retry") for status in (304, 307, 401, 403, 404, 408, 429, 500, 502, 503, 504)],
)
async def test_webhooks_answer_by_status(status: int, state: str, sender: ChannelSender) -> None:
    until = (datetime.now(UTC) + timedelta(minutes=2)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    async with HttpReceiver(lambda _: Reply(status, b"", {"retry-after": until})).serving() as server:
        channel = a_channel("webhook", options={"url": server.url})
        outcome = await sender.send(channel, {"secret": OLD_SECRET}, a_notification(), attempt())
    assert outcome.state == state
    if state == "retry" and status >= 400:
        assert 100 < (outcome.after_s or 0) <= 120
