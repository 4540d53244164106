"""Bytes → a scoring request, or a refusal that says why.

What every Python JSON parser lets pass is refused here: a repeated top-level key, nesting that exhausts a stack,
integers that would silently become floats. orjson does the parsing; it accepts no NaN, no BOM, no lone surrogates, no
bad UTF-8.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import Any

import orjson

from penstock_runtime.errors import COMPAT, RequestRefused, bad_request, invalid, unsupported_media_type

FORMATS = ("dataframe_split", "dataframe_records", "instances", "inputs")
CSV = "csv"
MAX_NESTING = 32
MAX_CLIENT_REQUEST_ID = 256
_KNOWN = frozenset((*FORMATS, "params", "client_request_id"))
# MLflow's server takes bodies with one of these for requests of language models, and answers them in another form.
_OF_LANGUAGE_MODELS = ("messages", "prompt")
_NOT_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")
_DIGITS_AS_ZEROS = bytes(ord("0") if chr(byte).isdecimal() else ord(" ") for byte in range(128)) + b" " * 128
# An integer beyond 64 bits has at least 19 digits; orjson makes a float of it, whatever follows is then wrong.
_LONG_NUMBER = b"0" * 19


@dataclass(frozen=True, slots=True)
class ScoringRequest:
    """What a caller asks: one payload in one of the formats, and what stands beside it."""

    format: str
    payload: Any
    params: dict[str, Any] | None = None
    client_request_id: str | None = None


def media_type(content_type: str | None) -> str:
    """`application/json` or `text/csv`.

    Raises:
        RequestRefused: 415, anything else, or a charset other than UTF-8.
    """
    kind, _, parameters = (content_type or "").partition(";")
    kind = kind.strip().lower()
    if kind not in {"application/json", "text/csv"}:
        raise unsupported_media_type("Content-Type must be application/json or text/csv.")
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip().strip('"').lower() not in {"utf-8", "utf8"}:
            raise unsupported_media_type("The charset must be UTF-8.")
    return kind


def parse_scoring_request(content_type: str | None, body: bytes, *, strict: bool = True) -> ScoringRequest:
    """Read a request's body.

    Raises:
        RequestRefused: 400 or 415.
    """
    if content_type != "application/json" and media_type(content_type) == "text/csv":
        return ScoringRequest(CSV, parse_csv(body))
    document = parse_document(body)
    given = [name for name in FORMATS if name in document]
    if not given:
        raise missing_format(document)
    if strict and (unknown := [key for key in document if key not in _KNOWN]):
        raise invalid(f"unknown top-level keys: {', '.join(sorted(unknown))[:200]} ({COMPAT} ignores them)")
    if len(given) != 1:
        raise invalid(f"exactly one of {', '.join(FORMATS)} is needed; found {' and '.join(given)}")
    return ScoringRequest(given[0], document[given[0]], _params(document), client_request_id(document))


def missing_format(document: dict[str, Any]) -> RequestRefused:
    """What to send instead, where it can be told what the body was meant to be."""
    for key in _OF_LANGUAGE_MODELS:
        if key in document:
            return invalid(
                f"requests of language models, with {key} outermost, are not served: send what the model's signature "
                f'names as {{"inputs": {{"{key}": …}}}}'
            )
    if "data" in document and document.keys() <= {"columns", "data", "index"}:
        return invalid('this is the body of MLflow 1: send {"dataframe_split": {"columns": […], "data": [[…]]}}')
    found = f"; found {', '.join(sorted(document))[:200]}" if document else ""
    return invalid(f"exactly one of {', '.join(FORMATS)} is needed{found}")


def client_request_id_of_body(body: bytes) -> str | None:
    """The caller's own id in a body that was refused for something else, so that its record can still carry it."""
    try:
        return client_request_id(parse_document(body))
    except RequestRefused:
        return None


def client_request_id(document: dict[str, Any]) -> str | None:
    """The caller's own id, where it gives one."""
    value = document.get("client_request_id")
    if value is None and "client_request_id" not in document:
        return None
    if not isinstance(value, str) or not 0 < len(value) <= MAX_CLIENT_REQUEST_ID or not value.isprintable():
        message = f"client_request_id must be a string of 1 to {MAX_CLIENT_REQUEST_ID} printable characters"
        raise invalid(message, ("client_request_id",))
    return value


def _params(document: dict[str, Any]) -> dict[str, Any] | None:
    params = document.get("params")
    if params is not None and not isinstance(params, dict):
        raise invalid("params must be an object", ("params",))
    return params


def parse_document(body: bytes) -> dict[str, Any]:
    """A JSON body's outermost object.

    Raises:
        RequestRefused: 400.
    """
    if is_nested_too_deep(body):
        raise bad_request(f"The body is nested deeper than {MAX_NESTING} levels, or its brackets do not match.")
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise bad_request(_not_json(error)) from None
    if not isinstance(document, dict):
        of_mlflow_1 = ', such as {"dataframe_records": […]}' if isinstance(document, list) else ""
        raise bad_request(f"The body must be a JSON object{of_mlflow_1}.")
    if _needs_exact_parsing(body, document):
        return _parse_exactly(body)
    return document


def _not_json(error: orjson.JSONDecodeError) -> str:
    for word in ("NaN", "Infinity"):
        if error.doc.startswith(word, error.pos):
            instead = "send null" if word == "NaN" else "no number stands for it"
            return (
                f"The body is not valid JSON: {word} is not JSON: {instead} (line {error.lineno} column {error.colno})."
            )
    return f"The body is not valid JSON: {error}"


def is_nested_too_deep(body: bytes) -> bool:
    """Whether brackets nest deeper than the limit; also true where a large body's brackets do not match.

    Before the parser sees the body, and without a loop over its bytes: innermost pairs are removed, level by level.
    """
    if body.count(b"[") + body.count(b"{") <= MAX_NESTING:
        return False
    outside = body.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')[::2] if b'"' in body else [body]
    brackets = b"".join(outside).translate(None, _NOT_BRACKETS)
    for _ in range(MAX_NESTING):
        inner = len(brackets)
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
        if not brackets or len(brackets) == inner:
            break
    return bool(brackets)


def _needs_exact_parsing(body: bytes, document: dict[str, Any]) -> bool:
    """Whether orjson may have hidden something: a repeated key (perhaps written with an escape), a large integer."""
    if b"\\" in body or _LONG_NUMBER in body.translate(_DIGITS_AS_ZEROS):
        return True
    return any(body.count(b'"%b"' % key.encode()) > 1 for key in document)


def _parse_exactly(body: bytes) -> dict[str, Any]:
    """Parse once more, with large integers exact and every object's pairs in sight."""
    last: list[tuple[str, Any]] = []

    def see(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        last[:] = pairs
        return dict(pairs)

    document: dict[str, Any] = json.loads(body, object_pairs_hook=see, parse_int=_integer)
    if len(last) != len(document):  # the outermost object is closed last
        keys = [key for key, _ in last]
        repeated = sorted({key for key in keys if keys.count(key) > 1})
        raise invalid(f"repeated top-level keys: {', '.join(repeated)[:200]}")
    return document


def _integer(digits: str) -> int:
    if len(digits) > 400:  # no type of ours holds it, and Python's conversion takes quadratic time
        raise bad_request("The body has an integer of more than 400 digits.")
    return int(digits)


def parse_csv(body: bytes) -> list[list[str]]:
    """A CSV body's lines, the header first.

    Raises:
        RequestRefused: 400, not UTF-8, not CSV, or empty.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise bad_request("The body is not valid UTF-8.") from None
    if text.startswith("\ufeff") or "\0" in text:
        raise bad_request("The body starts with a byte order mark, or has a NUL in it.")
    try:
        lines = [line for line in csv.reader(io.StringIO(text, newline=""), strict=True) if line]
    except csv.Error as error:
        raise bad_request(f"The body is not valid CSV: {error}") from None
    if not lines:
        raise bad_request("The body is empty: CSV needs a header line.")
    return lines
