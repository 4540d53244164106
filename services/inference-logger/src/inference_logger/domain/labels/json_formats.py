"""Labels in JSON, and SageMaker's lines of ground truth. No I/O."""

from __future__ import annotations

import csv
from datetime import datetime
from typing import Any

import orjson

from inference_logger.domain.labels.values import (
    ANY_ID,
    CLIENT_REQUEST_ID,
    MOST_LABELS,
    REQUEST_ID,
    TOO_MANY,
    BadLabel,
    Label,
    LabelKey,
    LabelValue,
    ParsedLabels,
    label_key_text,
    label_time,
    label_value,
    named_values,
    row_number,
)
from shared.errors import InvalidInput

LONGEST_LINE = 4 << 20
"""Of ground truth: what it holds takes many times that in memory."""
ITEM_FIELDS = frozenset((CLIENT_REQUEST_ID, REQUEST_ID, "key", "row", "label", "labelled_at"))


def read_json(body: bytes, key_column: str | None, latest: datetime) -> ParsedLabels:
    """`{"labels": [{"client_request_id" | "request_id" | "key", "row", "label", "labelled_at"}]}`.

    Raises `InvalidInput` for another shape; what is wrong with one item rejects that item.
    """
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"the body is not JSON: {error}") from error
    items = content.get("labels") if isinstance(content, dict) and content.keys() == {"labels"} else None
    if not isinstance(items, list):
        raise InvalidInput('the body is not {"labels": [ … ]} and nothing else')
    if len(items) > MOST_LABELS:
        raise InvalidInput(TOO_MANY)
    parsed = ParsedLabels(len(items), most=MOST_LABELS)
    for place, item in enumerate(items):
        try:
            parsed.take(_labels_of(item, place, key_column, latest))
        except BadLabel as error:
            parsed.reject(place, str(error))
    return parsed


def _labels_of(item: Any, place: int, key_column: str | None, latest: datetime) -> list[Label]:
    if not isinstance(item, dict):
        raise BadLabel("not an object")
    unknown = sorted(item.keys() - ITEM_FIELDS)
    if unknown:
        raise BadLabel(f"unknown field {unknown[0][:64]}")
    given = [(name, item[name]) for name in (CLIENT_REQUEST_ID, REQUEST_ID, "key") if item.get(name) is not None]
    if len(given) != 1:
        raise BadLabel("needs exactly one of client_request_id, request_id and key")
    name, value = given[0]
    if name == "key":
        if key_column is None:
            raise BadLabel("key needs the parameter `key`: the column of features that it is the value of")
        name = key_column
    if "label" not in item:
        raise BadLabel("has no label")
    row, at = row_number(item.get("row"), name), label_time(item.get("labelled_at"), latest)
    key = label_key_text(value)
    return [Label(LabelKey(name, key, row, label), one, at, place) for label, one in named_values(item["label"])]


def read_ground_truth(body: bytes, latest: datetime) -> ParsedLabels:
    """SageMaker's lines: `{"groundTruthData": {"data", "encoding"}, "eventMetadata": {"eventId"}, "eventVersion"}`.

    The event's id is the request's id, or the caller's own. Several lines of CSV, or a list of JSON, are the rows of a
    batch. Raises `InvalidInput` for a body that is no text.
    """
    parsed = ParsedLabels(most=MOST_LABELS)
    for line in body.splitlines():
        if not line.strip():
            continue
        place, parsed.received = parsed.received, parsed.received + 1
        if parsed.received > MOST_LABELS:
            raise InvalidInput(TOO_MANY)
        try:
            parsed.take(_labels_of_line(line, place))
        except BadLabel as error:
            parsed.reject(place, str(error))
    return parsed


def _labels_of_line(line: bytes, place: int) -> list[Label]:
    if len(line) > LONGEST_LINE:
        raise BadLabel(f"the line is longer than {LONGEST_LINE >> 20} MiB")
    try:
        content = orjson.loads(line)
        data, encoding = content["groundTruthData"]["data"], content["groundTruthData"].get("encoding", "CSV")
        event = content["eventMetadata"]
        found = event.get("inferenceId") or event["eventId"]
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise BadLabel("no line of ground truth: groundTruthData.data and eventMetadata.eventId are needed") from error
    values = _values(data, encoding)
    key = label_key_text(found)
    return [Label(LabelKey(ANY_ID, key, row), value, None, place) for row, value in enumerate(values)]


def _values(data: Any, encoding: Any) -> list[LabelValue]:
    if encoding == "JSON":
        try:
            found = orjson.loads(data) if isinstance(data, str) else data
        except orjson.JSONDecodeError as error:
            raise BadLabel("groundTruthData.data is not JSON") from error
        return [label_value(value) for value in (found if isinstance(found, list) else [found])]
    if encoding != "CSV" or not isinstance(data, str):
        raise BadLabel("groundTruthData.encoding is neither CSV nor JSON")
    try:
        rows = list(csv.reader(data.splitlines())) or [[data]]
    except csv.Error as error:  # of what is longer than any label
        raise BadLabel(f"groundTruthData.data is not CSV: {error}") from error
    if any(len(row) > 1 for row in rows):  # a batch in the wrong shape would be kept as one text
        raise BadLabel("a line of CSV has several values: each row has a line of its own, a text with commas is quoted")
    return [text_value("".join(row)) for row in rows]


def text_value(text: str) -> LabelValue:
    """A number where the text is one, else the text: `1_0` is a name. Raises `BadLabel`."""
    text = text.strip()
    if not text:
        raise BadLabel("the label is empty")
    try:
        return label_value(text if "_" in text else float(text))
    except ValueError as error:
        if isinstance(error, BadLabel):
            raise
    return label_value(text)
