"""A payload table, what the embedded engine makes of it, and where Spark puts what it makes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from inference_logger.domain.inferences.signatures import KnownSignatures, parse_signature
from inference_logger.domain.inferences.step import derive_parts, keys_of
from inference_logger.domain.labels.values import Label, LabelKey, LabelValue
from inference_logger.domain.rows import to_payload
from inference_logger.domain.schema import NEEDED_OF_PAYLOAD
from inference_logger.domain.tables import TableKey, TableShare
from inference_logger.store.delta.payload import PayloadTables
from inference_logger.store.derived.tables import Derivation, derive_next
from inference_logger.store.labels.labelled import LabelledDerivation, derive_labelled
from inference_logger.store.labels.table import TablePlace, append_labels, find_requests
from running_services.logged_requests import START, VERSION_ID, record

KEY = TableKey("wine")


class Lake:
    """One service's tables below a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.payload, self.inferences = root / "wine/payload", root / "wine/inferences"
        self.labels, self.labelled = root / "wine/labels", root / "wine/labelled"
        self.of_spark, self.checkpoint = root / "spark/inferences", root / "checkpoint"
        self.labelled_of_spark = root / "spark/labelled"
        self.file = root / "signatures.json"
        self._tables, self._position = PayloadTables(str(root)), 0
        self._labelled_at = START + timedelta(days=2)
        self._signatures: dict[tuple[str, int], tuple[str, str]] = {}
        self.sign(0, [], [])

    @property
    def job(self) -> list[str]:
        """Arguments of the job that makes inferences."""
        places = {"payload": self.payload, "target": self.of_spark, "checkpoint": self.checkpoint}
        named = [text for name, place in places.items() for text in (f"--{name}", str(place))]
        return ["inferences", *named, "--signatures", str(self.file)]

    def labelled_job(self, inferences: Path) -> list[str]:
        """Arguments of the job that makes labelled rows."""
        places = {"inferences": inferences, "labels": self.labels, "target": self.labelled_of_spark}
        named = [text for name, place in places.items() for text in (f"--{name}", str(place))]
        return ["labelled", *named, "--checkpoint", str(self.root / "checkpoint-labelled")]

    def sign(self, generation: int, inputs: Sequence[dict[str, Any]], outputs: Sequence[dict[str, Any]]) -> None:
        """The signature of a generation, as the platform exports it."""
        self._signatures[VERSION_ID, generation] = json.dumps(inputs), json.dumps(outputs)
        listed = [
            {"version_id": key[0], "generations": [key[1]], "inputs": texts[0], "outputs": texts[1]}
            for key, texts in self._signatures.items()
        ]
        self.root.mkdir(parents=True, exist_ok=True)
        self.file.write_text(json.dumps({"service": "wine", "signatures": listed}))

    def log(self, *records: dict[str, Any]) -> None:
        """One commit of payload, and what the embedded engine makes of it."""
        share = TableShare(list(enumerate(records, self._position + 1)))
        self._position += len(records)
        self._tables.append(KEY, share, "app", self._position)
        derivation = Derivation(str(self.payload), str(self.inferences), self._step, NEEDED_OF_PAYLOAD)
        while (done := derive_next(derivation)).is_behind:
            derivation = replace(derivation, backfill=done.backfill)

    def widen(self, *records: dict[str, Any]) -> None:
        """One commit of payload by somebody who adds a column."""
        rows = to_payload(records).append_column("extra", pa.array(["x"] * len(records)))
        write_deltalake(self.payload, rows, mode="append", schema_mode="merge")

    def label(self, *labels: tuple[str, int | None, LabelValue], name: str = "request_id", label: str = "") -> None:
        """One upload of labels, and what the embedded engine makes of it."""
        self._labelled_at += timedelta(hours=1)
        sent = [Label(LabelKey(name, key, row, label), value, None) for key, row, value in labels]
        found = find_requests([TablePlace(str(self.inferences))], sent)
        append_labels(TablePlace(str(self.labels)), sent, found, self._labelled_at, "api")
        made_of = [TablePlace(str(each)) for each in (self.inferences, self.labels)]
        derivation = LabelledDerivation(made_of[0], made_of[1], TablePlace(str(self.labelled)))
        while derive_labelled(derivation).is_behind:
            pass

    def compact(self) -> None:
        """Payload's files are merged into one."""
        DeltaTable(self.payload).optimize.compact()

    def _step(self, rows: pa.Table, fields: Sequence[pa.Field]) -> Iterator[pa.Table]:
        known = KnownSignatures({key: parse_signature(*texts) for key, texts in self._signatures.items()})
        return derive_parts(rows, {key: known.nearest(key) for key in keys_of(rows)}, fields)


def rows_of(location: Path) -> list[dict[str, Any]]:
    """All rows of a table in one order, with its columns in one order."""
    table = DeltaTable(location).to_pyarrow_table()
    rows: list[dict[str, Any]] = table.select(sorted(table.schema.names)).to_pylist()
    return sorted(rows, key=lambda row: (row["record_id"], row["row_index"]))


def described(location: Path) -> dict[str, tuple[str, dict[str, str]]]:
    """Type and metadata of each column."""
    fields = DeltaTable(location).schema().fields
    return {field.name: (str(field.type), dict(field.metadata)) for field in fields}


def asked(name: str, generation: int, rows: Sequence[Mapping[str, Any]], predictions: object) -> dict[str, Any]:
    """A record of a request for these rows."""
    bodies = json.dumps({"dataframe_records": rows}), json.dumps({"predictions": predictions})
    return record(name, generation=generation, request=bodies[0], response=bodies[1])
