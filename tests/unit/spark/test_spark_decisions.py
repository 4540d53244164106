"""What Spark's jobs decide without Spark: columns, signatures, places, and what a cluster is handed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from inference_logger.domain.inferences.names import FEATURE, ColumnRegistry
from inference_logger.domain.inferences.placing import MOST_SEEN_COLUMNS
from inference_logger.domain.inferences.signatures import KnownSignatures, Signature, SignatureKey
from inference_logger.domain.inferences.step import derive_inferences
from inference_logger.domain.labels.history import Revision, to_rows
from inference_logger.domain.labels.values import LabelKey
from inference_logger.domain.rows import to_payload
from inference_logger.domain.schema import INFERENCES_SCHEMA
from inference_rows import columns, signature
from penstock_spark.bundle import write_bundle
from penstock_spark.errors import Refused
from penstock_spark.places import check_place
from penstock_spark.signatures import read_signatures, signatures_for
from penstock_spark.steps.columns import signed_columns, with_new_fields
from penstock_spark.steps.inferences import InferenceStep, aligned, read_found
from penstock_spark.steps.labels import LabelledStep, with_label_fields
from running_services.logged_requests import START, VERSION_ID, record

KNOWN = list(INFERENCES_SCHEMA)


def fields_of(*names: tuple[str, str]) -> list[pa.Field]:
    """Columns as one executor names them, which sees nothing of the others."""
    alone = ColumnRegistry(KNOWN)
    return [alone.add(FEATURE, name, kind) for name, kind in names]


def test_columns_that_executors_name_alike_are_told_apart_in_the_order_of_the_rows() -> None:
    found = [fields_of(("a b", "double"), ("x", "bigint")), fields_of(("a.b", "double"), ("X", "string"))]
    added = with_new_fields(KNOWN, [*found, fields_of(("x", "double"), ("a b", "double"))], set())[len(KNOWN) :]
    assert [field.name for field in added] == ["f_a_b", "x", "f_a_b_2", "f_X", "x__double"]
    assert all(field.nullable for field in added)
    assert with_new_fields([*KNOWN, *added], found, set())[len(KNOWN) :] == added


def test_columns_without_a_signature_are_bounded_and_those_with_one_are_not() -> None:
    many = fields_of(*((f"c{n}", "double") for n in range(MOST_SEEN_COLUMNS + 5)))
    assert len(with_new_fields(KNOWN, [many], set())) == len(KNOWN) + MOST_SEEN_COLUMNS
    signed = signed_columns({(VERSION_ID, 1): Signature(inputs={f"c{n}": "double" for n in range(2000)})})
    assert len(with_new_fields(KNOWN, [many], signed)) == len(KNOWN) + len(many)


def test_pieces_of_payload_make_the_rows_that_all_of_it_makes() -> None:
    by = signature(columns(a="double", b="string"), [{"type": "long"}])
    signatures: dict[SignatureKey, Signature] = {(VERSION_ID, 1): by}
    body = '{"dataframe_records": [{"a": 1, "b": "x", "more": 2}, {"a": "no", "b": "y"}]}'
    payload = to_payload(
        [record(name, generation=1, request=body, response='{"predictions": [1, 2]}') for name in "abc"]
    )
    pieces = [payload.slice(place, 1).combine_chunks().to_batches()[0] for place in range(3)]
    found = InferenceStep(signatures, KNOWN).find_columns(iter(pieces))
    named = [read_found(fields) for batch in found for fields in batch.column("fields").to_pylist()]
    fields = with_new_fields(KNOWN, named, signed_columns(signatures))
    rows = pa.Table.from_batches(InferenceStep(signatures, fields).rows(iter(pieces)))
    expected = aligned(derive_inferences(payload, signatures, KNOWN), fields)
    assert rows.to_pylist() == expected.to_pylist()
    with pytest.raises(Refused, match="more"):
        list(InferenceStep(signatures, KNOWN).rows(iter(pieces)))


def test_labels_of_one_piece_are_joined_by_any_key() -> None:
    body = '{"dataframe_records": [{"fixed acidity": 7.0}, {"fixed acidity": 8.5}]}'
    rows = derive_inferences(to_payload([record("a", request=body, response='{"predictions": [1, 2]}')]), {}, KNOWN)
    keys = [LabelKey("request_id", "a", 0), LabelKey("fixed acidity", "7", None, "other"), LabelKey("id", "none", 0)]
    labels = to_rows([(key, Revision(float(n), START, START, 1)) for n, key in enumerate(keys)], {}, "api")
    step = LabelledStep(list(rows.schema), ["fixed acidity", "id", "request_id"])
    assert step.key_columns() == ["client_request_id", "f_fixed_acidity", "request_id"]
    found = [row for batch in step.row_keys(iter(rows.to_batches())) for row in batch.to_pylist()]
    assert {(row["key_name"], row["key"], row["row_index"]) for row in found if row["key_name"] != "id"} == {
        ("request_id", "a", 0),
        ("request_id", "a", 1),
        ("fixed acidity", "7", 0),
    }
    system = [
        pa.field("labelled_at", pa.timestamp("us", "UTC")),
        pa.field("label_received_at", pa.timestamp("us", "UTC")),
    ]
    known = [*rows.schema, *system, pa.field("label_revision", pa.int32())]
    fields = with_label_fields(known, [(None, "double"), ("other", "double"), (None, "string")])
    assert [field.name for field in fields[len(known) :]] == ["label", "label_other", "label__string"]
    (joined,) = LabelledStep(step.inferences, step.key_names, fields).joined(rows, labels).to_pylist()
    assert (joined["row_index"], joined["label"], joined["label_other"], joined["label__string"]) == (0, 0.0, 1.0, None)


def test_a_generation_without_a_signature_is_refused_or_has_the_nearest() -> None:
    one = {"version_id": "v", "generations": [1, 2], "inputs": json.dumps(columns(a="double")), "outputs": None}
    found = read_signatures(json.dumps({"service": "wine", "signatures": [one]}))
    assert (found.service, set(found.known.by_key)) == ("wine", {("v", 1), ("v", 2)})
    assert set(signatures_for([("v", 2), (None, None), ("v", None)], found.known, may_lack=False)) > {("v", 2)}
    with pytest.raises(Refused, match="v generation 3"):
        signatures_for([("v", 3)], found.known, may_lack=False)
    assert signatures_for([("v", 3)], found.known, may_lack=True)["v", 3].inputs == {"a": "double"}
    assert signatures_for([("w", 1)], KnownSignatures(), may_lack=True)["w", 1].inputs == {}
    for wrong in ("", "[]", '{"signatures": []}', '{"service": "w", "signatures": [{"version_id": "v"}]}'):
        with pytest.raises(Refused, match="no file of signatures"):
            read_signatures(wrong)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("/lake/wine/payload", "/lake/wine/inferences"),
        ("file:///lake/wine/payload/", "/lake/wine/../wine/labelled"),
        ("s3a://lake/wine/payload", "s3://lake/wine/inferences"),
        ("/lake/wine/payload", "/lake/wine/payload"),
        ("/lake/wine/inferences", "/lake/wine/profile_metrics"),
    ],
)
def test_places_of_the_platforms_own_tables_are_refused(source: str, target: str) -> None:
    with pytest.raises(Refused, match=r"the platform writes|is the source"):
        check_place(source, target, is_ours=False)


def test_tables_of_sparks_own_may_lie_beside_each_other() -> None:
    check_place("/lake/wine/payload", "/lake/spark/wine/inferences", is_ours=False)
    check_place("/lake/spark/wine/inferences", "/lake/spark/wine/labelled", is_ours=True)
    with pytest.raises(Refused, match="is the source"):
        check_place("/lake/spark/wine/inferences", "/lake/spark/wine/inferences", is_ours=True)


def test_the_bundle_has_all_that_executors_need(tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path)
    assert write_bundle(tmp_path / "again").read_bytes() == bundle.read_bytes()
    code = (
        "import sys\nsys.path.insert(0, sys.argv[1])\n"
        "import inference_logger, penstock_spark.steps.inferences, penstock_spark.steps.labels\n"
        "from penstock_spark.__main__ import parser\nparser()\n"
        "import monitor, shared, penstock_spark.profile_options\n"
        "import penstock_spark.steps.metrics, penstock_spark.steps.profiles\n"
        "packages = [inference_logger, monitor, shared, penstock_spark]\n"
        "assert all(each.__file__.startswith(sys.argv[1]) for each in packages), packages\n"
        "heavy = {'deltalake', 'sqlalchemy', 'pydantic', 'duckdb', 'nats'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code, bundle], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
