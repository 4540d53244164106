"""Bodies that are read, and all the bodies that are not."""

from __future__ import annotations

import pytest

from penstock_runtime.errors import RequestRefused
from penstock_runtime.payloads.parsing import CSV, is_nested_too_deep, media_type, parse_csv, parse_scoring_request

JSON = "application/json"


def refused(body: bytes, content_type: str = JSON) -> RequestRefused:
    with pytest.raises(RequestRefused) as caught:
        parse_scoring_request(content_type, body)
    return caught.value


@pytest.mark.parametrize("form", ["dataframe_split", "dataframe_records", "instances", "inputs"])
def test_each_format_is_recognised(form: str) -> None:
    request = parse_scoring_request(JSON, b'{"%b": [1], "params": {"a": 1}, "client_request_id": "me"}' % form.encode())
    assert (request.format, request.payload) == (form, [1])
    assert (request.params, request.client_request_id) == ({"a": 1}, "me")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'{"inputs": [1]',
        b'{"inputs": [1]} x',
        b'\xef\xbb\xbf{"inputs": [1]}',
        '{"inputs": [1]}'.encode("utf-16"),
        b'{"inputs": ["\xff"]}',
        b'{"inputs": ["\\ud800"]}',
        b'{"inputs": [NaN]}',
        b'{"inputs": [Infinity]}',
        b'{"inputs": [1e400]}',
        b'{"inputs": [1], "inputs": [2]}',
        b'{"inputs": [1], "\\u0069nputs": [2]}',
        b"[1]",
        b'"inputs"',
        b"{}",
        b'{"params": {}}',
        b'{"inputs": [1], "instances": [1]}',
        b'{"inputs": [1], "outputs": [1]}',
        b'{"inputs": [1], "params": [1]}',
        b'{"inputs": ' + b"[" * 33 + b"]" * 33 + b"}",
        b'{"inputs": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
        b'{"inputs": [' + b"9" * 500 + b"]}",
    ],
)
def test_what_cannot_be_read_is_400(body: bytes) -> None:
    assert refused(body).status == 400


def test_a_repeated_key_inside_the_payload_is_not_a_repeated_top_level_key() -> None:
    body = b'{"dataframe_records": [{"inputs": 1, "dataframe_records": 2}, {"inputs": 3}]}'
    assert parse_scoring_request(JSON, body).format == "dataframe_records"


def test_large_integers_stay_exact() -> None:
    assert parse_scoring_request(JSON, b'{"inputs": [18446744073709551617]}').payload == [2**64 + 1]


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"]":'])
def test_sixteen_megabytes_of_nesting_are_refused(opening: bytes) -> None:
    body = b'{"inputs": ' + opening * (16_000_000 // len(opening))
    assert is_nested_too_deep(body)


def test_brackets_in_strings_do_not_count() -> None:
    cells = b",".join([b'"[[\\"{\\\\"'] * 100)
    assert not is_nested_too_deep(b'{"inputs": [' + cells + b"]}")
    assert is_nested_too_deep(b'{"inputs": ' + b'["]", ' * 40 + b"1" + b"]" * 40 + b"}")


@pytest.mark.parametrize("text", ['""', '"' + "x" * 257 + '"', '"a\\u0007"', '"a\\nb"', "7", "null", "{}"])
def test_a_client_request_id_is_a_short_printable_string(text: str) -> None:
    error = refused(b'{"inputs": [1], "client_request_id": %b}' % text.encode())
    assert (error.status, error.details[0][0]) == (400, ("client_request_id",))


@pytest.mark.parametrize(
    "content_type", [None, "", "text/plain", "application/json; charset=latin-1", "application/octet-stream"]
)
def test_other_content_types_are_415(content_type: str | None) -> None:
    with pytest.raises(RequestRefused) as caught:
        media_type(content_type)
    assert caught.value.status == 415


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=UTF-8", "Application/JSON", 'text/csv;charset="utf-8"']
)
def test_utf8_may_be_said(content_type: str) -> None:
    assert media_type(content_type) in {"application/json", "text/csv"}


def test_csv() -> None:
    request = parse_scoring_request("text/csv", b'a,b\r\n1,"x, y"\r\n')
    assert (request.format, request.payload) == (CSV, [["a", "b"], ["1", "x, y"]])


@pytest.mark.parametrize("body", [b"", b"\n\n", b"a\n\xff", b"\xef\xbb\xbfa\n1", b'a\n"open', b"a\n\0"])
def test_bad_csv_is_400(body: bytes) -> None:
    with pytest.raises(RequestRefused) as caught:
        parse_csv(body)
    assert caught.value.status == 400
