"""What is taken as a label, and why the rest is not."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from inference_logger.domain.labels import json_formats
from inference_logger.domain.labels.values import LabelKey, ParsedLabels
from inference_logger.store.labels import files
from inference_logger.store.labels.files import UploadReader
from shared.contracts.rpc.inference_logger.labels import LabelFormat
from shared.errors import InvalidInput

LATEST = datetime(2026, 3, 2, tzinfo=UTC)


FAULTS: tuple[dict[str, Any], ...] = (
    *({}, {"label": None}, {"label": [1]}, {"label": 2**60}, {"label": 1, "row": -1}, {"label": 1, "row": True}),
    *({"label": 1, "colour": 1}, {"label": {}}, {"label": 1, "labelled_at": "2026-03-01T12:00:00"}),
    *({"label": 1, "labelled_at": "soon"}, {"label": 1, "labelled_at": "2027-01-01T00:00:00Z"}),
    *({"label": 1, "client_request_id": "x"}, {"label": "x" * 2000}),
)


def read(body: bytes, kind: LabelFormat, key: str | None = None) -> ParsedLabels:
    return UploadReader(kind, key, LATEST).read(BytesIO(body))


def found(parsed: ParsedLabels) -> list[tuple[LabelKey, Any]]:
    return [(label.key, label.value) for label in parsed.labels]


def reasons(parsed: ParsedLabels) -> dict[int, str]:
    return {one.row: one.reason for one in parsed.rejected}


def test_json_takes_either_id_a_row_a_name_and_a_time() -> None:
    items: list[Any] = [
        {"client_request_id": "a-1", "row": 0, "label": 6, "labelled_at": "2026-03-01T12:00:00+02:00"},
        {"request_id": "r", "label": {"quality": 5.5, "is_red": True}},
        {"key": 7, "label": "good"},
        *({"request_id": "r", **fault} for fault in FAULTS),
        {"label": 1}, 5, {"request_id": "", "label": 1},
    ]  # fmt: skip
    parsed = read(json.dumps({"labels": items}).encode(), "json", "customer")
    assert parsed.received == len(items)
    assert found(parsed) == [
        (LabelKey("client_request_id", "a-1", 0), 6.0),
        (LabelKey("request_id", "r", 0, "quality"), 5.5),
        (LabelKey("request_id", "r", 0, "is_red"), True),
        (LabelKey("customer", "7", None), "good"),
    ]
    assert parsed.labels[0].labelled_at == LATEST - timedelta(hours=14)
    assert set(reasons(parsed)) == set(range(3, len(items)))
    for wrong in (b"{", b"[]", b'{"labels": {}}', b'{"labels": [], "more": 1}'):
        with pytest.raises(InvalidInput):
            read(wrong, "json")


def test_csv_is_numbers_where_a_whole_column_is() -> None:
    body = b"client_request_id,row,label,label_text,ignored\na,0,6,1,x\nb,,7.5,two,x\n,0,1,x,x\nc,x,1,x,x\nd,1,,,x\n"
    parsed = read(body, "csv")
    assert found(parsed) == [
        (LabelKey("client_request_id", "a", 0, "text"), "1"),
        (LabelKey("client_request_id", "a", 0), 6.0),
        (LabelKey("client_request_id", "b", 0, "text"), "two"),
        (LabelKey("client_request_id", "b", 0), 7.5),
    ]
    assert reasons(parsed) == {2: "has no key", 3: "row is no whole number from 0 on", 4: "has no label"}
    assert found(read(b"customer,label\n7,1\n", "csv", "customer")) == [(LabelKey("customer", "7", None), 1.0)]
    for wrong in (b"", b"a,b\n1,2\n", b"request_id\nr\n", b"label,label,request_id\n1,2,r\n", b"request_id,label\nr\n"):
        with pytest.raises(InvalidInput):
            read(wrong, "csv")


def test_a_word_for_a_missing_number_leaves_the_others_numbers() -> None:
    parsed = read(b"request_id,label\na,6\nb,NA\nc,nan\nd,7\n", "csv")
    assert [value for _, value in found(parsed)] == [6.0, 7.0]
    assert reasons(parsed) == {1: "has no label", 2: "has no label"}
    assert [value for _, value in found(read(b"request_id,label\na,none\nb,none\n", "csv"))] == ["none", "none"]
    assert [value for _, value in found(read(b"request_id,label\na,none\nb,b2\n", "csv"))] == ["none", "b2"]


@pytest.mark.parametrize(
    ("body", "next_step"),
    [
        (b"request_id,quality\nr,6\n", "rename the one of labels; there are request_id, quality"),
        (b"alcohol,label\n9,6\n", "or name the feature"),
        (b"request_id;label\nr;6\n", "CSV has commas between columns"),
    ],
)
def test_a_file_with_other_columns_is_told_what_to_do(body: bytes, next_step: str) -> None:
    with pytest.raises(InvalidInput, match=next_step):
        read(body, "csv")


def test_parquet_has_types_and_may_be_damaged() -> None:
    times = pa.array([LATEST - timedelta(days=1), None], pa.timestamp("ns", "UTC"))
    columns = {
        "request_id": ["r", "s"],
        "row": pa.array([1, 0], pa.int16()),
        "label": [True, None],
        "labelled_at": times,
    }
    file = BytesIO()
    pq.write_table(pa.table(columns), file)
    parsed = read(file.getvalue(), "parquet")
    assert found(parsed) == [(LabelKey("request_id", "r", 1), True)]
    assert parsed.labels[0].labelled_at == LATEST - timedelta(days=1)
    assert reasons(parsed) == {1: "has no label"}
    with pytest.raises(InvalidInput, match="no Parquet file"):
        read(file.getvalue()[:-20], "parquet")


def test_lines_of_ground_truth_mean_either_id() -> None:
    def line(data: Any, encoding: str = "CSV", **event: str) -> str:
        content = {"groundTruthData": {"data": data, "encoding": encoding}, "eventMetadata": event, "eventVersion": "0"}
        return json.dumps(content)

    lines = [
        line("1", eventId="e"),
        line('good\n"bad, no"', eventId="e", inferenceId="i"),
        line("[1, 0]", "JSON", eventId="e"),
        line("1", "BASE64", eventId="e"),
        line("1"),
        "5",
        line("5,6,7", eventId="e"),
        line("x" * 200_000, eventId="e"),
    ]
    parsed = read("\n".join([*lines, ""]).encode(), "ground_truth")
    assert found(parsed) == [
        (LabelKey("id", "e", 0), 1.0),
        (LabelKey("id", "i", 0), "good"),
        (LabelKey("id", "i", 1), "bad, no"),
        (LabelKey("id", "e", 0), 1.0),
        (LabelKey("id", "e", 1), 0.0),
    ]
    assert set(reasons(parsed)) == {3, 4, 5, 6, 7}


def parquet(**columns: Any) -> bytes:
    body = BytesIO()
    pq.write_table(pa.table(columns), body, store_schema=False, compression="zstd")
    return body.getvalue()


NO_UTF8 = pa.StringArray.from_buffers(1, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"\xff\xfe"))


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("csv", b"request_id," + b"x" * 200_000 + b",label\na,1\n"),
        ("csv", b"request_id,label\ra,1\r"),
        ("csv", b"request_id,label," + b",".join(b"c%d" % number for number in range(20_000)) + b"\na,1\n"),
        ("csv", b"request_id," + b",".join(b"label_%d" % number for number in range(1001)) + b"\na\n"),
        ("csv", b"request_id," + b",".join(b"label_%d" % number for number in range(900)) + b"\n" + b"," * 900 + b"\n"),
        ("parquet", parquet(request_id=NO_UTF8, label=[1])),
        ("parquet", parquet(request_id=["a"], label=[1], labelled_at=pa.array([2**62], pa.timestamp("us", "UTC")))),
        ("parquet", parquet(request_id=["a"], label=pa.array([b"x"]))),
        ("json", b'{"labels": [' + b"1," * 1000 + b"1]}"),
        ("ground_truth", b"1\n" * 1001),
        ("ground_truth", json.dumps(
            {"groundTruthData": {"data": "1\n" * 1001}, "eventMetadata": {"eventId": "a"}}
        ).encode()),
    ],
)  # fmt: skip
def test_bodies_that_would_break_or_fill_the_reader(
    kind: LabelFormat, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_formats, "MOST_LABELS", 1000)
    monkeypatch.setattr(files, "MOST_LABELS", 1000)
    monkeypatch.setattr(files, "MOST_CELLS", 800)
    with pytest.raises(InvalidInput):
        read(body, kind)


def test_a_small_parquet_file_that_holds_a_terabyte_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    places = pa.array([0] * 100_000, pa.int32())
    keys = pa.array([str(number) for number in range(100_000)])
    huge = pa.DictionaryArray.from_arrays(places, ["x" * 10_000_000])
    monkeypatch.setattr(files, "MOST_TEXT_BYTES", 10 << 20)
    with pytest.raises(InvalidInput, match="take more than 10 MiB"):
        read(parquet(request_id=keys, label=huge), "parquet")
    long = pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.int32()), ["x" * 10_000_000, "good"])
    parsed = read(parquet(request_id=["a", "b"], label=long), "parquet")
    assert (list(reasons(parsed)), [label.value for label in parsed.labels]) == ([0], ["good"])


def test_names_and_endless_numbers_are_no_numbers() -> None:
    parsed = read(b"request_id,row,label\na,0,1_0\nb,0,2_0\nc," + b"9" * 5000 + b",3_0\n", "csv")
    assert [label.value for label in parsed.labels] == ["1_0", "2_0"]
    assert list(reasons(parsed)) == [2]
