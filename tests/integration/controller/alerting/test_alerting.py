"""What people define about alerts: who may, what is refused, what the monitor is told, and that no credential shows."""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from controller.handlers.alerting.channels import channel_credentials
from controller.handlers.alerting.definitions import alerting_definitions
from operations.someone import someone
from running_services.running_controller import Controller
from servers.nats_process import NatsProcess
from shared.bus import Bus
from shared.bus.envelope import headers_of, subject_of
from shared.clock import SystemClock
from shared.contracts.alerting.alerts import (
    Acknowledgement,
    AlertDetail,
    AlertEntry,
    AlertingDefinitions,
    AlertingQuery,
    AlertPage,
    AlertQuery,
    AlertsQuery,
    ChannelHealth,
    ChannelHealths,
    ChannelTest,
    ChannelTestQuery,
)
from shared.contracts.rpc.alerts import ACKNOWLEDGE_ALERT, ALERT, ALERTS, CHANNEL_HEALTHS, TEST_CHANNEL
from shared.errors import NotFound
from shared.events import AlertRaised
from waiting.eventually import eventually

HOOK = "https://hooks.slack.com/services/T000/B000/a-token-nobody-may-see"
SECRET = {"name": "hook", "kind": "slack", "data": {"url": HOOK}}
ROUTE = {"min_severity": "critical", "matchers": [{"name": "service", "value": "wine"}], "repeat_interval": "PT1H"}
TEAM: dict[str, Any] = {"name": "team", "kind": "slack", "secret": "hook", "route": ROUTE}
BAD_MATCHER = {"name": "a", "value": "(", "is_regex": True}
SILENCE: dict[str, Any] = {"matchers": [{"name": "column", "value": "al.*", "is_regex": True}], "comment": "known"}


def later(**span: float) -> str:
    return (datetime.now(UTC) + timedelta(**span)).isoformat()


@pytest.fixture
async def stored(make_controller: Any) -> Controller:
    """The controller on a database of each kind, without a bus."""
    controller: Controller = await make_controller()
    await controller.call("POST", "/services", 201, json={"name": "wine"})
    return controller


async def told(controller: Controller, known: str | None = None) -> AlertingDefinitions:
    deps = controller.app.dependencies
    return await alerting_definitions(deps.database, AlertingQuery(known=known), "http://c", deps.clock.now())


async def test_channels_silences_and_maintenance_reach_the_monitor_and_no_credential_shows(
    stored: Controller, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    assert "no secret 'hook'" in (await stored.call("POST", "/channels", 400, json=TEAM))["message"]
    await stored.call("POST", "/secrets", 201, json=SECRET)
    made = await stored.call("POST", "/channels", 201, json=TEAM)
    assert (made["route"]["repeat_interval"], made["state"], made["revision"]) == ("PT1H", "unknown", 1)
    await stored.call("POST", "/channels", 409, json=TEAM)
    silence = await stored.call("POST", "/silences", 201, json=SILENCE | {"ends_at": later(hours=2)})
    nightly = {"name": "nightly", "service": "wine", "schedule": "0 2 * * *", "duration": "PT2H"}
    window = await stored.call("POST", "/maintenance-windows", 201, json=nightly)
    assert (window["project"], window["service"], window["duration"]) == ("default", "wine", "PT2H")

    found = await told(stored)
    (routed,) = found.channels
    assert (routed.channel.name, routed.route.repeat_interval_s, routed.secret_revision) == ("team", 3600, 1)
    assert (found.silences[0].id, found.maintenance[0].service) == (UUID(silence["id"]), "wine")
    assert (found.projects, found.maintenance[0].duration_s) == ({"wine": "default"}, 7200)
    assert (await told(stored, found.revision)).is_unchanged
    deps = stored.app.dependencies
    held = await channel_credentials(deps.database, deps.vault, routed.channel.id)
    assert held.values == {"url": HOOK}

    definition = {name: value for name, value in TEAM.items() if name != "name"}
    stale = {"if-match": '"7"'}
    await stored.call("PUT", "/channels/team", 412, json=definition, headers=stale)
    changed = await stored.call("PUT", "/channels/team", json=definition | {"paused": True, "language": "zh"})
    assert (changed["paused"], changed["revision"]) == (True, 2)
    assert (await told(stored, found.revision)).channels[0].channel.is_paused
    assert "channel team" in (await stored.call("DELETE", "/secrets/hook", 409))["message"]
    put = {name: SILENCE[name] for name in ("matchers", "comment")} | {"ends_at": later(hours=5)}
    await stored.call("PUT", f"/silences/{silence['id']}", 412, json=put, headers=stale)
    await stored.call("PUT", f"/silences/{silence['id']}", json=put)
    await stored.call("DELETE", f"/silences/{silence['id']}", 204)
    assert [one["state"] for one in (await stored.call("GET", "/silences?state=expired"))["items"]] == ["expired"]
    assert (await stored.call("GET", "/silences?state=active"))["items"] == []
    await stored.call("PUT", "/maintenance-windows/nightly", json={"ends_at": later(hours=1)})
    await stored.call("DELETE", "/services/wine", 204)
    await stored.call("GET", "/maintenance-windows/nightly", 404)
    await stored.call("POST", "/channels/team/test", 503)
    await stored.call("DELETE", "/channels/team", 204)
    with pytest.raises(NotFound):
        await channel_credentials(deps.database, deps.vault, routed.channel.id)
    last = await told(stored)
    assert (last.channels, last.silences, last.maintenance, last.projects) == ((), (), (), {})
    audit = (await stored.call("GET", "/audit"))["items"]
    kinds = [line["resource_kind"] for line in audit]
    assert [kinds.count(kind) for kind in ("channel", "silence", "maintenance window")] == [4, 3, 3]
    assert HOOK not in json.dumps([made, changed, audit]) + caplog.text + found.model_dump_json() + repr(held)


async def test_what_cannot_be_meant_is_refused(lone: Controller) -> None:
    hook: dict[str, Any] = {"name": "a", "kind": "webhook", "options": {"url": "https://example.com/x"}}
    for path, body, why in (
        ("/channels", hook | {"kind": "fax"}, "kind"),
        ("/channels", hook, "needs a secret"),
        ("/channels", hook | {"options": {"url": "ftp://x"}}, "options"),
        ("/channels", hook | {"options": {"url": "https://example.com/x", "colour": 1}}, "options"),
        ("/channels", hook | {"kind": "event", "options": {}, "secret": "hook"}, "has no secret"),
        ("/channels", hook | {"secret": "hook", "time_zone": "Mars/Olympus"}, "IANA"),
        ("/channels", hook | {"secret": "hook", "route": {"repeat_interval": "PT1S"}}, "PT1M"),
        ("/channels", hook | {"secret": "hook", "route": {"matchers": [BAD_MATCHER]}}, "RE2"),
        ("/channels", hook | {"kind": "event", "options": {}, "rate": 3}, "rate"),
        ("/silences", SILENCE | {"ends_at": later(hours=-1)}, "in the past"),
        ("/silences", SILENCE | {"ends_at": later(days=400)}, "366 days"),
        ("/silences", {"matchers": [], "ends_at": later(hours=1)}, "at least 1"),
        ("/maintenance-windows", {"name": "w"}, "ends_at, or schedule"),
        ("/maintenance-windows", {"name": "w", "schedule": "PT1H", "duration": "PT1H"}, "five fields"),
        ("/maintenance-windows", {"name": "w", "schedule": "61 * * * *", "duration": "PT1H"}, "schedule"),
        ("/maintenance-windows", {"name": "w", "schedule": "0 2 * * *", "duration": "P99D"}, "P31D"),
        ("/secrets", {"name": "s", "kind": "slack", "data": {"token": "x"}}, "credentials: url"),
        ("/secrets", {"name": "s", "kind": "pagerduty", "data": {"routing_key": "no"}}, "integration key"),
    ):  # fmt: skip
        refused = await lone.call("POST", path, 400, json=body)
        assert why in json.dumps(refused), (body, refused)
    await lone.call("POST", "/secrets", 201, json=SECRET | {"kind": "opaque"})
    assert "of the kind opaque" in (await lone.call("POST", "/channels", 400, json=TEAM))["message"]
    await lone.call("GET", "/alerts?colour=red", 400)
    await lone.call("GET", "/alerts?state=odd", 400)
    await lone.call("GET", "/alerts", 503)


async def test_whose_they_are(lone: Controller, monkeypatch: pytest.MonkeyPatch) -> None:
    for project in ("red", "blue"):
        await lone.call("POST", "/projects", 201, json={"name": project})
    await lone.call("POST", "/services", 201, json={"name": "wine", "project": "red"})
    admin, editor = await someone(lone, "ada", red="admin"), await someone(lone, "ed", red="editor")
    other = await someone(lone, "eve", blue="admin")
    bus = {"name": "bus", "kind": "event", "project": "red"}
    assert await editor.status("POST", "/channels", json=bus) == 403
    assert await admin.status("POST", "/channels", json=bus | {"project": None}) == 403
    assert await admin.status("POST", "/channels", json=bus) == 201
    await lone.call("POST", "/channels", 201, json={"name": "all", "kind": "event"})
    assert [one["name"] for one in (await other.ask("GET", "/channels")).json()["items"]] == ["all"]
    assert [one["name"] for one in (await editor.ask("GET", "/channels")).json()["items"]] == ["all", "bus"]
    for verb, path in (("GET", "/channels/bus"), ("DELETE", "/channels/bus"), ("POST", "/channels/bus/test")):
        assert await other.status(verb, path) == 404
    assert await admin.status("DELETE", "/channels/all") == 403
    silence = SILENCE | {"ends_at": later(hours=1)}
    assert await editor.status("POST", "/silences", json=silence) == 403
    monkeypatch.setattr("controller.handlers.alerting.silences.MOST_OF_PROJECT", 1)
    mine = (await editor.ask("POST", "/silences", json=silence | {"project": "red"})).json()
    assert await editor.status("POST", "/silences", json=silence | {"project": "red"}) == 409
    assert await other.status("GET", f"/silences/{mine['id']}") == 404
    assert await other.status("DELETE", f"/silences/{mine['id']}") == 404
    window = {"name": "w", "service": "wine", "ends_at": later(hours=1)}
    assert await other.status("POST", "/maintenance-windows", json=window) == 404
    assert await editor.status("POST", "/maintenance-windows", json=window | {"service": None}) == 403
    assert await editor.status("POST", "/maintenance-windows", json=window) == 201
    await lone.call("DELETE", "/services/wine", 204)
    assert "channels" in (await lone.call("DELETE", "/projects/red", 409))["message"]
    await lone.call("DELETE", "/channels/bus", 204)
    await lone.call("DELETE", "/projects/red", 204)
    assert (await lone.call("GET", "/silences"))["items"] == []


ALERT_ID = UUID(int=5)
ALERT_FIELDS: dict[str, Any] = {
    **{"id": ALERT_ID, "fingerprint": "f", "service": "wine", "project": "default", "monitor": "drift"},
    **{"kind": "drift", "labels": {}, "state": "open", "severity": "critical", "summary": "moved"},
    **{"evidence": {"psi": 0.4}, "revision": 1},
}


class OneAlert:
    """The monitor, as far as routes ask it: it knows one alert, and every channel is dead."""

    def __init__(self, at: datetime) -> None:
        self.fields = ALERT_FIELDS | {"opened_at": at, "updated_at": at}
        self.channels: list[UUID] = []
        self.asked: list[Any] = []

    def serve(self, bus: Bus) -> None:
        for method, answer in (
            (ALERTS, self.alerts), (ALERT, self.alert), (ACKNOWLEDGE_ALERT, self.acknowledge),
            (TEST_CHANNEL, self.test), (CHANNEL_HEALTHS, self.healths),
        ):  # fmt: skip
            bus.serve(method, answer)

    async def alerts(self, query: AlertsQuery) -> AlertPage:
        self.asked.append(query)
        return AlertPage(items=(AlertEntry(**self.fields),), next_cursor="c")

    async def alert(self, query: AlertQuery) -> AlertDetail:
        if query.id != ALERT_ID:
            raise NotFound("There is no such alert")
        return AlertDetail(**self.fields)

    async def acknowledge(self, command: Acknowledgement) -> AlertEntry:
        self.asked.append(command)
        return AlertEntry(**self.fields | {"state": "acknowledged"})

    async def test(self, query: ChannelTestQuery) -> ChannelTest:
        self.asked.append(query)
        return ChannelTest(state="rejected", reason="invalid_payload")

    async def healths(self, _: Any) -> ChannelHealths:
        found = (ChannelHealth(id=channel, state="dead", reason="gone", waiting=2) for channel in self.channels)
        return ChannelHealths(items=tuple(found))

    def raised(self) -> AlertRaised:
        common = {name: self.fields[name] for name in ("fingerprint", "service", "monitor", "kind", "severity")}
        return AlertRaised(
            alert_id=ALERT_ID,
            revision=1,
            labels={},
            evidence={},
            summary="moved",
            opened_at=self.fields["opened_at"],
            **common,
        )


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
async def test_alerts_are_the_monitors(make_controller: Any, nats_server: NatsProcess) -> None:
    controller: Controller = await make_controller(nats_server.url)
    controller.start()
    await controller.call("POST", "/projects", 201, json={"name": "red"})
    now = SystemClock().now()
    monitor = OneAlert(now)
    bus = Bus("monitor", nats_server.url, clock=SystemClock())
    monitor.serve(bus)
    running = asyncio.create_task(bus.run())
    await asyncio.wait_for(bus.connected(), 30)
    await asyncio.wait_for(controller.app.dependencies.bus.connected(), 30)
    made = await controller.call("POST", "/channels", 201, json={"name": "bus", "kind": "event"})
    monitor.channels.append(UUID(made["id"]))
    viewer = await someone(controller, "vic", default="viewer")
    stranger = await someone(controller, "eve", red="admin")
    page = await controller.call("GET", "/alerts?state=open&service=wine&severity=critical&page_size=7")
    assert (page["items"][0]["evidence"], page["next_cursor"]) == ({"psi": 0.4}, "c")
    await viewer.ask("GET", "/alerts")
    assert [(query.projects, query.limit, query.state) for query in monitor.asked] == [
        (None, 7, "open"),
        (("default",), 100, None),
    ]
    path = f"/alerts/{ALERT_ID}"
    assert (await controller.call("GET", path))["deliveries"] == []
    assert [await viewer.status("GET", path), await stranger.status("GET", path)] == [200, 404]
    assert [await one.status("POST", f"{path}/acknowledge", json={}) for one in (viewer, stranger)] == [403, 404]
    taken = await controller.call("POST", f"{path}/acknowledge", json={"comment": "on it"})
    assert (taken["state"], monitor.asked[-1].comment, monitor.asked[-1].by) == ("acknowledged", "on it", "admin")
    await controller.call("GET", f"/alerts/{UUID(int=6)}", 404)
    assert (await controller.call("POST", "/channels/bus/test"))["reason"] == "invalid_payload"
    assert monitor.asked[-1].routed.channel.name == "bus"
    (listed,) = (await controller.call("GET", "/channels"))["items"]
    assert (listed["state"], listed["waiting"]) == ("dead", 2)
    changes, since = controller.app.dependencies.changes, controller.app.dependencies.changes.last_id
    raised = monitor.raised()
    headers = headers_of(raised, event_id=UUID(int=8), source="monitor", at=now)
    body = raised.model_dump_json().encode()
    await bus.js.publish(subject_of(raised), body, stream="EVENTS", headers=headers)
    await eventually(lambda: any(change.kind == "alert" for _, change in changes.since(since) or ()))
    actions = {line["action"] for line in (await controller.call("GET", "/audit"))["items"]}
    assert {"acknowledged", "tested"} <= actions
    running.cancel()
    await asyncio.wait({running}, timeout=10)
