"""The bus is made what the topology says, again and again, and nothing else is touched."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import nats
import pytest
from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig, DiscardPolicy, StreamConfig

from servers.nats_process import NatsProcess
from shared.bus import bootstrap, topology
from shared.bus.topology import BUCKETS, DURABLES, STREAMS


@pytest.fixture
async def js(nats_server: NatsProcess) -> AsyncIterator[JetStreamContext]:
    nc = await nats.connect(nats_server.url)
    yield nc.jetstream()
    await nc.close()


async def test_everything_of_the_topology_is_made_once(js: JetStreamContext) -> None:
    made = await bootstrap.ensure_topology(js)

    assert len(made) == len(STREAMS) + len(BUCKETS) + len(DURABLES)
    assert await bootstrap.ensure_topology(js) == []


async def test_requests_refuse_when_full_and_never_age(js: JetStreamContext) -> None:
    await bootstrap.ensure_topology(js)

    config = (await js.stream_info("REQUESTS")).config

    assert config.discard == DiscardPolicy.NEW
    assert not config.max_age
    assert config.max_bytes is not None
    assert config.max_bytes > 0
    assert config.duplicate_window == 120


async def test_a_stream_with_other_limits_is_brought_back(js: JetStreamContext) -> None:
    await js.add_stream(StreamConfig(name="LOGS", subjects=["penstock.logs.v1.>"], max_bytes=1024, max_age=60))

    changed = await bootstrap.ensure_topology(js)

    assert "stream LOGS updated" in changed
    config = (await js.stream_info("LOGS")).config
    assert config.max_age == timedelta(days=15).total_seconds()
    assert config.max_bytes == 4 * topology.GIB


async def test_a_durable_that_was_configured_otherwise_is_brought_back(js: JetStreamContext) -> None:
    await bootstrap.ensure_topology(js)
    other = replace(topology.durable("scheduler-intent"), ack_wait=timedelta(seconds=99), max_ack_pending=77)
    await js.add_consumer("EVENTS", other.config())

    assert await bootstrap.ensure_topology(js) == ["durable scheduler-intent updated"]

    config = (await js.consumer_info("EVENTS", "scheduler-intent")).config
    assert (config.ack_wait, config.max_ack_pending) == (3, 1)


async def test_a_durable_reads_more_when_the_topology_says_so(js: JetStreamContext) -> None:
    await bootstrap.ensure_topology(js)
    wider = replace(topology.durable("scheduler-intent"), subjects=topology.facts("version.*", "service.*"))

    assert await bootstrap.ensure_topology(js, [wider]) == ["durable scheduler-intent updated"]

    config = (await js.consumer_info("EVENTS", "scheduler-intent")).config
    assert set(config.filter_subjects or ()) == set(wider.subjects)


async def test_a_bucket_with_other_limits_is_brought_back(js: JetStreamContext) -> None:
    await bootstrap.ensure_topology(js)
    found = (await js.stream_info("KV_routers")).config
    await js.update_stream(found.evolve(max_age=3600))

    assert await bootstrap.ensure_topology(js) == ["bucket routers updated"]
    assert (await js.stream_info("KV_routers")).config.max_age == 30


async def test_what_is_in_the_bus_stays_and_so_do_strangers(js: JetStreamContext) -> None:
    await bootstrap.ensure_topology(js)
    await js.add_consumer("EVENTS", ConsumerConfig(durable_name="outsider"))
    await js.publish("penstock.events.version.deleted.v1", b"{}", stream="EVENTS")

    await bootstrap.ensure_topology(js)

    assert (await js.stream_info("EVENTS")).state.messages == 1
    assert (await js.consumer_info("EVENTS", "outsider")).num_pending == 1
