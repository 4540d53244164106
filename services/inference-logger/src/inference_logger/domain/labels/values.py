"""One label as it comes in: what it belongs to, its value, when it was given. No I/O."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

CLIENT_REQUEST_ID, REQUEST_ID = "client_request_id", "request_id"
ANY_ID = "id"
"""Either of the two: SageMaker's lines do not say which they mean."""
LONGEST_KEY = 256
LONGEST_TEXT = 1024
MOST_EXACT_INTEGER = 2**53
MOST_ROWS = 2**31 - 1
MOST_LABELS = 1_000_000
"""Of one upload."""
MOST_NAMES = 1000
"""Labels of one inference."""
TOO_MANY = f"more than {MOST_LABELS:,} labels in one upload; send several, or make the file a label source"

LabelValue = float | str | bool


class BadLabel(ValueError):
    """Why a label is not taken."""


class TooManyLabels(Exception):
    """What was sent holds more than may be."""


@dataclass(frozen=True)
class LabelKey:
    """What a label belongs to: `name` is one of the ids, or a column of features; `label` is empty for an unnamed one.

    `row` None: every row that has the value; only for columns of features.
    """

    name: str
    value: str
    row: int | None
    label: str = ""


@dataclass(frozen=True)
class Label:
    """A label; `item`: its place in what was sent."""

    key: LabelKey
    value: LabelValue
    labelled_at: datetime | None
    item: int = 0


@dataclass(frozen=True)
class Rejection:
    """Why an item of what was sent is not taken."""

    row: int
    reason: str


@dataclass
class ParsedLabels:
    """What was sent: labels, and items that are none."""

    received: int = 0
    labels: list[Label] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)
    most: float = math.inf

    def take(self, labels: Iterable[Label]) -> None:
        """Some are good. Raises `TooManyLabels`."""
        self.labels += labels
        if len(self.labels) > self.most:
            raise TooManyLabels(TOO_MANY)

    def reject(self, item: int, reason: str) -> None:
        """An item is not taken."""
        self.rejected.append(Rejection(item, reason))


def label_value(found: Any) -> LabelValue:
    """A number, a text or a boolean. Raises `BadLabel`."""
    if isinstance(found, bool):
        return found
    if isinstance(found, int):
        if abs(found) > MOST_EXACT_INTEGER:
            raise BadLabel("the label is a number that a double does not hold exactly; send it as text")
        return float(found)
    if isinstance(found, float):
        if not math.isfinite(found):
            raise BadLabel("the label is no finite number")
        return found
    if isinstance(found, str):
        if len(found) > LONGEST_TEXT:
            raise BadLabel(f"the label is longer than {LONGEST_TEXT} characters")
        return found
    raise BadLabel("the label is neither a number, a text, nor true or false")


def value_kind(value: LabelValue) -> str:
    """`boolean`, `double` or `string`."""
    return "boolean" if isinstance(value, bool) else "double" if isinstance(value, float) else "string"


def label_key_text(found: Any) -> str:
    """The value of a key, as text. Raises `BadLabel`."""
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, int):
        return str(found)
    if not isinstance(found, str) or not found:
        raise BadLabel("the key is neither a text nor a whole number")
    if len(found) > LONGEST_KEY or not found.isprintable():
        raise BadLabel(f"the key is longer than {LONGEST_KEY} characters, or holds what cannot be printed")
    return found


def row_number(found: Any, key_name: str) -> int | None:
    """The row of a batch: 0 where nothing is said; None (every row) for a column of features. Raises `BadLabel`."""
    if found is None:
        return 0 if key_name in {CLIENT_REQUEST_ID, REQUEST_ID, ANY_ID} else None
    if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found <= MOST_ROWS:
        raise BadLabel("row is no whole number from 0 on")
    return found


def label_time(found: Any, latest: datetime) -> datetime | None:
    """When a label was given, in UTC. Raises `BadLabel` for what is no time with a zone, or after `latest`."""
    if found is None or found == "":
        return None
    at = found
    if isinstance(at, str):
        try:
            at = datetime.fromisoformat(at)
        except ValueError as error:
            raise BadLabel("labelled_at is no ISO-8601 time") from error
    if not isinstance(at, datetime):
        raise BadLabel("labelled_at is no ISO-8601 time")
    if at.tzinfo is None:
        raise BadLabel("labelled_at has no zone")
    try:
        at = at.astimezone(UTC)
    except OverflowError as error:
        raise BadLabel("labelled_at cannot be told in UTC") from error
    if at > latest:
        raise BadLabel("labelled_at lies in the future")
    return at


def label_name(found: Any) -> str:
    """What one of several labels is called. Raises `BadLabel`."""
    if not isinstance(found, str) or not found or len(found) > LONGEST_KEY or not found.isprintable():
        raise BadLabel(f"the name of a label is no text of 1 to {LONGEST_KEY} characters")
    return found


def named_values(found: Any) -> Sequence[tuple[str, LabelValue]]:
    """The labels of one item: of one value, or of an object of several. Raises `BadLabel`."""
    if isinstance(found, dict):
        if not found:
            raise BadLabel("the label is an object without a name")
        if len(found) > MOST_NAMES:
            raise BadLabel(f"the label is an object of more than {MOST_NAMES} names")
        return [(label_name(name), label_value(value)) for name, value in found.items()]
    return [("", label_value(found))]
