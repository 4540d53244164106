"""A list that is kept up to date: 410 both ways, streams that end, events that come twice, servers that are away."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from kubernetes_world.objects import serving
from scheduler.backends.kubernetes.api.errors import ApiAway, ApiError, Expired, Silent
from scheduler.backends.kubernetes.api.informer import Informer
from waiting.eventually import eventually

Event = dict[str, Any]


class QuickClock:
    """Sleeps are over at once."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)


class Script:
    """An API server that answers as it is told: each list and each stream once, then for ever nothing."""

    def __init__(self, lists: list[Any], streams: list[Any]) -> None:
        self.lists, self.streams = lists, streams
        self.asked: list[str] = []

    async def list_all(self, path: str, **query: str) -> tuple[list[Event], str]:
        self.asked.append("list")
        answer = self.lists.pop(0)
        if isinstance(answer, ApiError):
            raise answer
        found, version = answer
        return found, version

    @asynccontextmanager
    async def stream(self, path: str, silence_s: float, **query: str) -> AsyncIterator[AsyncIterator[bytes]]:
        self.asked.append(f"watch {query['resourceVersion']}")
        assert query["allowWatchBookmarks"] == "true"
        answer = self.streams.pop(0) if self.streams else None
        if isinstance(answer, ApiError):
            raise answer
        yield _lines(answer)


async def _lines(events: list[Any] | None) -> AsyncIterator[bytes]:
    if events is None:
        await asyncio.get_running_loop().create_future()
    for event in events or []:
        if isinstance(event, ApiError):
            raise event
        yield json.dumps(event).encode()


def event(kind: str, name: str, version: str, **more: Any) -> Event:
    return {"type": kind, "object": named(name, version, **more)}


def named(name: str, version: str, uid: str = "") -> dict[str, Any]:
    return {"metadata": {"name": name, "uid": uid or f"uid-{name}", "resourceVersion": version}}


def bookmark(version: str) -> Event:
    return {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": version}}}


def gone() -> Event:
    return {"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}}


@asynccontextmanager
async def informed(script: Script) -> AsyncIterator[tuple[Informer, list[tuple[str, str]]]]:
    heard: list[tuple[str, str]] = []
    informer = Informer(
        script,  # type: ignore[arg-type]
        "/pods",
        QuickClock(),  # type: ignore[arg-type]
        lambda change, found: heard.append((change, found["metadata"]["name"])),
    )
    task = asyncio.create_task(informer.run())
    try:
        yield informer, heard
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_it_lists_then_watches_from_there() -> None:
    script = Script([([named("a", "3")], "10")], [[event("ADDED", "b", "11"), event("MODIFIED", "a", "12")]])
    async with informed(script) as (informer, heard):
        await eventually(lambda: len(heard) == 3)
        assert heard == [("added", "a"), ("added", "b"), ("changed", "a")]
        assert set(informer.objects) == {"a", "b"}
        assert informer.is_listed


async def test_a_stream_that_ends_is_opened_again_where_it_was() -> None:
    script = Script([([], "10")], [[event("ADDED", "a", "11")], [bookmark("20")], []])
    async with informed(script):
        await eventually(lambda: len(script.asked) == 5)
        assert script.asked == ["list", "watch 10", "watch 11", "watch 20", "watch 20"]


async def test_events_that_come_twice_are_told_once() -> None:
    twice = [
        event("ADDED", "a", "11"),
        event("ADDED", "a", "11"),
        event("DELETED", "a", "12"),
        event("DELETED", "a", "12"),
    ]
    async with informed(Script([([], "10")], [twice])) as (_, heard):
        await eventually(lambda: len(heard) == 2)
        assert heard == [("added", "a"), ("deleted", "a")]


async def test_410_as_an_event_is_answered_by_a_list() -> None:
    script = Script(
        [([named("a", "3"), named("b", "4")], "10"), ([named("b", "4"), named("c", "30")], "40")],
        [[event("MODIFIED", "a", "11"), gone()]],
    )
    async with informed(script) as (informer, heard):
        await eventually(lambda: script.asked[-1:] == ["watch 40"])
        assert script.asked == ["list", "watch 10", "list", "watch 40"]
        assert heard == [("added", "a"), ("added", "b"), ("changed", "a"), ("deleted", "a"), ("added", "c")]
        assert set(informer.objects) == {"b", "c"}


async def test_410_as_a_status_is_answered_by_a_list_and_goes_on_from_it() -> None:
    script = Script([([], "10"), ([], "50")], [Expired(410, "Expired", "too old")])
    async with informed(script):
        await eventually(lambda: script.asked[-1:] == ["watch 50"])
        assert script.asked == ["list", "watch 10", "list", "watch 50"]


async def test_410_in_the_middle_of_a_list_is_answered_by_another() -> None:
    script = Script([Expired(410, "Expired", "the continue token is too old"), ([], "10")], [])
    async with informed(script):
        await eventually(lambda: script.asked[-1:] == ["watch 10"])


async def test_a_server_that_is_away_loses_nothing() -> None:
    script = Script(
        [ApiAway("refused"), ([named("a", "3")], "10")],
        [[event("ADDED", "b", "11"), ApiAway("silence")], ApiAway("refused"), [event("ADDED", "c", "12")]],
    )
    async with informed(script) as (informer, heard):
        await eventually(lambda: len(heard) == 3)
        assert script.asked[:2] == ["list", "list"]
        assert script.asked.count("list") == 2
        assert "watch 11" in script.asked
        await eventually(lambda: informer.trouble is None)


async def test_a_silent_stream_is_opened_again_without_a_complaint() -> None:
    script = Script([([], "10")], [[event("ADDED", "a", "11"), Silent("silence")], [event("ADDED", "b", "12")]])
    async with informed(script) as (informer, heard):
        await eventually(lambda: len(heard) == 2)
        assert script.asked == ["list", "watch 10", "watch 11", "watch 12"]
        assert informer.trouble is None


async def test_another_one_of_the_same_name_is_another_one() -> None:
    script = Script([([named("a", "3", uid="1")], "10")], [[event("ADDED", "a", "11", uid="2")]])
    async with informed(script) as (_, heard):
        await eventually(lambda: len(heard) == 3)
        assert heard == [("added", "a"), ("deleted", "a"), ("added", "a")]


async def test_what_is_no_event_is_not_taken_for_one() -> None:
    script = Script([([serving()], "10")], [["nonsense"], [event("ADDED", "b", "11")]])
    async with informed(script) as (_, heard):
        await eventually(lambda: ("added", "b") in heard)
