"""A real scikit-learn model behind real HTTP."""

from __future__ import annotations

import json
import re
import socket
from typing import Any
from uuid import UUID

import pytest


def split(expected: dict[str, Any], start: int, stop: int) -> dict[str, Any]:
    return {"columns": expected["columns"], "data": expected["data"][start:stop]}


@pytest.mark.parametrize("rows", [1, 2, 40])
def test_answers_equal_mlflows_own(wine: Any, expected: dict[str, Any], rows: int) -> None:
    reply = wine.predict({"dataframe_split": split(expected, 0, rows)})
    assert reply.status == 200
    assert reply.json["predictions"] == pytest.approx(expected["predictions"][:rows], rel=1e-12)
    assert reply.headers["content-type"] == "application/json"


def test_every_format_gives_the_same_answer(wine: Any, expected: dict[str, Any]) -> None:
    names, row = expected["columns"], expected["data"][0]
    record = dict(zip(names, row, strict=True))
    turned = {"columns": names[::-1], "data": [row[::-1]]}
    documents: list[dict[str, Any]] = [
        {"dataframe_split": turned},
        {"dataframe_records": [record]},
        {"instances": [record]},
        {"inputs": {name: [value] for name, value in record.items()}},
    ]
    answers = [wine.predict(document).json["predictions"][0] for document in documents]
    csv = ",".join(names) + "\n" + ",".join(map(str, row)) + "\n"
    answers.append(wine.ask("POST", "/invocations", csv.encode(), Content_Type="text/csv").json["predictions"][0])
    assert answers == [answers[0]] * 5
    assert answers[0] == pytest.approx(expected["predictions"][0], rel=1e-12)


def test_ids_come_back(wine: Any, expected: dict[str, Any]) -> None:
    document = {"dataframe_split": split(expected, 0, 1), "client_request_id": "order 7/ü"}
    reply = wine.predict(document, X_Request_Id="abc-123")
    assert reply.headers["x-request-id"] == "abc-123"
    assert reply.headers["x-penstock-client-request-id"] == "order%207%2F%C3%BC"


def test_who_asks_is_told_where_the_time_went(wine: Any, expected: dict[str, Any]) -> None:
    document = {"dataframe_split": split(expected, 0, 1)}
    assert "x-penstock-timings" not in wine.predict(document).headers
    said = wine.predict(document, X_Penstock_Timings="1").headers["x-penstock-timings"]
    found = re.fullmatch(r"queue;dur=(\S+), predict;dur=(\S+)", said)
    assert found is not None
    queue, predict = found.groups()
    assert float(queue) >= 0
    assert 0 < float(predict) < 60_000
    refused = wine.predict({"inputs": "nonsense"}, X_Penstock_Timings="1")
    assert (refused.status, "x-penstock-timings" in refused.headers) == (400, False)


def test_ids_that_nobody_gave_are_generated(wine: Any, expected: dict[str, Any]) -> None:
    document = {"dataframe_split": split(expected, 0, 1)}
    replies = [wine.predict(document, X_Request_Id="no\tgood") for _ in range(2)]
    for name in ("x-request-id", "x-penstock-client-request-id"):
        assert len({UUID(reply.headers[name]) for reply in replies}) == 2


def test_what_is_no_scoring_request_gets_no_client_request_id(wine: Any) -> None:
    replies = [
        wine.ask("GET", "/ping"),
        wine.ask("GET", "/nowhere"),
        wine.predict(b"{"),
        wine.predict({"dataframe_split": {}, "more": 1}),
    ]
    assert [reply.status for reply in replies] == [200, 404, 400, 400]
    assert not any("x-penstock-client-request-id" in reply.headers for reply in replies)


def test_a_refused_request_keeps_its_ids(wine: Any) -> None:
    reply = wine.predict({"dataframe_split": {}, "client_request_id": "me", "more": 1}, X_Request_Id="r-1")
    assert (reply.status, reply.json["request_id"], reply.json["error_code"]) == (400, "r-1", "INVALID_PARAMETER_VALUE")
    assert reply.headers["x-penstock-client-request-id"] == "me"


def test_no_rows_no_predictions(wine: Any, expected: dict[str, Any]) -> None:
    reply = wine.predict({"dataframe_split": {"columns": expected["columns"], "data": []}})
    assert (reply.status, reply.json) == (200, {"predictions": []})


def test_a_bad_value_is_named_by_row_and_column(wine: Any, expected: dict[str, Any]) -> None:
    document = split(expected, 0, 3)
    document["data"] = [*document["data"][:2], ["x", *document["data"][2][1:]]]
    reply = wine.predict({"dataframe_split": document})
    assert reply.status == 400
    assert reply.json["details"] == [{"loc": ["data", 2, 0], "msg": "'x' is not a number"}]
    assert "row 2, column 'alcohol'" in reply.json["message"]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("POST", "/nothing", 404, "RESOURCE_DOES_NOT_EXIST"),
        ("GET", "/predict", 405, "METHOD_NOT_ALLOWED"),
        ("DELETE", "/invocations", 405, "METHOD_NOT_ALLOWED"),
        ("POST", "/ping", 405, "METHOD_NOT_ALLOWED"),
    ],
)
def test_wrong_paths_and_methods(wine: Any, method: str, path: str, status: int, code: str) -> None:
    reply = wine.ask(method, path)
    assert (reply.status, reply.json["error_code"]) == (status, code)
    assert status != 405 or reply.headers["allow"].startswith("GET" if path == "/ping" else "POST")


@pytest.mark.parametrize("path", ["/ping", "/health", "/health/live", "/health/ready", "/ping?a=b"])
def test_health(wine: Any, path: str) -> None:
    assert wine.ask("GET", path).status == 200


@pytest.mark.parametrize(
    "headers",
    [{}, {"Content_Type": "text/plain"}, {"Content_Type": "application/json", "Content_Encoding": "gzip"}],
)
def test_other_media_types_are_415(wine: Any, headers: dict[str, str]) -> None:
    assert wine.ask("POST", "/predict", b"{}", **headers).status == 415


def raw(pod: Any, request: bytes) -> bytes:
    """Everything that comes back on one connection."""
    with socket.create_connection(("127.0.0.1", pod.port), timeout=30) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    return answer


HEAD = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    "request_bytes",
    [
        HEAD + b"Content-Length: 100001\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"186a1\r\n" + b" " * 100_001 + b"\r\n0\r\n\r\n",
    ],
)
def test_a_large_body_is_413_however_its_length_is_said(wine: Any, request_bytes: bytes) -> None:
    answer = raw(wine, request_bytes)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"limit of 100000 bytes" in answer


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", b"400"),
        (HEAD + b"Content-Length: +3\r\n\r\n{}", b"400"),
        (HEAD + b"Content-Type: text/csv\r\nContent-Length: 2\r\n\r\n{}", b"400"),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"414"),
        (b"GET /ping HTTP/1.1\r\n" + b"A: b\r\n" * 101 + b"\r\n", b"431"),
        (HEAD + b"Expect: a miracle\r\nContent-Length: 2\r\n\r\n", b"417"),
    ],
)
def test_bad_http_is_answered_once_and_closed(wine: Any, request_bytes: bytes, status: bytes) -> None:
    answer = raw(wine, request_bytes + b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert answer.count(b"HTTP/1.1 ") == 1


def test_pipelined_requests_are_answered_in_order(wine: Any, expected: dict[str, Any]) -> None:
    requests = []
    for i in range(40):
        body = json.dumps({"dataframe_split": split(expected, i, i + 1)}).encode()
        requests.append(HEAD + b"X-Request-Id: r%d\r\nContent-Length: %d\r\n\r\n" % (i, len(body)) + body)
        requests.append(b"GET /ping HTTP/1.1\r\nHost: x\r\nX-Request-Id: p%d\r\n\r\n" % i)
    answer = raw(wine, b"".join(requests)).decode()
    ids = [line.split()[1] for line in answer.splitlines() if line.startswith("X-Request-Id")]
    assert ids == [f"{kind}{i}" for i in range(40) for kind in "rp"]


def test_expect_continue(wine: Any, expected: dict[str, Any]) -> None:
    body = json.dumps({"dataframe_split": split(expected, 0, 1)}).encode()
    answer = raw(wine, HEAD + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")


def test_a_connection_closes_when_it_is_asked_to(wine: Any) -> None:
    answer = raw(wine, b"GET /ping HTTP/1.0\r\n\r\nGET /ping HTTP/1.0\r\n\r\n")
    assert answer.count(b"HTTP/1.1 200") == 1
    assert b"Connection: close" in answer
