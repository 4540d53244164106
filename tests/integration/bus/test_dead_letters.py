"""Dead letters are listed in order and can be tried again; what the server gives up on becomes one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from running_services.bus_service import DURABLE, SmallService, deleted
from shared.bus import topology
from shared.bus.consumers.dead_letters import list_letters
from shared.errors import Conflict, NotFound
from waiting.eventually import eventually


async def dead(service: SmallService, *versions: str) -> None:
    """Let the handler refuse these versions."""

    async def refuse(event: Any) -> None:
        if event.version in versions:
            raise Conflict(f"not {event.version}")

    service.before = refuse
    for version in versions:
        await service.publish(deleted(version))
    await eventually(lambda: _count(service, len(versions)))
    service.before = service._nothing


async def _count(service: SmallService, wanted: int) -> bool:
    return len(await list_letters(service.bus.js)) == wanted


async def test_they_are_listed_in_pages_in_order(service: SmallService) -> None:
    await dead(service, "v1", "v2", "v3")

    first = await list_letters(service.bus.js, limit=2)
    rest = await list_letters(service.bus.js, after=first[-1].id, limit=2)

    assert [letter.reason for letter in (*first, *rest)] == [
        f"Conflict: not {version} (delivery 1)" for version in ("v1", "v2", "v3")
    ]
    assert await list_letters(service.bus.js, after=rest[-1].id) == []
    assert all(letter.at is not None for letter in first)


async def test_a_replay_acts_on_it_once_at_its_own_consumer(service: SmallService) -> None:
    await dead(service, "v1")
    [letter] = await list_letters(service.bus.js)

    await service.bus.replay_dead_letter(letter.id)
    await service.bus.replay_dead_letter(letter.id)

    assert await service.effects() == ["v1"]
    assert (await service.bus.js.stream_info("EVENTS")).state.messages == 1


async def test_a_replay_that_fails_again_says_why(service: SmallService) -> None:
    await dead(service, "v1")
    [letter] = await list_letters(service.bus.js)

    async def refuse(_: Any) -> None:
        raise Conflict("still not")

    service.before = refuse
    with pytest.raises(Conflict, match="still not"):
        await service.bus.replay_dead_letter(letter.id)
    assert await service.effects() == []


async def test_a_letter_that_is_not_there_is_not_found(service: SmallService) -> None:
    with pytest.raises(NotFound, match="no dead letter 7"):
        await service.bus.replay_dead_letter(7)


async def test_what_the_server_gives_up_on_is_counted_and_kept(service: SmallService) -> None:
    """As when a process was killed on the same message again and again."""
    impatient = replace(topology.durable(DURABLE), max_deliver=2, ack_wait=timedelta(seconds=0.3))
    await service.bus.js.delete_consumer("EVENTS", DURABLE)
    await service.bus.js.add_consumer("EVENTS", impatient.config())
    pull = await service.bus.js.pull_subscribe_bind(DURABLE, stream="EVENTS")
    await stop_consuming(service)
    event_id = await service.publish(deleted("v1"))
    for _ in range(2):
        await pull.fetch(1, timeout=3)  # and nothing more is heard of it
    with pytest.raises(TimeoutError):
        await pull.fetch(1, timeout=1)

    [letter] = await eventually(lambda: list_letters(service.bus.js))

    assert letter.reason == "given up on by the server after 2 deliveries"
    assert letter.headers["ce-id"] == event_id
    assert service.bus.metrics.max_deliveries.labels(DURABLE)._value.get() == 1


async def stop_consuming(service: SmallService) -> None:
    assert service.bus._subscriptions is not None
    for _, subscriber in service.bus._subscriptions._durables:
        await subscriber.stop()
