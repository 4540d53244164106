"""The history of labels and their join with inferences, against a simple reference."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from inference_logger.domain.labels.history import current, histories, new_revisions, to_rows
from inference_logger.domain.labels.join import join_labels, matched_keys
from inference_logger.domain.labels.values import ANY_ID, Label, LabelKey, LabelValue
from inference_logger.domain.schema import INFERENCES_SCHEMA

START = datetime(2026, 3, 1, tzinfo=UTC)
KEYS = [
    *(
        LabelKey(name, value, row)
        for name in ("client_request_id", "request_id", ANY_ID)
        for value in "ab"
        for row in (0, 1)
    ),
    LabelKey("customer", "7", None),
    LabelKey("request_id", "a", 0, "second"),
]
VALUES: list[LabelValue] = [1.0, 2.0, True, "x"]


def inferences() -> pa.Table:
    """Requests a and b with two rows each; the caller's id of a is b, b has none."""
    schema = pa.schema([*INFERENCES_SCHEMA, pa.field("customer", pa.int64()), pa.field("prediction", pa.float64())])
    rows = [
        {
            "request_date": START.date(),
            "request_id": name,
            "record_id": name,
            "client_request_id": caller,
            "row_index": row,
            "request_time": START,
            "customer": 7 if row else 8,
            "prediction": 1.5,
        }
        for name, caller in (("a", "b"), ("b", None))
        for row in (0, 1)
    ]
    return pa.Table.from_pylist(rows, schema=schema)


def belongs(key: LabelKey, row: dict[str, Any]) -> bool:
    columns = ("request_id", "client_request_id") if key.name == ANY_ID else (key.name,)
    is_row = key.row is None or key.row == row["row_index"]
    return is_row and any(row[column] is not None and str(row[column]) == key.value for column in columns)


uploads = st.lists(
    st.lists(
        st.builds(
            Label,
            st.sampled_from(KEYS),
            st.sampled_from(VALUES),
            st.none() | st.integers(0, 3).map(lambda hours: START + timedelta(hours=hours)),
        ),
        max_size=4,
    ),
    max_size=4,
)


@settings(deadline=None)
@given(uploads)
def test_what_counts_is_what_a_simple_replay_says(sent: list[list[Label]]) -> None:
    rows = to_rows([], {}, "api")
    counts: dict[LabelKey, tuple[datetime, int, LabelValue]] = {}
    for number, labels in enumerate(sent):
        at = START + timedelta(days=1, hours=number)
        rows = pa.concat_tables([rows, to_rows(new_revisions(labels, histories(rows), at), {}, "api")])
        again = new_revisions(labels, histories(rows), at)
        assert len({label.key for label in labels}) < len(labels) or not again, "what is repeated changes nothing"
        for place, label in enumerate(labels):
            before = counts.get(label.key)
            given_at = label.labelled_at
            if before is not None and given_at is None and _same(before[2], label.value):
                continue
            new = (given_at or at, number * 10 + place, label.value)
            if before is None or new[:2] >= before[:2]:
                counts[label.key] = new
    found = current(histories(rows))
    assert {key: (one.labelled_at, one.value) for key, one in found.items()} == {
        key: (labelled_at, value) for key, (labelled_at, _, value) in counts.items()
    }
    for history in histories(rows).values():
        assert [one.revision for one in history] == list(range(1, len(history) + 1))
    _compare_join(rows)


def _same(one: LabelValue, other: LabelValue) -> bool:
    return type(one) is type(other) and one == other


def _compare_join(labels: pa.Table) -> None:
    found = current(histories(labels))
    table = inferences()
    joined = join_labels(table, found).to_pylist()
    seen = {(row["request_id"], row["row_index"]): row for row in joined}
    for row in table.to_pylist():
        own = [(key, one) for key, one in found.items() if belongs(key, row)]
        got = seen.pop((row["request_id"], row["row_index"]), None)
        assert (got is None) == (not own)
        if got is None:
            continue
        unnamed = [one for key, one in own if not key.label]
        values = [value for name, value in got.items() if name == "label" or name.startswith("label__")]
        values = [value for value in values if value is not None]
        last = max((one.order for one in unnamed), default=None)
        assert len(values) == bool(unnamed)
        assert all(any(_same(value, one.value) for one in unnamed if one.order == last) for value in values)
        named = [one for key, one in own if key.label]
        second = [value for name, value in got.items() if name.startswith("label_second") and value is not None]
        assert second == [one.value for one in named]
        assert got["prediction"] == 1.5
    assert not seen


def test_keys_are_matched_with_the_time_of_their_request() -> None:
    found = matched_keys(inferences(), [*KEYS, LabelKey("request_id", "nobody", 0), LabelKey("colour", "red", None)])
    assert set(found) == set(KEYS) - {LabelKey("client_request_id", "a", 0), LabelKey("client_request_id", "a", 1)}
    assert set(found.values()) == {START}
