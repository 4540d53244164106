"""What routers read of the bucket `routes`, where several servers keep it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError

from router.clients import PREFIX, ReconnectingBus, RoutesBucket
from shared.bus.kv import Listing


@dataclass
class LaggingBus:
    """Its listings come from a server that is behind, single messages from the leader."""

    listed: Listing
    messages: tuple[RawStreamMsg, ...]
    asked: int = 0

    @property
    def bus(self) -> LaggingBus:
        return self

    @property
    def js(self) -> LaggingBus:
        return self

    def kv(self, _: str) -> LaggingBus:
        return self

    async def listing(self) -> Listing:
        return self.listed

    async def get_msg(self, _: str, *, seq: int, **__: Any) -> RawStreamMsg:
        self.asked += 1
        for message in self.messages:
            if message.seq is not None and message.seq >= seq:
                return message
        raise NotFoundError


def message(sequence: int, key: str, value: bytes | None) -> RawStreamMsg:
    headers = {"KV-Operation": "DEL"} if value is None else None
    return RawStreamMsg(subject=f"{PREFIX}{key}", seq=sequence, data=value, headers=headers)


async def listed(bus: LaggingBus, until: int) -> dict[str, bytes]:
    return await RoutesBucket(cast(ReconnectingBus, bus)).list_all(until)


async def test_what_a_listing_lacks_is_asked_of_the_leader() -> None:
    behind = Listing({"intent.wine": b"1", "intent.tea": b"t"}, 4)
    bus = LaggingBus(
        behind, (message(5, "intent.wine", b"2"), message(6, "intent.tea", None), message(8, "keys.new", b"k"))
    )

    assert await listed(bus, 8) == {"intent.wine": b"2", "keys.new": b"k"}
    assert behind.values == {"intent.wine": b"1", "intent.tea": b"t"}


async def test_a_listing_that_is_whole_costs_no_further_question() -> None:
    bus = LaggingBus(Listing({"intent.wine": b"1"}, 9), ())

    assert await listed(bus, 8) == await listed(bus, 9) == {"intent.wine": b"1"}
    assert bus.asked == 0


async def test_a_bucket_whose_last_messages_are_gone_is_as_it_was_listed() -> None:
    assert await listed(LaggingBus(Listing({}, 0), ()), 7) == {}
