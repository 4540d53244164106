"""The load over all routers: those that live count, once."""

from __future__ import annotations

from uuid import UUID

from scheduler.domain.router_load import SILENT_AFTER_S, RouterLoad
from shared.contracts.routes import RouterHeartbeat
from shared.ids import new_id

WINE, BEER = new_id(), new_id()


def beat(**in_flight: float) -> RouterHeartbeat:
    names: dict[str, UUID] = {"wine": WINE, "beer": BEER}
    return RouterHeartbeat(beat=new_id(), in_flight={names[name]: count for name, count in in_flight.items()})


def test_what_routers_have_in_flight_is_added_up() -> None:
    told = RouterLoad().in_flight({"a": beat(wine=1.5), "b": beat(wine=2, beer=1)}, 0.0)
    assert told == {WINE: 3.5, BEER: 1.0}


def test_a_router_that_is_silent_is_gone() -> None:
    beats, gone = RouterLoad(), beat(wine=8)
    assert beats.in_flight({"a": gone, "b": beat()}, 0.0) == {WINE: 8.0}
    assert beats.in_flight({"a": gone, "b": beat(wine=1)}, SILENT_AFTER_S) == {WINE: 1.0}
    assert beats.in_flight({"a": gone}, 2 * SILENT_AFTER_S) is None
    assert beats.in_flight({"a": beat(wine=2)}, 2 * SILENT_AFTER_S) == {WINE: 2.0}


def test_without_routers_nothing_is_known() -> None:
    assert RouterLoad().in_flight({}, 0.0) is None
