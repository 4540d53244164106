"""CloudEvents in headers, and what is none."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from shared.bus.envelope import MALFORMED, ReceivedEvent, caused_by, headers_of, parse_event
from shared.errors import InvalidInput
from shared.events import PodReady, TableCommitted

EVENT = TableCommitted(service="wine", table="wine.payload", location="file:///t", delta_version=1, rows=2)
AT = datetime(2026, 1, 2, tzinfo=UTC)
ID = UUID(int=7)


def test_there_and_back() -> None:
    headers = headers_of(EVENT, event_id=ID, source="inference-logger", at=AT)

    received = parse_event(headers, EVENT.model_dump_json().encode())

    assert received.event == EVENT
    assert (received.id, received.type) == (str(ID), "penstock.table.committed.v1")
    assert headers["ce-time"] == "2026-01-02T00:00:00+00:00"


def test_a_consequence_names_its_cause_and_keeps_the_correlation() -> None:
    cause = ReceivedEvent("cause", "t", {"ce-correlationid": "first"}, None)
    with caused_by(cause):
        headers = headers_of(EVENT, event_id=ID, source="s", at=AT)
    after = headers_of(EVENT, event_id=ID, source="s", at=AT)

    assert (headers["ce-causationid"], headers["ce-correlationid"]) == ("cause", "first")
    assert (after["ce-causationid"], after["ce-correlationid"]) == (str(ID), str(ID))


def test_a_type_from_the_future_has_no_event() -> None:
    assert parse_event({"ce-id": "1", "ce-type": "penstock.table.committed.v2"}, b"whatever").event is None


@pytest.mark.parametrize("headers", [None, {}, {"ce-id": "1"}, {"ce-type": PodReady.event_type()}, {MALFORMED: "1"}])
def test_what_is_no_cloud_event_is_invalid(headers: dict[str, str] | None) -> None:
    with pytest.raises(InvalidInput):
        parse_event(headers, b"{}")


def test_a_body_that_does_not_fit_says_where_and_does_not_repeat_it() -> None:
    with pytest.raises(InvalidInput, match="delta_version") as raised:
        parse_event(
            {"ce-id": "1", "ce-type": EVENT.event_type()},
            EVENT.model_dump_json().replace('"delta_version":1', '"delta_version":"secret"').encode(),
        )

    assert "secret" not in str(raised.value)
