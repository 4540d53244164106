"""What becomes of an event: nothing is lost, nothing storms, nothing blocks the others."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import nats
import pytest

from running_services.bus_service import DURABLE, SmallService, deleted, sqlite_url
from servers.nats_process import NatsProcess
from shared.bus.consumers import consumer
from shared.bus.consumers.dead_letters import DeadLetter, list_letters
from shared.errors import Conflict, Unavailable
from shared.events import ServiceDeleted
from waiting.eventually import eventually

TYPE = "penstock.version.deleted.v1"


async def letters(service: SmallService) -> list[DeadLetter]:
    return await list_letters(service.bus.js)


async def pending(service: SmallService) -> int:
    info = await service.bus.js.consumer_info("EVENTS", DURABLE)
    return (info.num_pending or 0) + (info.num_ack_pending or 0)


def failing(times: int, error: Exception) -> Any:
    left = [times]

    async def before(_: Any) -> None:
        if left[0] > 0:
            left[0] -= 1
            raise error

    return before


@pytest.mark.parametrize("error", [RuntimeError("a bug"), Unavailable("the database is away")])
async def test_an_event_whose_handler_failed_is_tried_again_and_acted_on_once(
    service: SmallService, error: Exception
) -> None:
    service.before = failing(2, error)
    await service.publish(deleted("v1"))

    await eventually(lambda: len(service.calls) == 3)
    await eventually(lambda: _is(pending(service), 0))

    assert await service.effects() == ["v1"]
    assert await letters(service) == []


async def _is(awaitable: Any, value: Any) -> bool:
    return bool(await awaitable == value)


async def test_tries_come_with_growing_delays_not_in_a_storm(service: SmallService) -> None:
    service.before = failing(4, Unavailable("away"))
    await service.publish(deleted("v1"))

    await eventually(lambda: len(service.calls) == 5)

    gaps = [later - earlier for earlier, later in zip(service.called_at, service.called_at[1:], strict=False)]
    assert [gap > floor for gap, floor in zip(gaps, (0.2, 0.4, 0.9, 1.9), strict=True)] == [True] * 4


async def test_a_bug_is_a_dead_letter_after_five_tries(service: SmallService) -> None:
    service.before = failing(99, ValueError("a bug"))
    event_id = await service.publish(deleted("v1"))

    [letter] = await eventually(lambda: letters(service))

    assert len(service.calls) == 5
    assert letter.reason == "ValueError: a bug (delivery 5)"
    assert (letter.consumer, letter.subject) == (DURABLE, "penstock.events.version.deleted.v1")
    assert letter.headers["ce-id"] == event_id
    assert await service.effects() == []
    await eventually(lambda: _is(pending(service), 0))


async def test_what_is_temporary_outlasts_a_bug(service: SmallService) -> None:
    service.before = failing(6, Unavailable("away"))
    await service.publish(deleted("v1"))

    await eventually(service.effects)

    assert len(service.calls) == 7
    assert await letters(service) == []


async def test_what_is_permanent_is_a_dead_letter_at_once(service: SmallService) -> None:
    service.before = failing(99, Conflict("never"))
    await service.publish(deleted("v1"))

    [letter] = await eventually(lambda: letters(service))

    assert letter.reason == "Conflict: never (delivery 1)"
    assert service.calls == ["v1"]


POISON: dict[str, tuple[bytes, dict[str, str] | None]] = {
    "no headers": (b"{}", None),
    "not JSON": (b"{", {"ce-id": "1", "ce-type": "penstock.version.deleted.v1"}),
    "wrong shape": (b'{"service": 1}', {"ce-id": "2", "ce-type": "penstock.version.deleted.v1"}),
    "not UTF-8": (b"\xff\xfe", {"ce-id": "3", "ce-type": "penstock.version.deleted.v1"}),
    "empty": (b"", {"ce-id": "4", "ce-type": "penstock.version.deleted.v1"}),
    "looks like the server's word": (b"", {"Status": "404"}),
    "looks like a heartbeat": (b"", {"Status": "100", "Description": "Idle Heartbeat"}),
}


@pytest.mark.timed
@pytest.mark.parametrize("kind", POISON)
async def test_poison_is_a_dead_letter_with_the_reason_and_holds_nobody_up(service: SmallService, kind: str) -> None:
    body, headers = POISON[kind]
    await service.publish_raw(body, headers)
    published_at = time.monotonic()
    await service.publish(deleted("v1"))

    await eventually(service.effects)
    waited = time.monotonic() - published_at

    [letter] = await letters(service)
    assert waited < 1
    assert letter.body == body
    assert letter.reason.startswith("InvalidInput: ")
    assert letter.reason.endswith("(delivery 1)")


async def test_a_malformed_header_block_ends_neither_the_read_loop_nor_the_queue(
    service: SmallService, nats_server: NatsProcess
) -> None:
    await nats_server.say(b"HPUB penstock.events.version.deleted.v1 2 4\r\nXYhi\r\n")
    await service.publish(deleted("v1"))

    await eventually(service.effects)

    [letter] = await letters(service)
    assert letter.reason == "InvalidInput: its headers are malformed (delivery 1)"
    assert letter.body == b"hi"


async def test_facts_that_this_service_has_no_use_for_are_passed_over(service: SmallService) -> None:
    headers = {"ce-id": "x", "ce-type": "penstock.version.deleted.v9"}
    await service.publish_raw(b"from the future", headers)
    await service.publish_raw(
        ServiceDeleted(service_id=deleted("v").service_id, service="wine").model_dump_json().encode(),
        {"ce-id": "y", "ce-type": ServiceDeleted.event_type()},
    )
    await service.publish(deleted("v1"))

    await eventually(service.effects)
    await eventually(lambda: _is(pending(service), 0))
    assert await letters(service) == []


async def test_a_repeated_event_has_one_effect(service: SmallService) -> None:
    headers = {"ce-id": "same", "ce-type": "penstock.version.deleted.v1"}
    for _ in range(3):
        await service.publish_raw(deleted("v1").model_dump_json().encode(), headers)
    await service.publish(deleted("v2"))

    await eventually(lambda: _is(service.effects(), ["v1", "v2"]))
    assert service.calls == ["v1", "v2"]


async def test_order_is_kept_even_where_one_event_has_to_be_tried_again(service: SmallService) -> None:
    names = [f"v{number}" for number in range(20)]

    async def stumble(event: Any) -> None:
        if event.version == "v7" and service.calls.count("v7") < 3:
            raise Unavailable("away")
        await asyncio.sleep(0.001 * (len(names) - names.index(event.version)))

    service.before = stumble
    for name in names:
        await service.publish(deleted(name))

    await eventually(lambda: _is(service.effects(), names))


async def test_a_handler_may_take_longer_than_the_server_waits(service: SmallService) -> None:
    async def slow(_: Any) -> None:
        await asyncio.sleep(5)

    service.before = slow
    await service.publish(deleted("v1"))

    await eventually(service.effects)

    assert service.calls == ["v1"]
    info = await service.bus.js.consumer_info("EVENTS", DURABLE)
    assert info.num_redelivered == 0


async def test_a_handler_that_hangs_is_given_up_on_and_tried_again(
    service: SmallService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "HANDLER_TIMEOUT_S", 0.5)

    async def hangs_once(_: Any) -> None:
        if len(service.calls) == 1:
            await asyncio.sleep(60)

    service.before = hangs_once
    await service.publish(deleted("v1"))

    await eventually(service.effects)
    assert service.calls == ["v1", "v1"]


async def test_what_a_killed_process_held_is_acted_on_soon(
    service: SmallService, nats_server: NatsProcess, tmp_path: Path
) -> None:
    stranger = await nats.connect(nats_server.url)
    await service.stop()
    pull = await stranger.jetstream().pull_subscribe_bind(DURABLE, stream="EVENTS")
    await stranger.jetstream().publish(
        deleted("v1").subject(), deleted("v1").model_dump_json().encode(), headers={"ce-id": "1", "ce-type": TYPE}
    )
    assert await pull.fetch(1, timeout=2)
    await stranger.close()  # as a kill does: the connection is gone, nothing was said

    survivor = SmallService(nats_server.url, sqlite_url(tmp_path, "survivor"))
    await survivor.start()

    await eventually(survivor.effects)
    await survivor.stop()
