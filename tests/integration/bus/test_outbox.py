"""The outbox: what is committed is said, once, in order, soon; what is rolled back is not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from running_services.bus_service import SmallService, deleted, sqlite_url, started
from servers.nats_process import NatsProcess
from shared import telemetry
from shared.bus import outbox
from shared.bus.outbox import publish
from shared.errors import InvalidInput
from shared.events import VersionDeleted
from waiting.eventually import eventually


async def stored(service: SmallService) -> list[tuple[dict[str, str], VersionDeleted]]:
    """Every event of the stream."""
    state = (await service.bus.js.stream_info("EVENTS")).state
    found = []
    for sequence in range(1, state.last_seq + 1):
        message = await service.bus.js.get_msg("EVENTS", sequence)
        found.append((dict(message.headers or {}), VersionDeleted.model_validate_json(message.data or b"")))
    return found


async def names(service: SmallService) -> list[str]:
    return [event.version for _, event in await stored(service)]


async def test_what_the_bus_never_takes_is_refused_and_holds_up_nothing(service: SmallService) -> None:
    with pytest.raises(InvalidInput, match="the bus takes"):
        await service.say(deleted("é" * 600_000))
    await service.say(deleted("v1"))

    await eventually(lambda: "v1" in service.calls)


@pytest.mark.timed
async def test_an_event_leaves_right_after_the_commit_and_is_acted_on(service: SmallService) -> None:
    await service.say(deleted("warm"))
    await eventually(lambda: "warm" in service.calls)

    committed = time.monotonic()
    await service.say(deleted("v1"))
    await eventually(lambda: "v1" in service.calls, every=0.002)

    assert service.called_at[-1] - committed < 0.2


async def test_events_are_cloud_events(service: SmallService) -> None:
    await service.say(started("v1"))

    [(headers, _)] = await eventually(lambda: stored(service))

    assert headers["ce-specversion"] == "1.0"
    assert headers["ce-type"] == "penstock.version.started.v1"
    assert headers["ce-source"] == "penstock/scheduler"
    assert headers["ce-subject"] == "wine/v1"
    assert headers["ce-id"] == headers["Nats-Msg-Id"] == headers["ce-correlationid"] == headers["ce-causationid"]


async def test_what_is_rolled_back_was_never_said(service: SmallService) -> None:
    async def fails_half_way() -> None:
        async with service.database.unit_of_work() as session:
            await publish(session, deleted("v1"))
            raise ValueError("half way")

    with pytest.raises(ValueError, match="half way"):
        await fails_half_way()
    await service.say(deleted("v2"))

    await eventually(lambda: _holds(names(service), ["v2"]))


async def _holds(awaitable: Any, wanted: Any) -> bool:
    return bool(await awaitable == wanted)


async def test_with_nats_away_events_wait_and_then_leave_in_order(
    service: SmallService, nats_server: NatsProcess
) -> None:
    wanted = [f"v{number}" for number in range(50)]
    nats_server.kill()
    for name in wanted:
        await service.say(deleted(name))
    assert await service.unsent() == 50

    nats_server.start()

    await eventually(lambda: _holds(service.effects(), wanted))
    await eventually(lambda: _holds(service.unsent(), 0))
    assert await names(service) == wanted


async def test_a_publish_without_an_answer_is_repeated_and_stored_once(
    service: SmallService, nats_server: NatsProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "PUBLISH_TIMEOUT_S", 0.4)
    nats_server.freeze()
    await service.say(deleted("v1"), deleted("v2"))
    # A slow machine notices first that the server is away; what was published by then is as unknown.
    await eventually(lambda: unknown(service) >= 2 or not service.bus.is_connected)

    nats_server.thaw()

    await eventually(lambda: _holds(service.effects(), ["v1", "v2"]))
    await eventually(lambda: _holds(service.unsent(), 0))
    assert await names(service) == ["v1", "v2"]


def unknown(service: SmallService) -> float:
    return float(service.bus.metrics.publish_unknown._value.get())


async def test_what_a_killed_relay_had_sent_but_not_marked_is_not_doubled(
    service: SmallService, nats_server: NatsProcess, tmp_path: Path
) -> None:
    await service.stop()
    offline = SmallService(nats_server.url, sqlite_url(tmp_path, "other"), "scheduler")
    await offline.create_tables()
    await offline.say(deleted("v1"))
    offline.task = asyncio.create_task(offline.bus.run())
    await eventually(lambda: _holds(offline.unsent(), 0))
    async with offline.database.unit_of_work() as session:  # as if the kill came before the mark
        await session.execute(outbox.outbox.update().values(sent=False))
    await eventually(lambda: _holds(offline.unsent(), 0))

    assert await names(offline) == ["v1"]
    await offline.stop()


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """Everything that is traced; the provider of a process can be set once only, so it gets one more listener."""
    exporter = InMemorySpanExporter()
    provider = trace.get_tracer_provider()
    if not isinstance(provider, TracerProvider):
        provider = TracerProvider()
        trace.set_tracer_provider(provider)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield exporter
    exporter.shutdown()


async def test_a_trace_runs_from_the_request_through_the_outbox_to_the_consumer(
    service: SmallService, spans: InMemorySpanExporter
) -> None:
    with telemetry.tracer().start_as_current_span("POST /services") as request:
        await service.say(deleted("v1"))
    await eventually(service.effects)

    def consumer_spans() -> list[ReadableSpan]:
        return [span for span in spans.get_finished_spans() if span.name.startswith("scheduler-intent")]

    consumed = await eventually(consumer_spans)

    assert consumed[0].context.trace_id == request.get_span_context().trace_id
    assert consumed[0].parent is not None
    assert consumed[0].parent.span_id == request.get_span_context().span_id


async def test_what_follows_from_an_event_says_so(service: SmallService) -> None:
    async def handler(event: VersionDeleted, session: Any) -> None:
        if event.version == "cause":
            await publish(session, deleted("effect"))

    service.bus._consumers["scheduler-intent"]._handlers[VersionDeleted] = handler
    await service.say(deleted("cause"))

    (cause, _), (effect, _) = await eventually(lambda: _two(service))

    assert effect["ce-causationid"] == cause["ce-id"]
    assert effect["ce-correlationid"] == cause["ce-correlationid"]


async def _two(service: SmallService) -> Any:
    found = await stored(service)
    return found if len(found) == 2 else None


async def test_from_outbox_to_effect_on_each_kind_of_database(nats_server: NatsProcess, database_url: str) -> None:
    service = SmallService(nats_server.url, database_url)
    await service.start()
    wanted = [f"v{number}" for number in range(20)]

    async def fail_once(event: VersionDeleted) -> None:
        if event.version == "v3" and service.calls.count("v3") == 1:
            raise ValueError("once")

    service.before = fail_once
    for name in wanted:
        await service.say(deleted(name))

    await eventually(lambda: _holds(service.effects(), wanted))
    assert len(service.calls) == 21
    await service.stop()
