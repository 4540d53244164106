"""Labels and inferences on real Delta tables → labelled: each row once, with the label that counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from inference_logger.domain.inferences.step import derive_inferences
from inference_logger.domain.labels.values import Label, LabelKey, LabelValue
from inference_logger.domain.rows import to_payload
from inference_logger.store.delta.open_tables import open_or_create
from inference_logger.store.labels import table as labels_table
from inference_logger.store.labels.labelled import LabelledCommit, LabelledDerivation, derive_labelled
from inference_logger.store.labels.table import TablePlace, append_labels, find_requests
from running_services.logged_requests import START, record
from shared.errors import InvalidInput, NotFound

LATER = START + timedelta(days=2)


class Labelled:
    """An inferences table, labels, and what is derived from both."""

    def __init__(self, root: Path) -> None:
        self.places = {kind: TablePlace(str(root / "wine" / kind)) for kind in ("inferences", "labels", "labelled")}
        self.derivation = LabelledDerivation(self.places["inferences"], self.places["labels"], self.places["labelled"])
        self.received_at = LATER

    def predict(self, *names: str, **fields: Any) -> None:
        """A commit of inferences; two rows a request."""
        body = '{"dataframe_split": {"columns": ["a", "customer"], "data": [[1.0, "x"], [2.0, "y"]]}}'
        asked = {"request": body, "response": '{"predictions": [5.0, 6.0]}'} | fields
        records = [record(name, client_request_id=f"c-{name}", **asked) for name in names]
        place = self.places["inferences"]
        rows = derive_inferences(to_payload(records), {}, ())
        table, _ = open_or_create(place.location, place.storage, rows.schema)
        write_deltalake(table, rows, mode="append", schema_mode="merge")

    def label(self, *labels: tuple[str, int, LabelValue], at: datetime | None = None, name: str = "request_id") -> int:
        self.received_at += timedelta(hours=1)
        sent = [Label(LabelKey(name, key, row), value, at) for key, row, value in labels]
        found = find_requests([self.places["inferences"]], sent)
        return append_labels(self.places["labels"], sent, found, self.received_at, "api").committed.rows

    def derive(self) -> LabelledCommit:
        return derive_labelled(self.derivation)

    def rows(self, *names: str) -> dict[str, Sequence[Any]]:
        found = DeltaTable(self.places["labelled"].location).to_pyarrow_table().to_pylist()
        assert len({(row["record_id"], row["row_index"]) for row in found}) == len(found)
        wanted = names or ("label",)
        return {f"{row['record_id']}/{row['row_index']}": tuple(row[name] for name in wanted) for row in found}

    @property
    def version(self) -> int:
        return DeltaTable(self.places["labelled"].location).version()


@pytest.fixture
def tables(tmp_path: Path) -> Labelled:
    return Labelled(tmp_path)


def test_late_corrected_repeated_and_early_labels(tables: Labelled) -> None:
    with pytest.raises(NotFound):
        tables.derive()
    tables.predict("a", "b")
    assert tables.label(("a", 0, 6.0), ("c-b", 1, 7.0), ("early", 0, 1.0)) == 3
    assert (tables.derive().added, tables.rows()) == (1, {"a/0": (6.0,)})
    tables.label(("c-b", 1, 7.0), name="client_request_id")
    assert (tables.derive().added, tables.rows()) == (1, {"a/0": (6.0,), "b/1": (7.0,)})
    version = tables.version
    assert tables.label(("a", 0, 6.0)) == 0
    assert (tables.derive().committed, tables.version) == (None, version)
    tables.label(("a", 0, 8.0))
    done = tables.derive()
    assert (done.added, done.changed) == (0, 1)
    assert tables.rows("label", "label_revision", "prediction") == {"a/0": (8.0, 2, 5.0), "b/1": (7.0, 1, 6.0)}
    tables.label(("a", 0, 9.0), at=START)  # given before the one that counts
    assert tables.derive().changed == 0
    tables.predict("early", "c")
    assert tables.derive().added == 1
    assert tables.rows()["early/0"] == (1.0,)


def test_what_was_looked_at_in_vain_is_remembered_and_noted_in_the_end(
    tables: Labelled, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables.predict("a")
    tables.label(("a", 0, 1.0))
    tables.derive()
    version = tables.version
    tables.predict("b")
    done = tables.derive()
    assert (done.committed, done.seen, tables.version) == (None, (2, 1), version)
    tables.derivation = replace(tables.derivation, seen=done.seen)
    assert tables.derive().seen == (2, 1)
    monkeypatch.setattr("inference_logger.store.labels.labelled.SILENT_VERSIONS", 1)
    tables.predict("c")
    assert tables.derive().committed is not None
    assert tables.version == version + 1
    assert set(tables.rows()) == {"a/0"}


def test_kinds_names_and_key_columns(tables: Labelled) -> None:
    tables.predict("a")
    tables.label(("a", 0, 1.0))
    tables.derive()
    tables.label(("a", 0, "one"), ("a", 1, True))
    tables.label(("y", 1, 3.0), name="customer")
    done = tables.derive()
    assert (done.added, done.changed) == (1, 1)
    assert tables.rows("label", "label__string") == {"a/0": (None, "one"), "a/1": (3.0, None)}
    append_labels(
        tables.places["labels"],
        [Label(LabelKey("id", "c-a", 0, "a b"), 2.0, None)],
        {},
        LATER + timedelta(days=1),
        "api",
    )
    tables.derive()
    assert tables.rows("label_a_b")["a/0"] == (2.0,)
    field = pa.schema(DeltaTable(tables.places["labelled"].location).schema().to_arrow()).field("label_a_b")
    assert field.metadata[b"penstock.name"] == b"a b"


def test_after_compactions_and_without_its_position_nothing_is_doubled(tables: Labelled) -> None:
    tables.predict("a")
    tables.predict("b", received_at=(START + timedelta(days=1)).isoformat())
    tables.label(("a", 0, 1.0), ("b", 0, 2.0))
    tables.derive()
    for place in tables.places.values():
        place.open().optimize.compact()
    assert tables.derive().committed is None
    log = Path(tables.places["labels"].location) / "_delta_log"
    tables.label(("a", 0, 3.0), ("b", 1, 4.0))
    labels = tables.places["labels"].open()
    labels.create_checkpoint()
    (log / f"{labels.version():020d}.json").unlink()  # as after a clean-up of the log
    done = tables.derive()
    assert (done.added, done.changed) == (1, 1)
    assert tables.rows() == {"a/0": (3.0,), "b/0": (2.0,), "b/1": (4.0,)}
    assert tables.derive().committed is None


def test_predicted_at_is_kept_where_it_is_known(tables: Labelled) -> None:
    tables.predict("a")
    tables.label(("a", 0, 1.0), ("later", 0, 1.0))
    found = tables.places["labels"].open().to_pyarrow_table().to_pylist()
    asked = tables.places["inferences"].open().to_pyarrow_table().column("request_time")[0].as_py()
    assert {row["key"]: row["predicted_at"] for row in found} == {"a": asked, "later": None}


def test_labels_and_keys_have_no_end_of_names(tables: Labelled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labels_table, "MOST_NAMES", 2)
    tables.predict("a")

    def send(*names: str, key: str = "request_id") -> int:
        sent = [Label(LabelKey(key, "a", 0, name), 1.0, None) for name in names]
        return append_labels(tables.places["labels"], sent, {}, LATER, "api").committed.rows

    assert [send("one"), send("two"), send("one", "two"), send("")] == [1, 1, 0, 1]
    assert [send("one", key="k1"), send("one", key="k2")] == [1, 1]
    for name, key in (("three", "k1"), ("one", "k3")):
        with pytest.raises(InvalidInput, match="may have 2 names"):
            send(name, key=key)
