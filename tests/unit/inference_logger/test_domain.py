from __future__ import annotations

import json

import pytest

from inference_logger.domain.records import UnreadableMessage, read_message
from inference_logger.domain.rows import client_request_id, to_payload
from inference_logger.domain.schema import PAYLOAD_SCHEMA
from inference_logger.domain.tables import ReceivedMessage, TableKey, split_by_table
from running_services.logged_requests import START, record


def test_a_record_becomes_a_row_with_databricks_columns() -> None:
    (row,) = to_payload([record("r", received_at=START.isoformat(), api_key_id="k", trace_id="t")]).to_pylist()

    assert row["request_date"] == START.date()
    assert row["request_time"] == START
    assert (row["request_id"], row["client_request_id"], row["requester"]) == ("r", "client-r", "k")
    assert (row["status_code"], row["execution_duration_ms"]) == (200, 2)
    assert row["served_entity_id"] == "wine_quality/1"
    assert row["logging_error_codes"] == []


def test_the_schema_holds_databricks_columns_in_order() -> None:
    databricks = [
        *("request_date", "request_id", "client_request_id", "request_time", "status_code", "sampling_fraction"),
        *("execution_duration_ms", "request", "response", "served_entity_id", "requester", "logging_error_codes"),
    ]

    assert PAYLOAD_SCHEMA.names[: len(databricks)] == databricks


def test_where_no_pod_answered_the_client_s_id_comes_out_of_the_body() -> None:
    body = json.dumps({"client_request_id": "mine", "inputs": []})

    assert client_request_id(record("r", client_request_id=None, request=body)) == "mine"


@pytest.mark.parametrize("body", [None, "", "{", '{"client_request_id": 5}', '["client_request_id"]', "x" * 10])
def test_a_body_without_a_usable_id_leaves_the_request_s_own(body: str | None) -> None:
    assert client_request_id(record("r", client_request_id=None, request=body, request_id="mine")) == "mine"


@pytest.mark.parametrize("refused", ["a\r\nSet-Cookie: b", "a\x00b", "\x1b[31mred", "x" * 257])
@pytest.mark.parametrize("is_in_body", [True, False])
def test_an_id_that_a_model_server_refuses_is_null_with_a_code(refused: str, is_in_body: bool) -> None:
    given = {"client_request_id": None, "request": json.dumps({"client_request_id": refused})}
    (row,) = to_payload([record("r", **(given if is_in_body else {"client_request_id": refused}))]).to_pylist()

    assert row["client_request_id"] is None
    assert row["logging_error_codes"] == ["CLIENT_REQUEST_ID_REFUSED"]


def test_two_spellings_of_a_folder_are_one_table() -> None:
    places = ("", "/home/tables", "file:///home/tables", "file:///home//tables/")
    messages = [ReceivedMessage(number, [record("a", destination=place)]) for number, place in enumerate(places, 1)]

    shares = split_by_table(messages, "/home/tables")

    assert {key: [position for position, _ in share.records] for key, share in shares.items()} == {
        TableKey("wine"): [1, 2, 3, 4]
    }


def test_records_go_to_the_table_of_their_service_and_destination() -> None:
    messages = [
        ReceivedMessage(7, [record("a"), record("b", destination="/elsewhere")]),
        ReceivedMessage(8, [record("c", service="tea")], is_retry=True),
    ]

    shares = split_by_table(messages)

    assert [(p, r["request_id"]) for p, r in shares[TableKey("wine")].records] == [(7, "a")]
    assert [(p, r["request_id"]) for p, r in shares[TableKey("wine", "/elsewhere")].records] == [(7, "b")]
    assert [(p, r["request_id"]) for p, r in shares[TableKey("tea")].retried] == [(8, "c")]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "not JSON"),
        (b"[]", "no list of records"),
        (b'{"records": 1}', "no list of records"),
        (b'{"records": [1]}', "records.0: not an object"),
        (json.dumps({"records": [record("a", status_code="200")]}).encode(), "records.0.status_code"),
        (json.dumps({"records": [record("a", received_at="yesterday")]}).encode(), "records.0.received_at"),
        (json.dumps({"records": [record("a", received_at="2026-01-01T00:00:00")]}).encode(), "with its zone"),
        (json.dumps({"records": [record("a"), record("b", request=5)]}).encode(), "records.1.request"),
        (json.dumps({"records": [record("a", sampling_fraction="all")]}).encode(), "sampling_fraction"),
        (json.dumps({"records": [record("a", status_code=2**40)]}).encode(), "status_code"),
        (json.dumps({"records": [record("a", status_code=True)]}).encode(), "status_code"),
        (json.dumps({"records": [record("a", logging_error_codes="X")]}).encode(), "logging_error_codes"),
        (json.dumps({"records": [record("a", service="../../escaped")]}).encode(), "records.0.service"),
        (json.dumps({"records": [record("a", destination=5)]}).encode(), "records.0.destination"),
        (json.dumps({"records": [record("a", destination="ftp://bucket")]}).encode(), "records.0.destination"),
        (json.dumps({"records": [record("a", destination="/tables/\x00")]}).encode(), "records.0.destination"),
        (json.dumps({"records": [record("a", destination="/" + "ü" * 200)]}).encode(), "records.0.destination"),
        (json.dumps({"records": [record("a", destination="/tables/../etc")]}).encode(), "records.0.destination"),
    ],
)
def test_what_cannot_be_a_row_is_refused_with_its_place(body: bytes, reason: str) -> None:
    with pytest.raises(UnreadableMessage, match=reason):
        read_message(body)


def test_a_message_holds_records_of_the_service_that_its_subject_names() -> None:
    body = json.dumps({"records": [record("a"), record("b", service="beer")]}).encode()
    with pytest.raises(UnreadableMessage, match=r"records\.1\.service: not wine"):
        read_message(body, "wine")


def test_fields_of_a_newer_router_are_no_error() -> None:
    assert read_message(json.dumps({"records": [record("a", colour="red")], "more": 1}).encode())
