"""What log topics get of a message, and the shapes in which it can be printed."""

from __future__ import annotations

import json

import pytest

from inference_logger.domain.log_topics import topic_messages
from inference_logger.domain.records import UnreadableMessage, read_message
from inference_logger.domain.tables import ReceivedMessage
from penstock.commands.monitoring.log_shapes import databricks, sagemaker
from running_services.logged_requests import record


def test_each_topic_gets_its_records_in_order_and_nobody_the_others() -> None:
    records = [
        record("a", log_topic="team.wine", destination="/lake"),
        record("b"),
        record("c", log_topic="team.tea"),
        record("d", log_topic="team.wine"),
    ]
    found = topic_messages([ReceivedMessage(7, records), ReceivedMessage(8, [record("e")])], "REQUESTS:x")

    assert [(one.topic, one.message_id) for one in found] == [
        ("team.wine", "REQUESTS:x:7:team.wine"),
        ("team.tea", "REQUESTS:x:7:team.tea"),
    ]
    first = json.loads(found[0].body)["records"]
    assert [one["request_id"] for one in first] == ["a", "d"]
    assert not {"destination", "log_topic"} & first[0].keys()


@pytest.mark.parametrize("topic", ["wine", "a.b.c", "a.*", "a.>", "A.b", "", 5, "a b.c"])
def test_what_is_no_topic_is_no_record(topic: object) -> None:
    with pytest.raises(UnreadableMessage, match="log_topic"):
        read_message(json.dumps({"records": [record("a", log_topic=topic)]}).encode())


def test_a_record_as_sagemaker_and_databricks_have_it() -> None:
    found = record("r1", record_id="id-1", received_at="2026-03-02T10:14:07.5+01:00", duration_ms=1.6, api_key_id="k")
    captured = sagemaker(found)
    assert captured["eventMetadata"] == {
        "eventId": "id-1",
        "inferenceId": "client-r1",
        "inferenceTime": "2026-03-02T09:14:07Z",
    }
    assert captured["captureData"]["endpointInput"] == {
        "observedContentType": "application/json",
        "mode": "INPUT",
        "data": found["request"],
        "encoding": "JSON",
    }
    assert captured["captureData"]["endpointOutput"]["data"] == found["response"]
    assert (
        sagemaker({**found, "client_request_id": None, "response": None})["captureData"]["endpointOutput"]["data"] == ""
    )
    row = databricks(found)
    assert (row["request_date"], row["request_time"]) == ("2026-03-02", "2026-03-02T09:14:07.500000+00:00")
    assert (row["databricks_request_id"], row["execution_duration_ms"], row["requester"]) == ("r1", 2, "k")
    assert row["served_entity_id"] == "wine_quality/1"
