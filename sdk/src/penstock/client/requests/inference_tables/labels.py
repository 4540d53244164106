"""What is said of ground truth: labels are sent, and counted."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, TypedDict, TypeVar, Unpack

from penstock.client.requests.base import Listing, Request, between, given, if_match, nothing, path, post
from penstock.client.types import Json

Answer = TypeVar("Answer")

ANSWER_TIMEOUT_S = 310.0
"""A large upload is read and looked up before it is answered."""
MEDIA_TYPES = {
    "json": "application/json",
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "ground-truth": "application/x-ndjson",
}
SUFFIXES = {".json": "json", ".csv": "csv", ".parquet": "parquet", ".jsonl": "ground-truth", ".ndjson": "ground-truth"}


class LabelSourceFields(TypedDict, total=False):
    """Where labels are read from, which column is what, and when; the names are the API's."""

    format: str
    location: str | None
    query: str | None
    secret: str | None
    growing: str | None
    key: Mapping[str, str]
    row: str | None
    label: str | Mapping[str, str]
    labelled_at: str | None
    schedule: str | None
    paused: bool


@dataclass(frozen=True)
class UploadRequest(Request[Answer]):
    """A request whose body is a file, read when it is sent."""

    file: str | PathLike[str] = ""


def send_labels(service: str, labels: Sequence[Mapping[str, Any]], *, key: str | None = None) -> Request[Json]:
    """Say what was true: each label has `client_request_id`, `request_id` or `key`, and `label`.

    `row` of a batch is 0 unless it is given; `key` is the column of features that the labels' `key` is a value of.
    """
    where = post(path("services", service, "labels"), {"labels": [dict(label) for label in labels]})
    return Request("POST", where.path, given(key=key), where.json, where.headers)


def send_label_file(
    service: str,
    file: str | PathLike[str],
    *,
    format: str | None = None,  # noqa: A002
    key: str | None = None,
) -> UploadRequest[Json]:
    """The same from a file: `json`, `csv`, `parquet` or `ground-truth` (SageMaker's lines), else by its name."""
    kind = format or SUFFIXES.get(Path(file).suffix.lower())
    if kind is None:
        raise ValueError(f"the name of {Path(file).name} does not say its format: {', '.join(MEDIA_TYPES)}")
    headers = {"Content-Type": MEDIA_TYPES.get(kind, kind), "Idempotency-Key": uuid.uuid4().hex}
    where = path("services", service, "labels")
    return UploadRequest("POST", where, given(key=key), headers=headers, file=file)


def label_coverage(
    service: str, *, from_time: str | None = None, to_time: str | None = None, step: int = 3600
) -> Request[Json]:
    """How many inferences have a label by now, and how late these came; the last day unless told otherwise."""
    params = {**given(**between(from_time, to_time)), "step": step}
    return Request("GET", path("services", service, "labels", "coverage"), params)


def create_label_source(service: str, name: str, **fields: Unpack[LabelSourceFields]) -> Request[Json]:
    """Define where labels are read from: `format`, `location` (or `query` and `secret`), `key`, `label`, `schedule`."""
    return post(path("services", service, "label-sources"), {"name": name, **fields})


def label_sources(service: str) -> Listing[Json]:
    """Label sources of a service by name, and how each does."""
    return Listing("GET", path("services", service, "label-sources"))


def label_source(service: str, source: str) -> Request[Json]:
    """One label source."""
    return Request("GET", path("services", service, "label-sources", source))


def replace_label_source(
    service: str, source: str, *, revision: int | None = None, **fields: Unpack[LabelSourceFields]
) -> Request[Json]:
    """Define a label source anew, all of it; with `revision` only if it is still that one."""
    where = path("services", service, "label-sources", source)
    return Request("PUT", where, json=fields, headers=if_match(revision))


def delete_label_source(service: str, source: str, *, revision: int | None = None) -> Request[None]:
    """Forget a label source; the labels that it brought stay."""
    where = path("services", service, "label-sources", source)
    return Request("DELETE", where, headers=if_match(revision), read=nothing)


def run_label_source(service: str, source: str) -> Request[Json]:
    """Have a label source read now, whatever its schedule says."""
    return Request("POST", path("services", service, "label-sources", source, "run"))


def label_runs(service: str, source: str, *, limit: int = 20) -> Listing[Json]:
    """The last runs of a label source, newest first: rows read, labels new and corrected, unmatched rows, errors."""
    return Listing("GET", path("services", service, "label-sources", source, "runs"), {"limit": limit})
