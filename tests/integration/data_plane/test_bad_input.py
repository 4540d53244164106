"""What strangers send to `/predict`: every kind gets its answer, nothing hangs, and the next caller is served."""

from __future__ import annotations

import json
from typing import Any

import pytest

from models.model_pod import ModelPod
from running_services.router_world import KEY, World, eventually

ROW: dict[str, Any] = {
    "long": 1,
    "integer": 2,
    "double": 1.5,
    "float": 2.5,
    "boolean": True,
    "string": "a",
    "datetime": "2024-01-01T00:00:00",
}
AUTH = f"Authorization: Bearer {KEY}\r\n".encode()
LINE = b"POST /wine/predict HTTP/1.1\r\nHost: x\r\n"
POST = LINE + AUTH + b"Content-Type: application/json\r\n"


def split(rows: list[dict[str, Any]] | None = None, **more: Any) -> bytes:
    rows = [ROW] if rows is None else rows
    columns = list(rows[0]) if rows else list(ROW)
    return json.dumps(
        {"dataframe_split": {"columns": columns, "data": [list(row.values()) for row in rows]}, **more}
    ).encode()


def changed(**columns: Any) -> bytes:
    return split([ROW, {**ROW, **columns}])


async def ask(
    world: World, body: bytes, *headers: str, content_type: str = "application/json"
) -> tuple[int, dict[str, Any]]:
    caller = await world.caller()
    lines = [f"Content-Type: {content_type}"] if content_type else []
    head = "".join(f"{line}\r\n" for line in (*lines, *headers, f"Content-Length: {len(body)}"))
    caller.send(LINE + AUTH + head.encode() + b"\r\n" + body)
    status, answered, raw = await caller.answer()
    assert "x-request-id" in answered
    return status, json.loads(raw)


@pytest.fixture(autouse=True)
async def the_next_caller_is_served(world: World, pod: ModelPod) -> Any:
    yield
    assert await ask(world, split()) == (200, {"predictions": [1.5]})
    assert pod.process.poll() is None
    await eventually(lambda: world.plane.context.in_flight == 0 and world.plane.context.buffered == 0)


async def test_a_good_request(world: World) -> None:
    assert await ask(world, split([ROW, {**ROW, "double": 7}])) == (200, {"predictions": [1.5, 7.0]})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"{",
        split()[:-1],
        split() + b"x",
        split() + split(),
        b"\xef\xbb\xbf" + split(),
        split().decode().encode("utf-16"),
        b'{"inputs": ["\xff"]}',
        b'{"inputs": ["\\ud800"]}',
        split().replace(b"1.5", b"NaN"),
        split().replace(b"1.5", b"Infinity"),
        split().replace(b"1.5", b"1e400"),
        b'{"inputs": [1], "inputs": [2]}',
        b"[" * 33 + b"]" * 33,
        b'{"inputs":' + b"[" * 100_000 + b"}",
        b"[]",
        b'"text"',
        b"17",
        b"null",
        b"{}",
        b'{"client_request_id": "a"}',
        b'{"inputs": [1], "instances": [1]}',
        b'{"nothing_known": 1}',
    ],
    ids=lambda body: repr(body[:24]),
)
async def test_what_is_no_scoring_request_is_400(world: World, body: bytes) -> None:
    status, error = await ask(world, body)
    assert status == 400
    assert error["error_code"] in ("BAD_REQUEST", "INVALID_PARAMETER_VALUE")
    assert set(error) == {"error_code", "message", "request_id", "details"}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("long", 2**63),
        ("integer", 2**31),
        ("double", 2**53 + 1),
        ("long", 1.5),
        ("double", "1.5"),
        ("boolean", "false"),
        ("boolean", 1),
        ("long", True),
        ("double", False),
        ("string", 5),
        ("datetime", 1_700_000_000_000),
        ("datetime", "yesterday"),
        ("string", None),
        ("double", [1.5]),
        ("double", {"a": 1}),
    ],
)
async def test_a_wrong_value_is_400_with_its_row_and_column(world: World, column: str, value: Any) -> None:
    status, error = await ask(world, changed(**{column: value}))
    assert (status, error["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert error["details"][0]["loc"] == ["data", 1, list(ROW).index(column)]
    assert column in error["message"]


async def test_null_in_a_double_column_is_nan(world: World) -> None:
    status, answer = await ask(world, changed(double=None))
    assert (status, answer["predictions"]) == (200, [1.5, None])


async def test_a_ragged_row_is_400_with_its_row(world: World) -> None:
    body = json.loads(split([ROW, ROW, ROW]))
    body["dataframe_split"]["data"][2].pop()
    status, error = await ask(world, json.dumps(body).encode())
    assert (status, error["details"][0]["loc"]) == (400, ["data", 2])


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ([name for name in ROW if name != "float"], ["missing", "float"]),
        ([*ROW, "more"], ["extra", "more"]),
        ([*list(ROW)[:-1], "long"], ["duplicate", "long"]),
        ([*list(ROW)[:-1], 7], ["strings", "7"]),
    ],
)
async def test_wrong_columns_are_400_and_named(world: World, columns: list[Any], words: list[str]) -> None:
    body = {"dataframe_split": {"columns": columns, "data": [[ROW.get(name, 1) for name in columns]]}}
    status, error = await ask(world, json.dumps(body).encode())
    assert status == 400
    assert all(word in error["message"] for word in words), error["message"]


async def test_reordered_and_optional_columns_and_no_rows_are_200(world: World) -> None:
    assert await ask(world, split([dict(reversed(ROW.items()))])) == (200, {"predictions": [1.5]})
    assert await ask(world, split([{**ROW, "optional": None}])) == (200, {"predictions": [1.5]})
    assert await ask(world, split([])) == (200, {"predictions": []})


async def test_too_much_is_413_before_it_is_read(world: World) -> None:
    limit = 16 * 1024 * 1024
    caller = await world.caller()
    caller.send(POST + b"Content-Length: %d\r\n\r\n" % (limit + 1))
    status, _, raw = await caller.answer()
    assert (status, json.loads(raw)["error_code"]) == (413, "PAYLOAD_TOO_LARGE")
    assert str(limit) in json.loads(raw)["message"]
    chunked = await world.caller()
    chunked.send(POST + b"Transfer-Encoding: chunked\r\n\r\n")
    for _ in range(17):
        chunked.send(b"100000\r\n" + b" " * 0x100000 + b"\r\n")
    assert (await chunked.answer())[0] == 413
    rows = b'{"dataframe_split": {"columns": ["a"], "data": [' + b"[1]," * 100_000 + b"[1]]}}"
    assert (await ask(world, rows))[0] == 400


@pytest.mark.parametrize("value", ["", "x" * 257, 5, None, ["a"], "a\nb", "a\u0000b", "\u0007"])
async def test_a_bad_client_request_id_is_400(world: World, value: Any) -> None:
    status, error = await ask(world, split(client_request_id=value))
    assert (status, error["details"][0]["loc"]) == (400, ["client_request_id"])


async def test_absent_and_repeated_client_request_ids_are_fine_and_both_recorded(world: World) -> None:
    for body in (split(), split(client_request_id="mine"), split(client_request_id="mine")):
        assert (await ask(world, body))[0] == 200
    await eventually(lambda: len(world.ledger.outcomes) == 3)
    assert [outcome.client_request_id for outcome in world.ledger.outcomes] == [b"", b"mine", b"mine"]


@pytest.mark.parametrize(
    ("content_type", "header"),
    [
        ("", ""),
        ("text/plain", ""),
        ("application/x-www-form-urlencoded", ""),
        ("application/x-pickle", ""),
        ("multipart/form-data; boundary=x", ""),
        ("application/json; charset=latin-1", ""),
        ("application/json", "Content-Encoding: gzip"),
    ],
)
async def test_other_types_charsets_and_encodings_are_415(world: World, content_type: str, header: str) -> None:
    status, error = await ask(world, split(), *([header] if header else []), content_type=content_type)
    assert (status, error["error_code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(
    "raw",
    [
        POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n",
        POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
        POST + b"Content-Length: +3\r\n\r\n{} ",
        POST + b"Content-Length: 0x2\r\n\r\n{}",
        POST + b"Content-Length: -1\r\n\r\n",
        POST + b"Content-Length: 9999999999999999999999\r\n\r\n",
        POST + b"Transfer-Encoding: gzip\r\n\r\n",
        POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        POST + b"X-Folded: a\r\n b\r\nContent-Length: 2\r\n\r\n{}",
        POST + b"X-Nul: a\0b\r\nContent-Length: 2\r\n\r\n{}",
        POST.replace(b"\r\n", b"\n") + b"Content-Length: 2\n\n{}",
        b"POST /wine/predict HTTP/1.1\r\n" + AUTH + b"Content-Length: 2\r\n\r\n{}",
        POST + b"Host: y\r\nContent-Length: 2\r\n\r\n{}",
        POST + AUTH + b"Content-Length: 2\r\n\r\n{}",
        POST + b"Content-Type: text/csv\r\nContent-Length: 2\r\n\r\n{}",
        POST + b"Content-Length : 2\r\n\r\n{}",
        b"POST /wine/predict HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET / HTTP/0.9\r\n\r\n",
    ],
)
async def test_unclear_framing_is_400_once_and_the_connection_closes(world: World, raw: bytes) -> None:
    before = len(world.ledger.outcomes)
    caller = await world.caller()
    caller.send(raw + POST + b"Content-Length: %d\r\n\r\n" % len(split()) + split())
    answer = await caller.rest()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert len(world.ledger.outcomes) == before


async def test_expectations(world: World) -> None:
    caller = await world.caller()
    body = split()
    caller.send(POST + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body))
    assert (await caller.head())[0] == 100
    caller.send(body)
    assert (await caller.answer())[0] == 200
    for headers, status in (
        (LINE + b"Authorization: Bearer psk_no.key\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n", 401),
        (POST + b"Expect: 100-continue\r\nContent-Length: 99999999\r\n\r\n", 413),
        (POST + b"Expect: tea\r\nContent-Length: 9\r\n\r\n", 417),
    ):
        caller = await world.caller()
        caller.send(headers)
        assert (await caller.head())[0] == status


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"POST /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (POST + b"X: " + b"a" * 17_000 + b"\r\n\r\n", 431),
        (POST + b"".join(b"X-%d: 1\r\n" % number for number in range(101)) + b"\r\n", 431),
    ],
)
async def test_too_long_heads(world: World, raw: bytes, status: int) -> None:
    caller = await world.caller()
    caller.send(raw)
    assert (await caller.rest()).startswith(b"HTTP/1.1 %d " % status)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "TRACE", "OPTIONS"])
async def test_other_methods(world: World, method: str) -> None:
    caller = await world.caller()
    caller.send(f"{method} /wine/predict HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    status, headers = await caller.head()
    assert (status, headers["allow"]) == (204 if method == "OPTIONS" else 405, "POST, OPTIONS")


async def test_connect_is_405(world: World) -> None:
    caller = await world.caller()
    caller.send(b"CONNECT wine:80 HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await caller.rest()).startswith(b"HTTP/1.1 405 ")


async def test_a_caller_that_goes_away_is_recorded_as_such(world: World) -> None:
    caller = await world.caller()
    body = split([ROW] * 20_000)
    caller.send(POST + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    await eventually(lambda: world.plane.context.in_flight == 1)
    caller.writer.transport.abort()
    await eventually(lambda: world.ledger.outcomes)
    assert world.ledger.outcomes[0].status == 499


async def test_no_answer_names_what_is_inside(world: World) -> None:
    for body in (b"{", changed(long="x"), b'{"inputs": {"a": [1, 2]}}'):
        _, error = await ask(world, body)
        said = json.dumps(error)
        assert not any(word in said for word in ("Traceback", "site-packages", ".py", "127.0.0.1", "penstock_runtime"))
