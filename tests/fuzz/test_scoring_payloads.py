"""Payloads from strangers against the scoring parser: a refusal with a 4xx, or exactly what was sent.

`FUZZ=long` for many more examples.
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock_runtime.errors import RequestRefused
from penstock_runtime.outputs.encoding import UnencodableOutput, encode_output
from penstock_runtime.outputs.slicing import split_plain, structure_of
from penstock_runtime.payloads.blocks import BlockBuilder, block_builder_for, read_block_rows
from penstock_runtime.payloads.inputs import prepare_columns
from penstock_runtime.payloads.parsing import parse_scoring_request
from penstock_runtime.payloads.schema import Column, ColumnSchema

KINDS = ("double", "long", "boolean", "string")
MIXED = ColumnSchema(tuple(Column(kind, kind) for kind in KINDS))
DOUBLES = ColumnSchema(tuple(Column(name, "double") for name in "abc"))

numbers = st.one_of(st.integers(), st.floats(), st.integers(-5, 5), st.just(2**53), st.just(2**53 + 1))
leaves = st.one_of(st.none(), st.booleans(), numbers, st.text(max_size=5))
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
)
names = st.sampled_from([*KINDS, *"abc", "dataframe_split", "dataframe_records", "instances", "inputs", "params", "x"])
KEYS = ["dataframe_split", "dataframe_records", "instances", "inputs", "params", "client_request_id", "x"]
tables = st.fixed_dictionaries({"columns": st.lists(names, max_size=5), "data": st.lists(st.lists(leaves, max_size=5))})
documents = st.dictionaries(st.sampled_from(KEYS), values | tables, max_size=3)


def must_blame_the_caller(refused: RequestRefused) -> None:
    assert 400 <= refused.status < 500
    json.loads(refused.body("id"))


def scored(schema: ColumnSchema, body: bytes) -> Any:
    """What the model would be given; None where the payload is refused, which only a 4xx may do."""
    try:
        return prepare_columns(parse_scoring_request("application/json", body), schema).join([])
    except RequestRefused as refused:
        must_blame_the_caller(refused)
        return None


@given(documents, st.sampled_from([MIXED, DOUBLES]))
def test_documents(document: Any, schema: ColumnSchema) -> None:
    scored(schema, json.dumps(document).encode())


@given(st.binary(max_size=200))
def test_bytes(body: bytes) -> None:
    for content_type in ("application/json", "text/csv"):
        try:
            prepare_columns(parse_scoring_request(content_type, body), MIXED)
        except RequestRefused as refused:
            must_blame_the_caller(refused)


@given(documents, st.data())
def test_damaged_documents(document: Any, data: st.DataObject) -> None:
    body = json.dumps(document).encode()
    at = data.draw(st.integers(0, len(body)))
    scored(MIXED, body[:at] + data.draw(st.binary(max_size=3)) + body[at + data.draw(st.integers(0, 3)) :])


@given(st.lists(st.lists(numbers, min_size=3, max_size=3), max_size=6))
def test_rows_of_numbers_are_taken_exactly_or_refused(rows: list[list[float]]) -> None:
    body = json.dumps({"dataframe_split": {"columns": list("abc"), "data": rows}}).encode()
    got = scored(DOUBLES, body)
    is_exact = all(
        math.isfinite(value) if isinstance(value, float) else -(2**63) <= value < 2**63 and int(float(value)) == value
        for row in rows
        for value in row
    )
    assert (got is not None) == is_exact
    if got is not None:
        assert got.to_numpy().tolist() == [list(map(float, row)) for row in rows]


@given(st.lists(st.lists(leaves, min_size=2, max_size=4), max_size=5))
def test_the_short_way_takes_nothing_that_the_long_way_refuses_and_gives_the_same(rows: list[list[Any]]) -> None:
    body = json.dumps({"dataframe_split": {"columns": list("abc"), "data": rows}}).encode()
    blocks = block_builder_for(DOUBLES)
    assert isinstance(blocks, BlockBuilder)
    try:
        request = parse_scoring_request("application/json", body)
    except RequestRefused:
        return
    short, long = read_block_rows(request, blocks), scored(DOUBLES, body)
    if short is not None:
        assert long is not None
        assert np.array_equal(short.join([]).to_numpy(), long.to_numpy(), equal_nan=True)  # null is NaN


@given(st.one_of(values, st.lists(st.floats()).map(np.array), st.lists(st.integers(-9, 9)).map(np.array)))
def test_whatever_a_model_returns_is_json(output: Any) -> None:
    try:
        encoded = encode_output(output, strict=True)
    except UnencodableOutput as error:
        assert "64-bit" in str(error)  # noqa: PT017 — most outputs raise nothing
        return
    assert "predictions" in json.loads(encoded, parse_constant=pytest.fail)


@given(st.lists(st.floats(), min_size=1, max_size=20), st.lists(st.integers(1, 3), min_size=1, max_size=8))
def test_each_caller_gets_its_own_rows(output: list[float], counts: list[int]) -> None:
    answer = np.array(output)
    has_rows = structure_of(answer, sum(counts)) is not None
    assert has_rows == (sum(counts) == len(output))
    if has_rows:
        joined = [
            value
            for part in split_plain(answer, counts)
            for value in json.loads(encode_output(part, strict=True))["predictions"]
        ]
        assert joined == [value if math.isfinite(value) else None for value in output]
