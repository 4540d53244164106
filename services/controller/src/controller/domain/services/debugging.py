"""A debug request: what may be asked for, which version answers, and the `curl` line that does the same."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StrictBool

from controller.domain.commands import Command, VersionName
from shared.errors import Conflict, Detail, InvalidInput

MAX_HEADERS = 16
SHOWN_HEADERS = ("X-Request-Id", "X-Penstock-Version", "X-Penstock-Pod")
"""Headers of the answer that are shown."""

_LONGEST_ARGUMENT = 100_000
"""Bytes of a body in an argument of `curl`; Linux takes 128 KiB, its end included."""

TIMINGS_HEADER = "X-Penstock-Timings"
_LONGEST_TIMINGS = 256
_TIMING = re.compile(r"\b(router|queue|predict);dur=([0-9]{1,9}(?:\.[0-9]{1,6})?)")

_NAME = re.compile(r"[A-Za-z0-9-]{1,64}\Z")
_VALUE = re.compile(r"[\x21-\x7e]([\x20-\x7e]{0,1022}[\x21-\x7e])?\Z")
_REFUSED = frozenset(
    ("host", "authorization", "x-api-key", "content-length", "content-type", "transfer-encoding", "connection",
     "keep-alive", "expect", "te", "trailer", "upgrade", "cookie", "accept-encoding", "forwarded", "via")
)  # fmt: skip
"""What says who asks, how a message is framed or where it comes from is the platform's to say."""
_REFUSED_PREFIXES = ("x-penstock-", "x-forwarded-", "proxy-", "access-control-", "sec-")


def _plain_json(value: Any) -> Any:
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as wrong:
        raise InvalidInput(
            "request is not JSON: no NaN, no infinity, no lone surrogates", (Detail(("request",), "not JSON"),)
        ) from wrong
    return value


def _harmless(headers: dict[str, str]) -> dict[str, str]:
    wrong = [
        Detail(("headers", name), "may not be given")
        for name, value in headers.items()
        if not _NAME.match(name)
        or not _VALUE.match(value)
        or name.lower() in _REFUSED
        or name.lower().startswith(_REFUSED_PREFIXES)
    ]
    if wrong or len(headers) > MAX_HEADERS:
        raise InvalidInput(f"At most {MAX_HEADERS} headers, none of them the platform's own to set", wrong)
    return headers


class DebugRequest(Command):
    """One request to one version, past the split."""

    version: VersionName | None = Field(default=None, description="None: the one with the largest share that runs.")
    request: Annotated[Any, AfterValidator(_plain_json)] = Field(
        default=None, description="Body of the scoring request. None: the model's own input example."
    )
    log: StrictBool = Field(default=False, description="Whether the request goes into the inference table.")
    headers: Annotated[dict[str, str], AfterValidator(_harmless)] = Field(
        default={}, description="Further headers, such as `traceparent` or `X-Request-Id`."
    )


@dataclass(frozen=True)
class Timings:
    """Where the time of a debug request went, in milliseconds; None where nobody said."""

    total_ms: float
    router_ms: float | None = None
    queue_ms: float | None = None
    predict_ms: float | None = None


def parse_timings(total_ms: float, header: str | None) -> Timings:
    """`router;dur=0.2, queue;dur=0.1, predict;dur=7.5`, as the router says it, beside the time as it was seen here."""
    said = {name: float(value) for name, value in _TIMING.findall((header or "")[:_LONGEST_TIMINGS])}
    return Timings(total_ms, said.get("router"), said.get("queue"), said.get("predict"))


def encode_request(request: Any) -> str:
    """The body that is sent: ASCII, so that every shell passes it on as it is."""
    return json.dumps(request, allow_nan=False)


def chosen_version(serving: Sequence[str], weights: Mapping[str, int]) -> str:
    """The version of `serving` (oldest first) with the largest weight; `Conflict` where nothing runs."""
    if not serving:
        raise Conflict("No version of this service runs: start one first")
    return max(serving, key=lambda name: weights.get(name, 0))


def curl_line(url: str, body: str, headers: Mapping[str, str], *, needs_key: bool) -> str:
    """The line for a POSIX shell; the key is taken from `$PENSTOCK_API_KEY`.

    A body that is too long for an argument comes from `printf`, which every shell has built in: that starts no process.
    """
    words = ["curl", "-sS", "-X", "POST", shlex.quote(url)]
    for name, value in {"Content-Type": "application/json", **headers}.items():
        words += ["-H", shlex.quote(f"{name}: {value}")]
    if needs_key:
        words += ["-H", '"Authorization: Bearer $PENSTOCK_API_KEY"']
    if len(body) > _LONGEST_ARGUMENT:
        return " ".join(("printf", "%s", shlex.quote(body), "|", *words, "--data-binary", "@-"))
    return " ".join((*words, "--data-raw", shlex.quote(body)))
