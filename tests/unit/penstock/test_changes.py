"""A followed stream of changes: events line by line, and where the next connection goes on."""

from __future__ import annotations

from typing import Any

import pytest

from penstock.client.errors import Unauthenticated
from penstock.client.requests.platform import changes
from penstock.client.streams.changes import ChangePosition

HELLO = ["id: 7", "event: hello", 'data: {"id": 7}', ""]
CHANGE = ["id: 8", "event: change", 'data: {"kind": "service", "name": "a", "service": "a", "revision": 2}', ""]
COMMENT = [": still here", "id: 9", ""]
RESET = ["id: 12", "event: reset", 'data: {"id": 12}', ""]


def read(position: ChangePosition, *lines: str) -> list[Any]:
    return [found for line in lines if (found := position.read(line)) is not None]


def test_changes_with_their_ids_and_nothing_for_the_rest() -> None:
    position = ChangePosition(changes())
    assert position.next_request().params == {}

    found = read(position, *HELLO, *CHANGE, *COMMENT)

    assert found == [{"kind": "service", "name": "a", "service": "a", "revision": 2, "id": "8"}]
    assert position.next_request().params == {"last_event_id": "9"}
    assert read(position, *RESET)[0]["kind"] == "reset"
    assert position.next_request().params == {"last_event_id": "12"}


def test_an_event_that_is_cut_off_is_not_told() -> None:
    position = ChangePosition(changes(last_event_id="5"))
    assert position.next_request().params == {"last_event_id": "5"}
    read(position, *CHANGE[:3])
    position.connected(None)

    assert read(position, "", "event: change", "data: no json", "") == []


def test_the_end_that_the_platform_says_is_raised() -> None:
    with pytest.raises(Unauthenticated, match="has ended"):
        read(
            ChangePosition(changes()),
            "event: ended",
            'data: {"status": 401, "error_code": "X", "message": "has ended"}',
        )
