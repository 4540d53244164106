"""Who may say and hear what, against a real nats-server that runs the generated configuration."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import nats
import nats.js.errors
import pytest
from nats.aio.client import Client as Nats
from nats.aio.msg import Msg
from nats.js.api import ConsumerConfig, DeliverPolicy

from penstock.launcher.bus import config as nats_config
from penstock.launcher.bus import rights as bus_rights
from penstock.launcher.bus.health import BusHealth
from penstock.launcher.home import Home, Ports
from penstock.launcher.process import Probe
from penstock.launcher.processes import nats_server
from penstock.launcher.watch.readiness import is_serving
from servers.ports import free_port
from shared.bus import Bus as ServiceBus
from shared.bus.bootstrap import ensure_topology
from shared.bus.topology import DURABLES
from shared.clock import SystemClock
from shared.contracts.rpc.method import Nothing
from shared.contracts.rpc.scheduler import PODS, RESTART_POD, PodRef, PodsQuery
from shared.errors import Unavailable


@dataclass
class Bus:
    """A running server and the passwords of its users."""

    home: Home
    credentials: nats_config.Credentials

    def url(self, user: str) -> str:
        return self.credentials.url(user, f"127.0.0.1:{self.home.ports.nats}")

    @asynccontextmanager
    async def client(self, user: str) -> AsyncIterator[Session]:
        session = Session()

        async def note(error: Exception) -> None:
            session.errors.append(str(error))

        url = self.url(user)
        inbox = "_INBOX" if user == bus_rights.SUBSCRIBER else f"_INBOX.svc.{user}"
        session.nc = await nats.connect(url, error_cb=note, allow_reconnect=False, inbox_prefix=inbox)
        try:
            yield session
        finally:
            await session.nc.close()


@dataclass
class Session:
    nc: Nats = field(default_factory=Nats)
    errors: list[str] = field(default_factory=list)

    async def may_publish(self, subject: str) -> bool:
        """The server answers a refused publish with an error before it answers the flush that follows."""
        before = len(self.errors)
        await self.nc.publish(subject, b"{}")
        await self.settled()
        return len(self.errors) == before

    async def settled(self) -> None:
        """All is with the server, and what it complained of was told.

        nats-py's first PING overtakes what was not yet sent; an error is told in a task that has run before the second
        answer.
        """
        await self.nc.flush()
        await self.nc.flush()

    async def may_subscribe(self, subject: str) -> bool:
        before = len(self.errors)
        subscription = await self.nc.subscribe(subject)
        await self.settled()
        allowed = len(self.errors) == before
        if allowed:
            await subscription.unsubscribe()
        return allowed


@pytest.fixture(scope="module")
def bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bus]:
    home = Home(tmp_path_factory.mktemp("home"), Ports(nats=free_port()))
    home.create()
    config, credentials = nats_config.write(home)
    server = subprocess.Popen([nats_server(), "-c", str(config)], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 10
        while not asyncio.run(is_serving(Probe("nats", home.ports.nats))):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        asyncio.run(streams(Bus(home, credentials)))
        yield Bus(home, credentials)
    finally:
        server.terminate()
        server.wait(10)


async def streams(bus: Bus) -> None:
    """Every service runs its bootstrap with the rights that it has; one event is there already."""
    for user in bus_rights.SERVICES:
        async with bus.client(user) as session:
            await ensure_topology(
                session.nc.jetstream(),
                [durable for durable in DURABLES if durable.service == user],
                owns_streams=user == bus_rights.STREAM_OWNER,
            )
            assert session.errors == [], user
    async with bus.client("controller") as controller:
        await controller.nc.jetstream().publish("penstock.events.version.created.v1", b"{}", stream="EVENTS")


ALLOWED: dict[str, set[str]] = {
    "$KV.routes.intent.wine": {"controller"},
    "$KV.routes.keys.wine": {"controller"},
    "$KV.routes.endpoints.1": {"scheduler"},
    "penstock.requests.v1.wine": {"router"},
    "penstock.logs.v1.wine.v1.p": {"scheduler"},
    "penstock.metrics.v1.r": {"scheduler", "router", "inference-logger"},
    "penstock.rpc.scheduler.pods": {"controller"},
    "penstock.rpc.controller.registry_access": {"scheduler"},
    "penstock.rpc.controller.image_secret": {"scheduler"},
    "penstock.rpc.router.reach": {"scheduler"},
    "_INBOX.svc.scheduler.x": {"controller", "router"},
    "penstock.rpc.monitor.logs": {"controller"},
    "penstock.dead.v1.monitor-events": {"monitor"},
    "_INBOX.svc.controller.x": {"scheduler", "router", "monitor", "inference-logger", "controller"},
    "_INBOX.svc.router.x": {"controller"},
    "$JS.API.STREAM.UPDATE.METRICS": {"controller"},
    "$JS.API.STREAM.UPDATE.KV_routes": {"controller"},
    "$JS.API.STREAM.CREATE.other": set(),
    "$JS.API.STREAM.MSG.DELETE.EVENTS": set(),
    "$JS.API.CONSUMER.DELETE.EVENTS.monitor-events": set(),
    "$JS.API.CONSUMER.DELETE.METRICS.controller-key-use": set(),
    "$JS.API.CONSUMER.DURABLE.CREATE.METRICS.controller-key-use": {"controller"},
    "$JS.API.CONSUMER.CREATE.METRICS.controller-key-use": {"controller"},
    "$JS.API.CONSUMER.CREATE.METRICS": set(),
    "$JS.API.CONSUMER.MSG.NEXT.METRICS.controller-key-use": {"controller"},
    "$JS.ACK.METRICS.controller-key-use.1.1.1.1.1": {"controller"},
    "$JS.API.DIRECT.GET.KV_routes.$KV.routes.keys.wine": {"controller", "scheduler", "router"},
    "$JS.API.STREAM.MSG.GET.KV_routes": {"controller", "scheduler", "router"},
    "$JS.API.CONSUMER.CREATE.KV_routes": {"controller", "scheduler", "router"},
    "$JS.API.STREAM.MSG.GET.REQUESTS": {"inference-logger"},
    "$JS.API.CONSUMER.CREATE.REQUESTS": {"inference-logger"},
    "$JS.API.STREAM.PURGE.REQUESTS": {"inference-logger"},
    "$JS.API.STREAM.PURGE.EVENTS": set(),
    "$JS.API.STREAM.DELETE.NONE": set(),
    "anything.else": set(),
} | {f"penstock.events.{fact}.v1": {user} for user, facts in bus_rights.PRODUCES.items() for fact in facts}
"""Subject → who may publish to it."""


@pytest.mark.parametrize("user", [*bus_rights.SERVICES, bus_rights.SUBSCRIBER])
async def test_each_says_only_what_is_its_own(bus: Bus, user: str) -> None:
    async with bus.client(user) as session:
        said = {subject for subject in ALLOWED if await session.may_publish(subject)}

    assert said == {subject for subject, speakers in ALLOWED.items() if user in speakers}


async def test_questions_are_answered_by_their_owner_alone(bus: Bus) -> None:
    for user in (*bus_rights.SERVICES, bus_rights.SUBSCRIBER):
        async with bus.client(user) as session:
            assert await session.may_subscribe("penstock.rpc.scheduler.pods") == (user == "scheduler")


async def test_lines_of_logs_are_heard_live_by_the_controller_alone(bus: Bus) -> None:
    for user in (*bus_rights.SERVICES, bus_rights.SUBSCRIBER):
        async with bus.client(user) as session:
            for subject in ("penstock.logs.v1.wine.*.*", "penstock.logs.v1.wine.v1.wine-v1-0"):
                assert await session.may_subscribe(subject) == (user == "controller"), (user, subject)


async def test_the_subscriber_reads_events_and_requests_and_no_more(bus: Bus) -> None:
    async with bus.client("subscriber") as session:
        for subject in ("penstock.events.>", "penstock.requests.v1.wine"):
            assert await session.may_subscribe(subject)
        for subject in (
            ">",
            "penstock.>",
            "penstock.rpc.>",
            "$KV.routes.>",
            "_INBOX.svc.controller.>",
            "penstock.logs.>",
            "$SYS.>",
        ):
            assert not await session.may_subscribe(subject), subject


async def test_the_subscriber_follows_what_happens(bus: Bus) -> None:
    async with bus.client("subscriber") as session, bus.client("controller") as controller:
        seen: asyncio.Queue[Msg] = asyncio.Queue()
        await session.nc.subscribe("penstock.events.version.>", cb=seen.put)
        await session.settled()
        await controller.nc.publish("penstock.events.version.deleted.v1", b"gone")

        message = await asyncio.wait_for(seen.get(), 30)

    assert message.data == b"gone"


async def test_the_subscriber_cannot_hear_what_services_answer(bus: Bus) -> None:
    async with bus.client("subscriber") as session, bus.client("scheduler") as scheduler:
        heard: asyncio.Queue[Msg] = asyncio.Queue()
        await session.nc.subscribe("_INBOX.>", cb=heard.put)
        await session.settled()
        await scheduler.nc.publish("_INBOX.svc.controller.abc.1", b"secret")
        await scheduler.settled()
        stream = await session.nc.jetstream().stream_info("EVENTS")  # its answer comes to this inbox, too, and after it
        await session.settled()

    assert stream.config.name == "EVENTS"
    answers = [heard.get_nowait() for _ in range(heard.qsize())]
    assert [message.data for message in answers if message.data == b"secret"] == []
    assert answers


async def test_the_subscriber_reads_the_past_with_consumers_of_its_own(bus: Bus) -> None:
    async with bus.client("subscriber") as session:
        js = session.nc.jetstream()
        named = ConsumerConfig(name="ordered")
        ordered = await js.subscribe("penstock.events.>", stream="EVENTS", ordered_consumer=True, config=named)
        assert (await ordered.next_msg(5)).subject == "penstock.events.version.created.v1"
        config = ConsumerConfig(name="outsider", deliver_policy=DeliverPolicy.ALL, inactive_threshold=30)
        info = await js.add_consumer("EVENTS", config)
        pull = await js.pull_subscribe_bind(info.name, stream="EVENTS")
        assert [m.data for m in await pull.fetch(1, timeout=5)] == [b"{}"]


async def test_the_subscriber_cannot_touch_the_services_consumers(bus: Bus) -> None:
    async with bus.client("subscriber") as session:
        for subject in (
            "$JS.API.CONSUMER.CREATE.EVENTS.monitor-events",
            "$JS.API.CONSUMER.CREATE.EVENTS.monitor-events.penstock.events.>",
            "$JS.API.CONSUMER.DURABLE.CREATE.EVENTS.monitor-events",
            "$JS.API.CONSUMER.CREATE.EVENTS",  # the name would stand in the body
            "$JS.API.CONSUMER.MSG.NEXT.EVENTS.monitor-events",
            "$JS.API.CONSUMER.DELETE.EVENTS.monitor-events",
            "$JS.ACK.EVENTS.monitor-events.1.1.1.1.1",
        ):
            assert not await session.may_publish(subject), subject


@pytest.mark.parametrize("user", bus_rights.SERVICES)
async def test_a_service_joins_the_bus_with_the_rights_that_it_has(bus: Bus, user: str, caplog: Any) -> None:
    joining = ServiceBus(user, bus.url(user), clock=SystemClock())
    running = asyncio.create_task(joining.run())
    await asyncio.wait_for(joining.connected(), 30)
    if user == "controller":
        with pytest.raises(Unavailable):  # nobody answers, and that it hears at once
            await joining.call(PODS, PodsQuery(version_id=UUID(int=1)))
    for bucket in (stream.removeprefix("KV_") for stream in bus_rights.READS[user] if stream.startswith("KV_")):
        await joining.kv(bucket).list_all()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert [r.getMessage() for r in caplog.records if "violation" in r.getMessage()] == []


@pytest.mark.parametrize("group", ["scheduler", None])
async def test_what_a_push_consumer_delivers_is_no_request(bus: Bus, group: str | None, caplog: Any) -> None:
    asked: list[PodRef] = []

    async def restart(pod: PodRef) -> Nothing:
        asked.append(pod)
        return Nothing()

    scheduler = ServiceBus("scheduler", bus.url("scheduler"), clock=SystemClock())
    scheduler.serve(RESTART_POD, restart)
    controller = ServiceBus("controller", bus.url("controller"), clock=SystemClock())
    running = [asyncio.create_task(one.run()) for one in (scheduler, controller)]
    await asyncio.gather(*(asyncio.wait_for(one.connected(), 30) for one in (scheduler, controller)))
    pod = {"version_id": str(UUID(int=1)), "pod": "wine-v1-0"}
    async with bus.client("subscriber") as outsider, bus.client("scheduler") as speaker:
        delivering = ConsumerConfig(
            name=f"pushed-{group}",
            filter_subject="penstock.events.pod.ready.*",
            deliver_subject=RESTART_POD.subject,
            deliver_group=group,
        )
        await outsider.nc.jetstream().add_consumer("EVENTS", delivering)
        await speaker.nc.jetstream().publish("penstock.events.pod.ready.v1", json.dumps(pod).encode(), stream="EVENTS")
        while not any("reply subject is not a service" in record.getMessage() for record in caplog.records):
            await asyncio.sleep(0.02)

        await controller.call(RESTART_POD, PodRef(version_id=UUID(int=1), pod="asked"), timeout=30)

    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    assert [pod.pod for pod in asked] == ["asked"]


@pytest.mark.parametrize(
    ("listener", "heard", "delivered_to"),
    [
        ("controller", "penstock.logs.v1.wine.*.*", "penstock.logs.v1.wine.v1.forged"),
        ("scheduler", "$KV.routers.>", "$KV.routers.forged"),
        ("controller", "penstock.events.>", "penstock.events.version.failed.v1"),
    ],
)
async def test_a_push_consumer_cannot_deliver_to_what_services_listen_to(
    bus: Bus, listener: str, heard: str, delivered_to: str
) -> None:
    async with bus.client("subscriber") as outsider, bus.client(listener) as service:
        forged: asyncio.Queue[Msg] = asyncio.Queue()
        await service.nc.subscribe(heard, cb=forged.put)
        await service.settled()
        filtered = "penstock.events.version.created.*"
        name = f"to-{delivered_to.replace('.', '-')}"
        js = outsider.nc.jetstream()
        with contextlib.suppress(nats.js.errors.APIError):
            await js.add_consumer(
                "EVENTS", ConsumerConfig(name=name, filter_subject=filtered, deliver_subject=delivered_to)
            )
        # The same event, delivered to where it may be: by then the other consumer has had its turn.
        own = await js.subscribe(filtered, stream="EVENTS", config=ConsumerConfig(name=f"{name}-own"))
        await own.next_msg(30)
        await service.settled()
        assert forged.empty(), forged.get_nowait()


async def test_routes_written_by_their_owner_are_read_by_the_router(bus: Bus) -> None:
    async with bus.client("controller") as controller, bus.client("router") as router:
        await (await controller.nc.jetstream().key_value("routes")).put("intent.wine", b"1")

        assert (await (await router.nc.jetstream().key_value("routes")).get("intent.wine")).value == b"1"
        assert (controller.errors, router.errors) == ([], [])


@pytest.mark.parametrize("login", [b"{}", b'{"user": "router", "pass": "no"}'])
async def test_nobody_enters_without_a_password(bus: Bus, login: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", bus.home.ports.nats)
    await reader.readline()
    writer.write(b"CONNECT " + login + b"\r\nPING\r\n")

    answer = await asyncio.wait_for(reader.readline(), 30)

    assert answer.startswith(b"-ERR 'Authorization Violation'")
    writer.close()


def test_the_configuration_is_private_and_fsyncs(bus: Bus) -> None:
    config = bus.home.path / "nats/nats.conf"
    assert config.stat().st_mode & 0o777 == 0o600
    assert (bus.home.path / "nats-subscriber-url").stat().st_mode & 0o777 == 0o600
    assert '"sync_interval": "always"' in config.read_text()
    assert "max_payload: 8388608" in config.read_text()


async def test_the_example_of_the_docs_prints_what_happens(bus: Bus) -> None:
    url = (bus.home.path / "nats-subscriber-url").read_text().strip()
    script = Path(__file__).parents[3] / "docs/examples/subscribe.py"
    example = await asyncio.create_subprocess_exec(sys.executable, str(script), url, stdout=asyncio.subprocess.PIPE)
    assert example.stdout is not None
    async with bus.client("controller") as controller:
        reading = asyncio.ensure_future(example.stdout.readline())
        while not reading.done():  # until it has subscribed
            await controller.nc.publish("penstock.events.version.created.v1", b"{}", headers={"ce-type": "created"})
            await asyncio.wait({reading}, timeout=0.1)
        assert reading.result() == b"created {}\n"
    example.kill()
    await example.wait()


async def test_the_supervisor_asks_how_the_server_is_and_nothing_else(bus: Bus) -> None:
    health = BusHealth(bus.home.ports.nats, bus.credentials.passwords["supervisor"])

    assert await health.problem() is None
    figures = await health.ask("JSZ", {"accounts": True, "streams": True, "consumer": True})
    assert figures is not None
    assert figures["account_details"][0]["stream_detail"]
    assert await health.ask("CONNZ") is None
    assert await BusHealth(bus.home.ports.nats, "wrong").ask("HEALTHZ") is None
